"""Which payments wait and since when, as triggers, the bot and staff leave them; the bot's own approval."""

from datetime import timedelta
from random import Random

import pghistory
import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from bookings.models import Booking, BookingChange, PaymentRules, WaitingPayment
from bookings.payments.upkeep import fold_payments, payments_differences, rebuild_payments
from bookings.services.statuses import change_booking_status
from hsl_dashboard.db import run_sql, sql_value
from messaging.automations import firing
from messaging.models import Outbox
from tests.bookings.waiting import OTHER_PROOF, PROOF, QUEUE, act, booked, fold, prove, waiting
from tests.factories import (
    AutomationFactory,
    BookingFactory,
    EventFactory,
    TelegramUserFactory,
)
from users.models import Event
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db

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
    run_sql("UPDATE bookings SET confirmed = -1 WHERE id = %s", [cancelled.pk])
    BookingChange.objects.filter(booking=cancelled).update(changed_at=timezone.now() - timedelta(days=2))
    prove(early, at=timezone.now() - timedelta(days=10))
    for hours, booking in enumerate([confirmed, new, unknown, cancelled]):
        prove(booking, at=timezone.now() - timedelta(hours=hours), kind=OTHER_PROOF)

    assert waiting() == [cancelled.pk, unknown.pk, new.pk]


def test_a_proof_is_about_the_newest_booking_not_about_one_that_was_cancelled_before():
    cancelled = BookingFactory.create(confirmed=0, created_at=timezone.now() - timedelta(days=9))
    run_sql("UPDATE bookings SET confirmed = -1 WHERE id = %s", [cancelled.pk])
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

    run_sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", [approved.pk])
    run_sql("DELETE FROM bookings WHERE id = %s", [deleted.pk])

    assert waiting() == []


def test_other_events_leave_no_mark():
    fold()
    EventFactory.create(event_type="view_program")
    fold_marked_people()

    assert sql_value("SELECT count(*) FROM bookings_paymentmark") == 0


def test_who_counts_the_person_first_hands_their_payments_on(staff_client):
    booking = BookingFactory.create(confirmed=0)
    prove(booking)
    assert list(payments_differences()) == []

    assert fold_marked_people() == 0
    assert list(payments_differences()) == []

    # The page looks at what waits.
    assert [row.booking for row in staff_client.get(QUEUE).context["rows"]] == [booking]


def test_a_page_shows_a_proof_that_nobody_has_counted_yet(staff_client):
    booking = BookingFactory.create(confirmed=0)
    prove(booking)

    assert [row.booking for row in staff_client.get(QUEUE).context["rows"]] == [booking]


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
    run_sql("UPDATE bookings SET created_at = 'infinity' WHERE id = %s", [booking.pk])
    far = BookingFactory.create(confirmed=0)
    prove(far)
    run_sql("UPDATE events SET created_at = '50000-01-01'")
    fold()

    assert staff_client.get(QUEUE).status_code == 200
    assert WaitingPayment.objects.count() == 2


def test_whose_date_is_unknown_stands_last_and_is_not_called_late(staff_client):
    dated = booked(ago=timedelta(minutes=5))
    undated = [booked() for _ in range(3)]
    for booking, moment in zip(undated, (None, "-infinity", "50000-01-01"), strict=True):
        BookingChange.objects.filter(booking=booking).delete()
        run_sql("UPDATE bookings SET created_at = %s WHERE id = %s", [moment, booking.pk])
    fold()

    page = staff_client.get(QUEUE, {"open": undated[0].pk})

    assert waiting() == [dated.pk, *(booking.pk for booking in undated)]
    assert [row.since is None for row in page.context["rows"]] == [False, True, True, True]
    assert {row.level for row in page.context["rows"]} == {""}
    assertContains(page, "дата неизвестна", count=4)
    assert list(payments_differences()) == []


# The bot beside us ----------------------------------------------------------------------------------------------------


def test_where_the_bot_approved_our_rule_stays_silent(staff):
    AutomationFactory.create(kind="booking_confirmed", switched_on_at=timezone.now() - timedelta(days=1))
    noon = timezone.localtime().replace(hour=12) + timedelta(days=1)
    by_bot, by_sql, by_staff = booked(), booked(), booked()
    for booking in (by_bot, by_sql):
        run_sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", [booking.pk])
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
    run_sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", [booking.pk])
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
