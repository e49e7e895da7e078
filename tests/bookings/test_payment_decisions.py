"""What staff decide about waiting payments: one payment, one notice, and words that were seen before."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.labels import money_text
from bookings.models import BookingChange, Payment, PaymentRules, WaitingPayment
from bookings.services.waiting import PaymentNotWaiting, ask_about_payment, take_payment
from hsl_dashboard.db import run_sql
from messaging.models import Outbox
from tests.bookings.waiting import HTMX, QUEUE, act, booked, fold, prove, waiting
from tests.factories import (
    BookingFactory,
    StreamFactory,
    UserFactory,
)
from users.models import AuditEntry, BlockedUser, UndoableAct
from users.undo.services import UndoRefused, UndoTooLate, undo_act

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return UserFactory.create(
        username="olga",
        permissions=["bookings.view_booking", "bookings.decide_payment", "bookings.add_payment"],
    )


def test_confirming_records_the_payment_tells_the_student_and_opens_the_next(staff_client, staff):
    first, second = booked(ago=timedelta(hours=3)), booked(ago=timedelta(hours=2))
    fold()

    answer = staff_client.post(
        act("confirm", first), {"expected": 1, "amount": "450", "currency": "USD", "notify": "on"}
    )

    assertRedirects(answer, f"{QUEUE}?open={second.pk}", status_code=303, fetch_redirect_response=False)
    page = staff_client.get(answer.headers["Location"])
    assertContains(page, f"№ {first.pk} подтверждено, платёж записан: {money_text(Decimal(450), 'USD')}.")
    assertContains(page, "Сообщение студенту поставлено в очередь.")
    first.refresh_from_db()
    assert first.confirmed == 2
    payment = Payment.objects.get()
    assert (payment.booking, payment.recorded_by) == (first, staff)
    assert (payment.amount, payment.currency) == (Decimal(450), "USD")
    assert list(Outbox.objects.values_list("kind", "booking")) == [("booking_confirmed", first.pk)]


def test_without_an_amount_no_payment_is_recorded(staff_client, booking):
    staff_client.post(act("confirm", booking), {"expected": 1, "amount": "", "notify": ""})

    assert not Payment.objects.exists()
    assert not Outbox.objects.exists()


def test_who_may_not_record_payments_confirms_without_one(client, booking):
    client.force_login(UserFactory.create(permissions=["bookings.view_booking", "bookings.decide_payment"]))
    fold()
    assertNotContains(client.get(QUEUE), 'name="amount"')

    client.post(act("confirm", booking), {"expected": 1, "amount": "450", "currency": "USD"})

    booking.refresh_from_db()
    assert booking.confirmed == 2
    assert not Payment.objects.exists()


def test_approved_in_the_bot_and_here_gives_one_payment_and_one_notice_of_ours(staff_client, booking):
    sent = {"expected": 1, "amount": "450", "currency": "USD", "notify": "on"}
    fold()
    run_sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", [booking.pk])

    answer = staff_client.post(act("confirm", booking), sent, headers=HTMX)

    assert answer.status_code == 409
    assertContains(answer, "уже «Подтверждено»", status_code=409)
    assertContains(answer, "бот", status_code=409)
    assert not Payment.objects.exists()
    assert not Outbox.objects.exists()


def test_a_second_click_does_nothing_more(staff_client, booking):
    sent = {"expected": 1, "amount": "450", "currency": "USD", "notify": "on"}
    for _click in range(2):
        staff_client.post(act("confirm", booking), sent)

    assert Payment.objects.count() == 1
    assert Outbox.objects.count() == 1


def test_a_full_stream_is_said_and_takes_a_reason(staff_client, booking):
    stream = StreamFactory.create()
    type(stream).objects.filter(pk=stream.pk).update(capacity=1)
    BookingFactory.create(confirmed=2)
    fold()

    refused = staff_client.post(act("confirm", booking), {"expected": 1}, headers=HTMX)
    assertContains(refused, "1 из 1", status_code=422)
    again = staff_client.post(act("confirm", booking), {"expected": 1, "overbook": "on"}, headers=HTMX)
    assert again.status_code == 422
    staff_client.post(act("confirm", booking), {"expected": 1, "overbook": "on", "reason": "Договорились"})

    booking.refresh_from_db()
    assert booking.confirmed == 2


def test_declining_sends_the_words_as_they_were_seen_and_keeps_the_reason(staff_client, staff, booking):
    fold()
    page = staff_client.get(QUEUE)
    assertContains(page, "Мы не нашли вашу оплату курса «Вайб кодинг»")

    staff_client.post(act("decline", booking), {"expected": 1, "reason": "Чек чужой", "words": "Чек <не> ваш & старый"})

    booking.refresh_from_db()
    assert booking.confirmed == -1
    change = BookingChange.objects.get(booking=booking, status=-1)
    assert (change.reason, change.changed_by) == ("Чек чужой", staff)
    assert change.told_at is not None  # no automation tells of the cancelling too
    assert list(Outbox.objects.values_list("kind", "message_text")) == [
        ("payment_declined", "Чек &lt;не&gt; ваш &amp; старый")
    ]


def test_declining_needs_a_reason_and_may_say_nothing(staff_client, booking):
    fold()
    refused = staff_client.post(act("decline", booking), {"expected": 1, "reason": " ", "words": "x"}, headers=HTMX)
    assert refused.status_code == 422
    assertContains(refused, 'aria-invalid="true"', status_code=422)

    staff_client.post(act("decline", booking), {"expected": 1, "reason": "Не платил", "words": ""})

    booking.refresh_from_db()
    assert booking.confirmed == -1
    assert not Outbox.objects.exists()


def test_asking_again_writes_once_and_waits_for_the_next_receipt(staff_client, staff, booking):
    fold()
    staff_client.post(act("ask", booking), {"words": "Пришлите чек ещё раз"})
    with pytest.raises(PaymentNotWaiting):
        ask_about_payment(booking=booking, by=staff, at=timezone.now(), words="И ещё раз")

    assert list(Outbox.objects.values_list("kind", "message_text")) == [("payment_asked", "Пришлите чек ещё раз")]
    assert waiting() == []
    assertContains(staff_client.get(f"{QUEUE}?tab=answered"), "Анна")
    assert AuditEntry.objects.filter(what="payment.asked", done_by=staff).count() == 1
    booking.refresh_from_db()
    assert booking.confirmed == 1


def test_asking_is_undone_for_ten_seconds_and_the_student_is_asked_nothing(staff_client, staff, booking):
    fold()
    page = staff_client.post(act("ask", booking), {"words": "Пришлите чек ещё раз"}, follow=True)
    done = UndoableAct.objects.get()
    undo = reverse("users:act_undo", args=[done.pk])
    assertContains(page, f'action="{undo}"')
    assert Outbox.objects.get().due_at == done.expires_at

    said = staff_client.post(undo, follow=True)

    assertContains(said, f"оплата по бронированию №\u00a0{booking.pk} снова в очереди")
    assert waiting() == [booking.pk]
    assert Outbox.objects.get().state == Outbox.State.CANCELLED


def test_asking_is_not_undone_once_the_message_is_on_its_way_or_a_receipt_has_come(staff, booking):
    fold()
    ask = ask_about_payment(booking=booking, by=staff, at=timezone.now(), words="Чек?")
    Outbox.objects.update(state=Outbox.State.SENT)
    with pytest.raises(UndoTooLate):
        undo_act(act=ask, by=staff, at=timezone.now())

    Outbox.objects.update(state=Outbox.State.QUEUED)
    prove(booking)
    fold()
    with pytest.raises(UndoRefused):
        undo_act(act=ask, by=staff, at=timezone.now())
    assert Outbox.objects.get().state == Outbox.State.QUEUED


def test_a_cancelled_one_with_a_new_proof_is_declined_again_or_confirmed_with_a_reason(staff_client):
    declined, confirmed = booked(), booked()
    for booking in (declined, confirmed):
        run_sql("UPDATE bookings SET confirmed = -1 WHERE id = %s", [booking.pk])
        prove(booking, at=timezone.now() + timedelta(seconds=5))
    assert set(waiting()) == {declined.pk, confirmed.pk}

    staff_client.post(act("decline", declined), {"expected": -1, "reason": "Тот же чек", "words": "Тот же чек"})
    refused = staff_client.post(act("confirm", confirmed), {"expected": -1}, headers=HTMX)
    assert refused.status_code == 422
    staff_client.post(act("confirm", confirmed), {"expected": -1, "reason": "Доплатила"})

    assert waiting() == []
    confirmed.refresh_from_db()
    assert confirmed.confirmed == 2
    assert Outbox.objects.get().kind == "payment_declined"


def test_a_person_who_blocked_the_bot_is_said_before_one_writes(staff_client, booking):
    BlockedUser.objects.create(telegram_user=booking.telegram_user)

    assertContains(staff_client.get(QUEUE), "сообщения до него не дойдут")


def test_one_takes_a_payment_and_another_is_told(staff_client, staff, manager, booking):
    fold()
    staff_client.post(act("take", booking), {"seen": ""})

    assert WaitingPayment.objects.get().assignee == staff
    assertContains(staff_client.get(f"{QUEUE}?tab=mine"), "anna")
    with pytest.raises(PaymentNotWaiting):
        take_payment(booking=booking, by=manager, seen=None)
    staff_client.post(act("take", booking), {"seen": staff.pk})
    assert WaitingPayment.objects.get().assignee is None


def test_a_decision_about_what_is_gone_says_so(staff_client, booking):
    fold()
    run_sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", [booking.pk])

    for name, sent in (("ask", {"words": "Чек?"}), ("put_off", {"later": "hour"}), ("take", {"seen": ""})):
        answer = staff_client.post(act(name, booking), sent, headers=HTMX)
        assertContains(answer, "уже занялся другой сотрудник", status_code=409)
    assert not Outbox.objects.exists()


def test_the_words_of_the_school_are_filled_in(staff_client, booking):
    PaymentRules.objects.create(pk=1, ask_text="{first_name|друг}, пришлите чек за {course}! {username}")
    type(booking.telegram_user).objects.filter(pk=booking.telegram_user_id).update(first_name="<b>Я</b>", username=None)

    page = staff_client.get(QUEUE)

    assert page.context["ask_form"].initial["words"] == "<b>Я</b>, пришлите чек за Вайб кодинг! "


def test_undoing_takes_payment_and_notice_back_and_the_place_in_the_queue(staff_client, staff):
    first, second = booked(ago=timedelta(days=2)), booked(ago=timedelta(days=1))
    new = BookingFactory.create(confirmed=0, created_at=timezone.now() - timedelta(days=5))
    prove(new, at=timezone.now() - timedelta(days=3))
    assert waiting() == [new.pk, first.pk, second.pk]
    sent = {"amount": "450", "currency": "USD", "notify": "on"}
    staff_client.post(act("confirm", first), {**sent, "expected": 1})
    staff_client.post(act("confirm", new), {**sent, "expected": 0})
    staff_client.post(act("decline", second), {"expected": 1, "reason": "Нет чека", "words": "Где чек?"})
    assert waiting() == []

    for undoable in UndoableAct.objects.all():
        undo_act(act=undoable, by=staff, at=timezone.now())

    assert waiting() == [new.pk, first.pk, second.pk]
    assert not Payment.objects.exists()
    assert set(Outbox.objects.values_list("state", flat=True)) == {"cancelled"}


def test_a_payment_whose_decision_was_undone_is_no_new_one(staff_client, staff):
    booking = booked(ago=timedelta(hours=3))
    fold()
    told_until = timezone.now() - timedelta(hours=1)
    WaitingPayment.objects.update(came_at=told_until)
    staff_client.post(act("confirm", booking), {"expected": 1, "notify": "on"})
    fold()
    assert not WaitingPayment.objects.exists()

    undo_act(act=UndoableAct.objects.get(), by=staff, at=timezone.now())

    assert waiting() == [booking.pk]
    assert WaitingPayment.objects.get().came_at <= told_until
    prove(booking)
    fold()
    assert WaitingPayment.objects.get().came_at > told_until
