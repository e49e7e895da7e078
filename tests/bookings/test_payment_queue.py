"""The queue of payments: what waits and since when, what staff decide, the bot beside us, and who sees it."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import pghistory
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import Booking, BookingChange, Payment, PaymentRules, WaitingPayment
from bookings.payments import presence
from bookings.payments.upkeep import fold_payments, payments_differences, rebuild_payments
from bookings.services.statuses import change_booking_status
from bookings.services.waiting import PaymentNotWaiting, ask_about_payment, take_payment
from messaging.automations import firing
from messaging.models import Outbox
from tests.factories import (
    AutomationFactory,
    BookingFactory,
    EventFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.models import AuditEntry, BlockedUser, Event, UndoableAct
from users.undo.services import undo_act

pytestmark = pytest.mark.django_db

QUEUE = reverse("bookings:payment_queue")
HTMX = {"HX-Request": "true"}
PROOF, OTHER_PROOF = "payment_proof_uploaded", "alternative_payment_proof"


def act(name, booking):
    return reverse(f"bookings:payment_{name}", args=[booking.pk])


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def prove(booking, *, at=None, kind=PROOF, **details):
    return EventFactory.create(
        telegram_user=booking.telegram_user, event_type=kind, created_at=at or timezone.now(), details=details
    )


def fold():
    fold_payments(at=timezone.now())


def waiting():
    fold()
    return list(WaitingPayment.objects.open().still().oldest_first().values_list("pk", flat=True))


def booked(**values):
    """A booking that became pending so long ago, as the bot makes it."""
    ago = values.pop("ago", timedelta(hours=1))
    booking = BookingFactory.create(confirmed=0, created_at=timezone.now() - ago - timedelta(hours=1), **values)
    sql("UPDATE bookings SET confirmed = 1 WHERE id = %s", booking.pk)
    BookingChange.objects.filter(booking=booking, status=1).update(changed_at=timezone.now() - ago)
    booking.refresh_from_db()
    return booking


@pytest.fixture
def manager():
    return UserFactory.create(
        username="olga",
        permissions=["bookings.view_booking", "bookings.decide_payment", "bookings.add_payment"],
    )


@pytest.fixture
def manager_client(client, manager):
    client.force_login(manager)
    return client


# What waits -----------------------------------------------------------------------------------------------------------


def test_pending_bookings_wait_and_the_oldest_comes_first():
    young, old = booked(ago=timedelta(hours=1)), booked(ago=timedelta(days=3))
    for status in (0, 2, -1, None, 7):
        BookingFactory.create(confirmed=status)

    assert waiting() == [old.pk, young.pk]


def test_a_proof_since_brings_in_what_is_not_pending():
    new, unknown, cancelled, early, confirmed = (
        BookingFactory.create(confirmed=status, created_at=timezone.now() - timedelta(days=9))
        for status in (0, None, 0, 0, 2)
    )
    sql("UPDATE bookings SET confirmed = -1 WHERE id = %s", cancelled.pk)
    BookingChange.objects.filter(booking=cancelled).update(changed_at=timezone.now() - timedelta(days=2))
    prove(early, at=timezone.now() - timedelta(days=10))
    for hours, booking in enumerate([confirmed, new, unknown, cancelled]):
        prove(booking, at=timezone.now() - timedelta(hours=hours), kind=OTHER_PROOF)

    assert waiting() == [cancelled.pk, unknown.pk, new.pk]


def test_a_proof_is_about_the_newest_booking_not_about_one_that_was_cancelled_before():
    cancelled = BookingFactory.create(confirmed=0, created_at=timezone.now() - timedelta(days=9))
    sql("UPDATE bookings SET confirmed = -1 WHERE id = %s", cancelled.pk)
    newer = BookingFactory.create(confirmed=0, telegram_user=cancelled.telegram_user, created_at=timezone.now())
    prove(newer, at=timezone.now() + timedelta(minutes=1))

    assert waiting() == [newer.pk]


def test_a_decision_takes_it_out_at_once_and_what_staff_take_back_keeps_its_place(staff):
    first, second = booked(ago=timedelta(days=2)), booked(ago=timedelta(days=1))
    fold()
    change_booking_status(booking=first, to=2, by=staff, at=timezone.now())
    assert list(WaitingPayment.objects.still().values_list("pk", flat=True)) == [second.pk]
    fold()

    change_booking_status(booking=first, to=1, by=staff, at=timezone.now(), reason="Ошиблись")

    assert waiting() == [first.pk, second.pk]


def test_the_bots_approval_takes_it_out_and_a_deleted_booking_goes_too():
    approved, deleted = booked(), booked()
    assert len(waiting()) == 2

    sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", approved.pk)
    sql("DELETE FROM bookings WHERE id = %s", deleted.pk)

    assert waiting() == []


def test_other_events_leave_no_mark():
    fold()
    EventFactory.create(event_type="view_program")

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bookings_paymentmark")
        assert cursor.fetchone()[0] == 0


def test_a_new_proof_brings_back_what_was_put_off_or_asked_about(staff_client, staff):
    later, asked = booked(), booked()
    fold()
    staff_client.post(act("put_off", later), {"later": "week"})
    staff_client.post(act("ask", asked), {"words": "Пришлите чек"})
    assert waiting() == []

    prove(later)
    prove(asked)

    assert set(waiting()) == {later.pk, asked.pk}


def test_what_was_put_off_comes_back_in_time(staff_client):
    booking = booked()
    fold()
    staff_client.post(act("put_off", booking), {"later": "hour"})
    assert waiting() == []

    fold_payments(at=timezone.now() + timedelta(minutes=61))

    assert list(WaitingPayment.objects.open().values_list("pk", flat=True)) == [booking.pk]


@pytest.mark.parametrize("seed", range(3))
def test_what_marks_keep_is_what_a_rebuild_finds(staff, seed):
    dice = Random(seed)
    people = TelegramUserFactory.create_batch(4)
    for _step in range(60):
        person = dice.choice(people)
        at = timezone.now() - timedelta(minutes=dice.randrange(10_000))
        match dice.randrange(5):
            case 0:
                BookingFactory.create(telegram_user=person, confirmed=dice.choice([0, 1, 2, -1, None]), created_at=at)
            case 1 | 2:
                EventFactory.create(telegram_user=person, event_type=PROOF, created_at=at)
            case 3:
                booking = Booking.objects.filter(telegram_user=person).order_by("?").first()
                with pghistory.context(user=staff.pk):
                    Booking.objects.filter(pk=booking and booking.pk).update(confirmed=dice.choice([0, 1, 2, -1]))
            case _:
                first = Event.objects.filter(telegram_user=person).order_by("pk").first()
                Event.objects.filter(pk=first and first.pk).delete()
        if dice.random() < 0.3:
            fold()
    fold()
    columns = ("booking_id", "user_id", "status", "since", "proof_at")
    kept = set(WaitingPayment.objects.values_list(*columns))

    assert list(payments_differences()) == []
    WaitingPayment.objects.all().delete()
    rebuild_payments(at=timezone.now())
    assert set(WaitingPayment.objects.values_list(*columns)) == kept
    assert kept


def test_dates_outside_the_calendar_are_shown_and_do_not_break_the_page(staff_client):
    booking = booked()
    sql("UPDATE bookings SET created_at = 'infinity' WHERE id = %s", booking.pk)
    far = BookingFactory.create(confirmed=0)
    prove(far)
    sql("UPDATE events SET created_at = '50000-01-01'")
    fold()

    assert staff_client.get(QUEUE).status_code == 200
    assert WaitingPayment.objects.count() == 2


# The page -------------------------------------------------------------------------------------------------------------


def test_the_page_says_what_one_decides_by(staff_client):
    stream = StreamFactory.create()
    type(stream).objects.filter(pk=stream.pk).update(capacity=3, price=Decimal(200), currency="USD")
    booking = booked(ago=timedelta(hours=30), discount_percent=10, referral_code="DRUG")
    BookingFactory.create(confirmed=2)
    BookingFactory.create(telegram_user=booking.telegram_user, confirmed=-1, course_stream="7th_stream")
    prove(booking, kind=OTHER_PROOF, message_text="Перевела с карты мужа", message_type="text")
    PaymentRules.objects.create(pk=1, chat_url="https://t.me/c/123")

    page = staff_client.get(QUEUE)

    for words in (
        "Анна", "8-й поток", "180", "−10", "DRUG", "Перевела с карты мужа", "7-й поток", "https://t.me/c/123",
        "ждёт слишком долго", "Ждёт дольше 24 часов", "из 3", "Сам чек есть только в чате школы",
    ):  # fmt: skip
        assertContains(page, words)
    assertContains(page, "<dd>2", count=1)


def test_the_limits_are_what_staff_have_set(staff_client):
    booked(ago=timedelta(hours=5))
    assertContains(staff_client.get(QUEUE), "Ждёт дольше 4 часов")

    PaymentRules.objects.create(pk=1, long_hours=6, late_hours=10)

    assertNotContains(staff_client.get(QUEUE), "Ждёт дольше")


def test_it_takes_few_queries_however_many_wait(staff_client, django_assert_max_num_queries):
    stream = StreamFactory.create()
    type(stream).objects.filter(pk=stream.pk).update(capacity=3)
    for _number in range(60):
        prove(booked())
    fold()
    staff_client.get("/shortcuts/")  # the session is new no longer

    with django_assert_max_num_queries(12):
        page = staff_client.get(QUEUE)

    assert len(page.content) < 60_000
    assertContains(page, "after=")


def test_an_empty_queue_says_so(staff_client):
    assertContains(staff_client.get(QUEUE), "Никто не ждёт")
    assertContains(staff_client.get(f"{QUEUE}?tab=later"), "Здесь пусто")


@pytest.mark.parametrize("asked", ["open=abc", "open=99999999999", "open=5", "tab=nonsense", "after=x", "before=end"])
def test_nonsense_in_the_address_gives_a_page(staff_client, asked):
    booked()

    assert staff_client.get(f"{QUEUE}?{asked}").status_code == 200


def test_htmx_gets_the_queue_or_only_its_list(staff_client):
    booked()

    queue = staff_client.get(QUEUE, headers=HTMX)
    rows = staff_client.get(QUEUE, headers={**HTMX, "HX-Target": "payment-rows"})

    assertContains(queue, 'id="payment-open"')
    assertNotContains(queue, "<h1>")
    assertContains(rows, 'id="payment-rows"')
    assertNotContains(rows, 'id="payment-open"')


def test_two_at_once_see_who_has_which(staff_client, manager_client):
    first, second = booked(ago=timedelta(hours=3)), booked(ago=timedelta(hours=2))
    staff_client.get(QUEUE)

    page = manager_client.get(QUEUE)

    # What Anna has open is passed over, and says so.
    assertContains(page, "открыто: anna")
    assert page.context["opened"].booking == second
    assertContains(manager_client.get(f"{QUEUE}?open={first.pk}"), "Эту оплату сейчас смотрит и anna")
    presence.cache.clear()
    assert manager_client.get(QUEUE).context["opened"].booking == first


# Decisions ------------------------------------------------------------------------------------------------------------


def test_confirming_records_the_payment_tells_the_student_and_opens_the_next(staff_client, staff):
    first, second = booked(ago=timedelta(hours=3)), booked(ago=timedelta(hours=2))
    fold()

    answer = staff_client.post(
        act("confirm", first), {"expected": 1, "amount": "450", "currency": "USD", "notify": "on"}
    )

    assertRedirects(answer, f"{QUEUE}?open={second.pk}", status_code=303)
    first.refresh_from_db()
    assert first.confirmed == 2
    payment = Payment.objects.get()
    assert (payment.booking, payment.amount, payment.currency, payment.recorded_by) == (first, 450, "USD", staff)
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
    sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", booking.pk)

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


def test_a_cancelled_one_with_a_new_proof_is_declined_again_or_confirmed_with_a_reason(staff_client):
    declined, confirmed = booked(), booked()
    for booking in (declined, confirmed):
        sql("UPDATE bookings SET confirmed = -1 WHERE id = %s", booking.pk)
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
    sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", booking.pk)

    for name, sent in (("ask", {"words": "Чек?"}), ("put_off", {"later": "hour"}), ("take", {"seen": ""})):
        answer = staff_client.post(act(name, booking), sent, headers=HTMX)
        assertContains(answer, "уже занялся кто-то другой", status_code=409)
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


# The bot beside us ----------------------------------------------------------------------------------------------------


def test_where_the_bot_approved_our_rule_stays_silent(staff):
    AutomationFactory.create(kind="booking_confirmed", switched_on_at=timezone.now() - timedelta(days=1))
    noon = timezone.localtime().replace(hour=12) + timedelta(days=1)
    by_bot, by_sql, by_staff = booked(), booked(), booked()
    for booking in (by_bot, by_sql):
        sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", booking.pk)
    EventFactory.create(telegram_user=by_bot.telegram_user, event_type="payment_approved", created_at=timezone.now())
    change_booking_status(booking=by_staff, to=2, by=staff, at=timezone.now())

    firing.fire_automations(at=noon)
    assert set(Outbox.objects.values_list("booking", flat=True)) == {by_sql.pk, by_staff.pk}

    PaymentRules.objects.create(pk=1, bot_tells=False)
    firing.fire_automations(at=noon)
    assert by_bot.pk in Outbox.objects.values_list("booking", flat=True)


def test_the_bots_second_approval_is_one_line_in_the_story(staff_client, booking):
    fold()
    staff_client.post(act("confirm", booking), {"expected": 1, "notify": "on"})
    lines = _timeline(staff_client, booking)

    # «Одобрить» of the bot: it works from any status, and logs both events again.
    sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", booking.pk)
    details = {"booking_id": booking.pk, "old_status": 1, "new_status": 2}
    for kind in ("booking_status_changed", "payment_approved"):
        EventFactory.create(
            telegram_user=booking.telegram_user, event_type=kind, details=details, created_at=timezone.now()
        )

    assert _timeline(staff_client, booking) == lines + 1
    assert BookingChange.objects.filter(booking=booking, status=2).count() == 1
    assert Outbox.objects.count() == 1


def _timeline(client, booking):
    page = client.get(reverse("users:person_detail", args=[booking.telegram_user_id]))
    return page.content.decode().count("<li id=") or page.content.decode().count("<time")


# Who sees it ----------------------------------------------------------------------------------------------------------


def test_today_and_the_navigation_say_how_many_wait(manager_client):
    for _number in range(3):
        booked()
    fold()

    assertContains(manager_client.get("/?part=waiting"), "Оплаты ждут решения")
    page = manager_client.get("/")
    assertContains(page, 'href="/payments/"')
    assertContains(page, '<span class="count">3')


def test_who_may_not_decide_sees_no_queue_and_no_line(client):
    booked()
    fold()
    client.force_login(UserFactory.create(permissions=["bookings.view_booking"]))

    assert client.get(QUEUE).status_code == 403
    assertNotContains(client.get("/?part=waiting"), "Оплаты ждут решения")


def test_the_rules_are_saved_and_audited(staff_client, staff):
    address = reverse("bookings:payment_rules")
    form = staff_client.get(address).context["form"]
    sent = {
        "seen": form["seen"].value(), "long_hours": 2, "late_hours": 8, "chat_url": "https://t.me/c/5",
        "decline_text": "Нет оплаты", "ask_text": "",
    }  # fmt: skip

    assertRedirects(staff_client.post(address, sent), address, status_code=303)
    assert PaymentRules.read().late_hours == 8
    assert not PaymentRules.read().bot_tells
    assert AuditEntry.objects.filter(what__startswith="bookings_paymentrules", done_by=staff).exists()
    # Somebody else had the form open.
    assert staff_client.post(address, sent).status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"late_hours": 1},
        {"chat_url": "javascript:alert(1)"},
        {"long_hours": 0},
        {"seen": "[]"},
        {"ask_text": "x" * 1001},
    ],
)
def test_wrong_rules_are_refused(staff_client, wrong):
    address = reverse("bookings:payment_rules")
    form = staff_client.get(address).context["form"]
    sent = {"seen": form["seen"].value(), "long_hours": 2, "late_hours": 8, "chat_url": "", **wrong}

    assert staff_client.post(address, sent).status_code == 422
    assert not PaymentRules.objects.exists()
