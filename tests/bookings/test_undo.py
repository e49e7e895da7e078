"""«Вернуть»: a change of a booking is taken back within its seconds, and the student is told nothing."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import Booking, BookingChange, Confirmation, Payment, ReferralUsage, Stream
from bookings.services.editing import Values, edit_booking
from bookings.services.statuses import change_booking_status
from bookings.services.undoing import offer_booking_undo
from messaging.automations import firing
from messaging.models import Outbox, Recipient
from tests.factories import AutomationFactory, BookingFactory, ReferralCouponFactory, StreamFactory, UserFactory
from tests.signing_in import client_with, signed_in
from users.models import AuditEntry, Event, UndoableAct, User
from users.undo.services import WINDOW, AlreadyUndone, ChangedSince, UndoRefused, UndoTooLate, undo_act

HTMX = {"HX-Request": "true"}
LIST = reverse("bookings:booking_list")
PERMISSIONS = ["bookings.view_booking", "bookings.change_booking", "users.view_telegramuser"]
SECOND = timedelta(seconds=1)
NOON = timezone.make_aware(datetime(2026, 12, 1, 12))  # noqa: DTZ001 - Moscow


@pytest.fixture
def manager(db) -> User:
    return UserFactory.create(permissions=PERMISSIONS)


@pytest.fixture
def manager_client(manager: User) -> Client:
    return signed_in(manager)


def confirm(booking: Booking, *, by: User, at: datetime = NOON, notify: bool = False) -> UndoableAct:
    """What the page does."""
    before = Values.of(booking)
    change_booking_status(booking=booking, to=2, by=by, at=at, notify=notify)
    return offer_booking_undo(booking=booking, before=before, by=by, at=at)


def edit(booking: Booking, to: Values, *, by: User) -> UndoableAct:
    before = Values.of(booking)
    edit_booking(booking=booking, to=to, seen=before, by=by, at=NOON)
    return offer_booking_undo(booking=booking, before=before, by=by, at=NOON)


def status_address(booking: Booking) -> str:
    return reverse("bookings:booking_status", args=[booking.pk])


def undo_address(act: UndoableAct) -> str:
    return reverse("users:act_undo", args=[act.pk])


# On the pages ---------------------------------------------------------------------------------------------------------


def test_the_toast_offers_the_undo_and_the_page_comes_back_as_it_was(manager_client, booking):
    sent = {"to": 2, "expected": 1, "sure": 1, "notify": "on", "next": LIST}

    answer = manager_client.post(status_address(booking), sent, headers=HTMX)

    act = UndoableAct.objects.get()
    assertContains(answer, f'hx-post="{undo_address(act)}"')
    assertContains(answer, "Вернуть")
    undone = manager_client.post(undo_address(act), headers=HTMX)
    assert undone["HX-Refresh"] == "true"
    booking.refresh_from_db()
    assert booking.confirmed == 1
    assertContains(manager_client.get(LIST), f"бронирование №\u00a0{booking.pk} — как было")
    assert set(Outbox.objects.values_list("state", flat=True)) == {Outbox.State.CANCELLED}


def test_without_javascript_the_next_page_has_the_button(manager_client, booking):
    sent = {"to": 2, "expected": 1, "sure": 1, "next": LIST}

    page = manager_client.post(status_address(booking), sent, follow=True)

    act = UndoableAct.objects.get()
    assertContains(page, f'action="{undo_address(act)}"')
    assertNotContains(manager_client.get(LIST), "act_undo")
    came_from = {"Referer": f"http://testserver{LIST}"}
    undone = manager_client.post(undo_address(act), headers=came_from)
    assertRedirects(undone, LIST, status_code=303, fetch_redirect_response=False)
    assert Booking.objects.get().confirmed == 1


def test_each_form_of_a_booking_offers_it(manager_client, booking):
    StreamFactory.create(code="9th_stream", name="9-й поток")
    edit_address = reverse("bookings:booking_edit", args=[booking.telegram_user_id, booking.pk])
    form = manager_client.get(edit_address).context["form"]
    sent = {"course_stream": "8th_stream", "confirmed": 1, "discount_percent": 30, "referral_code": ""}
    sent |= {name: form[name].value() for name in form.fields if form[name].is_hidden}

    manager_client.post(edit_address, sent)
    manager_client.post(
        reverse("bookings:person_stream", args=[booking.telegram_user_id]), {"to": "9th_stream", "booking": booking.pk}
    )

    booking.refresh_from_db()
    assert (booking.course_stream, booking.discount_percent) == ("9th_stream", 30)
    for act in UndoableAct.objects.order_by("-pk"):
        manager_client.post(undo_address(act))
    booking.refresh_from_db()
    assert (booking.course_stream, booking.discount_percent) == ("8th_stream", 0)


def test_a_payment_that_was_recorded_with_the_confirmation_goes_too(booking):
    client = client_with(*PERMISSIONS, "bookings.view_payment", "bookings.add_payment")
    money = {"paid": "on", "amount": "100", "currency": "USD"}

    client.post(status_address(booking), {"to": 2, "expected": 1, "sure": 1, "next": LIST, **money})

    assert Payment.objects.get().amount == Decimal(100)
    client.post(undo_address(UndoableAct.objects.get()))
    assert not Payment.objects.exists()
    assert Payment.pgh_event_model.objects.filter(pgh_label="delete").exists()


def test_nobody_else_can_undo_it_and_not_without_the_permission(manager, manager_client, staff_client, booking):
    act = confirm(booking, by=manager, at=timezone.now())

    assert staff_client.post(undo_address(act)).status_code == 404
    assert manager_client.get(undo_address(act)).status_code == 405
    manager.user_permissions.clear()
    manager_client.force_login(User.objects.get(pk=manager.pk))  # what may be done changed: the session is over
    assert manager_client.post(undo_address(act)).status_code == 404
    assert Booking.objects.get().confirmed == 2


def test_a_refusal_is_told_with_both_values(manager, manager_client, staff_client, booking):
    act = confirm(booking, by=manager, at=timezone.now())
    Booking.objects.filter(pk=booking.pk).update(confirmed=-1)

    toast = manager_client.post(undo_address(act), headers=HTMX)
    page = manager_client.post(undo_address(act), headers={"Referer": f"http://testserver{LIST}"}, follow=True)

    for answer, status in ((toast, 409), (page, 200)):
        assertContains(answer, "Было «Подтверждено», сейчас — «Отменено»", status_code=status)
    assert Booking.objects.get().confirmed == -1
    assert UndoableAct.objects.get().undone_at is None


# What it does ---------------------------------------------------------------------------------------------------------


def test_the_window_ends_and_an_act_is_undone_once(manager, booking):
    act = confirm(booking, by=manager)

    with pytest.raises(UndoTooLate):
        undo_act(act=act, by=manager, at=NOON + WINDOW)
    undo_act(act=act, by=manager, at=NOON + WINDOW - SECOND)
    with pytest.raises(AlreadyUndone):
        undo_act(act=act, by=manager, at=NOON + WINDOW - SECOND)

    assert Booking.objects.get().confirmed == 1


def test_undoing_is_one_more_audited_act(manager, booking):
    act = confirm(booking, by=manager)

    undo_act(act=act, by=manager, at=NOON + SECOND)

    change = BookingChange.objects.latest("pk")
    assert (change.was, change.status, change.changed_by_id, change.origin) == (2, 1, manager.pk, "undo")
    assert AuditEntry.objects.get(what="act.undone").done_by_id == manager.pk
    assert Event.objects.filter(event_type="booking_status_changed").count() == 2


def test_what_the_student_would_be_told_waits_for_the_window(manager, booking):
    act = confirm(booking, by=manager, notify=True)

    assert firing.hand_over(at=NOON + WINDOW - SECOND) == []
    assert Outbox.objects.get().due_at == act.expires_at
    assert len(firing.hand_over(at=NOON + WINDOW)) == 1


def test_an_undone_change_sends_nothing_at_all(manager, booking):
    for kind in ("booking_confirmed", "booking_cancelled", "payment_reminder"):
        AutomationFactory.create(kind=kind)
    AutomationFactory.create(kind="course_start", include_earlier=True)
    StreamFactory.create()
    Stream.objects.update(starts_on=NOON.date() + timedelta(days=1))
    BookingChange.objects.update(changed_at=NOON - timedelta(days=30))
    act = confirm(booking, by=manager, notify=True)
    BookingChange.objects.filter(is_new=False).update(changed_at=NOON)
    firing.fire_automations(at=NOON + SECOND)

    undo_act(act=act, by=manager, at=NOON + 2 * SECOND)
    BookingChange.objects.filter(undone_at__isnull=False).update(changed_at=NOON)
    for seconds in (3, 20, 600):
        at = NOON + seconds * SECOND
        firing.fire_automations(at=at)
        assert firing.hand_over(at=at) == []

    assert not Recipient.objects.exists()
    assert not Outbox.objects.filter(state=Outbox.State.QUEUED).exists()


def test_a_rule_waits_for_the_window_of_staff_and_not_for_the_bot(manager):
    AutomationFactory.create(kind="booking_confirmed")
    ours, the_bots = BookingFactory.create_batch(2)
    confirm(ours, by=manager)
    Booking.objects.filter(pk=the_bots.pk).update(confirmed=2)
    BookingChange.objects.update(changed_at=NOON)

    firing.fire_automations(at=NOON + SECOND)
    assert list(Outbox.objects.values_list("booking", flat=True)) == [the_bots.pk]
    firing.fire_automations(at=NOON + WINDOW)
    assert list(Outbox.objects.order_by("pk").values_list("booking", flat=True)) == [the_bots.pk, ours.pk]


def test_a_rule_still_tells_of_what_was_before_the_undone_change(manager, booking):
    AutomationFactory.create(kind="booking_confirmed", offset=10)
    Booking.objects.filter(pk=booking.pk).update(confirmed=2)
    BookingChange.objects.update(changed_at=NOON - timedelta(minutes=9))
    booking.refresh_from_db()
    before = Values.of(booking)
    change_booking_status(booking=booking, to=-1, by=manager, at=NOON)
    act = offer_booking_undo(booking=booking, before=before, by=manager, at=NOON)
    undo_act(act=act, by=manager, at=NOON + SECOND)

    firing.fire_automations(at=NOON + timedelta(minutes=2))

    assert [letter.kind for letter in Outbox.objects.all()] == ["booking_confirmed"]


def test_a_letter_on_its_way_cannot_be_taken_back(manager, booking):
    act = confirm(booking, by=manager, notify=True)
    Outbox.objects.update(due_at=NOON)
    firing.hand_over(at=NOON + SECOND)

    with pytest.raises(UndoTooLate):
        undo_act(act=act, by=manager, at=NOON + 2 * SECOND)

    assert Booking.objects.get().confirmed == 2


def test_the_moment_of_the_confirmation_is_the_one_before(manager, booking):
    Booking.objects.filter(pk=booking.pk).update(confirmed=2)
    BookingChange.objects.update(changed_at=NOON - timedelta(days=9))
    booking.refresh_from_db()
    before = Values.of(booking)
    change_booking_status(booking=booking, to=-1, by=manager, at=NOON)
    act = offer_booking_undo(booking=booking, before=before, by=manager, at=NOON)

    undo_act(act=act, by=manager, at=NOON + SECOND)

    assert Confirmation.objects.get(booking=booking).confirmed_at == NOON - timedelta(days=9)


def test_changed_and_changed_back_is_not_what_was_left(manager, booking):
    act = confirm(booking, by=manager)
    for status in (-1, 2):
        Booking.objects.filter(pk=booking.pk).update(confirmed=status)

    with pytest.raises(UndoRefused):
        undo_act(act=act, by=manager, at=NOON + SECOND)


def test_another_field_that_was_changed_since_stops_it_too(manager, booking):
    act = confirm(booking, by=manager)
    Booking.objects.filter(pk=booking.pk).update(discount_percent=15)

    with pytest.raises(ChangedSince) as refused:
        undo_act(act=act, by=manager, at=NOON + SECOND)

    assert "Было «0 %», сейчас — «15 %»" in str(refused.value)


def test_a_coupon_comes_back_with_its_count(manager, booking):
    coupon = ReferralCouponFactory.create(max_activations=1)
    act = edit(booking, Values("8th_stream", 1, coupon.code, 20, booking.course_id), by=manager)
    coupon.refresh_from_db()
    assert coupon.current_activations == 1

    undo_act(act=act, by=manager, at=NOON + SECOND)

    coupon.refresh_from_db()
    assert coupon.current_activations == 0
    assert not ReferralUsage.objects.exists()
    booking.refresh_from_db()
    assert (booking.referral_code, booking.discount_percent) == (None, 0)


def test_a_place_that_was_taken_meanwhile_is_not_taken_twice(manager):
    StreamFactory.create()
    Stream.objects.update(capacity=1)
    booking, other = BookingFactory.create_batch(2)
    Booking.objects.filter(pk=booking.pk).update(confirmed=2)
    booking.refresh_from_db()
    before = Values.of(booking)
    change_booking_status(booking=booking, to=-1, by=manager, at=NOON)
    act = offer_booking_undo(booking=booking, before=before, by=manager, at=NOON)
    Booking.objects.filter(pk=other.pk).update(confirmed=2)

    with pytest.raises(UndoRefused):
        undo_act(act=act, by=manager, at=NOON + SECOND)

    booking.refresh_from_db()
    assert booking.confirmed == -1


def test_old_acts_are_forgotten(manager, booking):
    confirm(booking, by=manager)

    confirm(BookingFactory.create(), by=manager, at=NOON + timedelta(hours=2))

    assert UndoableAct.objects.get().done_at == NOON + timedelta(hours=2)
