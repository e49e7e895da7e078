"""The derived tables of the numbers: marks, refreshing, rebuilding, comparing."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analytics.models import CohortCell, DayCount, Journey
from analytics.rollups import number_differences, rebuild_numbers, refresh_numbers
from bookings.models import Booking, Confirmation
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.days import day_begins, school_day
from tests import bot_database
from tests.database_roles import owner_role
from tests.factories import BookingFactory, EventFactory, FreeLessonRegistrationFactory, TelegramUserFactory
from users.models import Event, NumberMark

pytestmark = pytest.mark.django_db

DUMPED = (
    "users",
    "courses",
    "bookings",
    "events",
    "free_lesson_registrations",
    "message_history",
    "message_recipients",
)


def differences() -> list[str]:
    return list(number_differences(timezone.now()))


def day_counts(kind: str) -> dict[str, int]:
    return {str(row.day): row.number for row in DayCount.objects.filter(kind=kind)}


def test_the_dump_is_counted_and_compares_equal():
    bot_database.load(*DUMPED)

    rebuild_numbers(timezone.now())

    assert differences() == []
    assert Journey.objects.filter(funnel="sign").count() > 1000
    assert CohortCell.objects.count() > 50


def test_nothing_is_counted_before_the_first_refresh_which_counts_everything():
    EventFactory.create(created_at=datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert differences() == []
    assert not DayCount.objects.exists()

    refresh_numbers(timezone.now())

    assert differences() == []
    assert day_counts("event") == {"2026-11-01": 1}


def test_the_bots_own_insert_leaves_no_mark():
    person = TelegramUserFactory.create()
    NumberMark.objects.all().delete()

    run_sql("INSERT INTO events (user_id, event_type) VALUES (%s, 'start_command')", [person.pk])
    run_sql(
        "INSERT INTO users (user_id) VALUES (%s) ON CONFLICT (user_id) DO UPDATE SET updated_at = now()", [person.pk]
    )

    assert not NumberMark.objects.exists()


@pytest.mark.parametrize(
    "write",
    [
        "INSERT INTO events (user_id, event_type, created_at) VALUES ({person}, 'start_command', '2026-10-01')",
        "UPDATE events SET created_at = created_at - interval '20 days'",
        "UPDATE events SET event_type = 'view_program'",
        "DELETE FROM events",
        "UPDATE bookings SET confirmed = 2",
        "UPDATE bookings SET confirmed = NULL, created_at = created_at - interval '3 days'",
        "DELETE FROM bookings",
        "INSERT INTO free_lesson_registrations (user_id, email, registered_at) VALUES ({person}, 'e', '2026-09-01')",
        "UPDATE free_lesson_registrations SET lesson_type = 'other', lesson_date = '2026-11-11'",
        "UPDATE users SET first_seen_at = '2026-01-01'",
        "DELETE FROM users WHERE user_id = {person}",
        "UPDATE events SET user_id = {other}",
        "UPDATE bookings SET created_at = 'infinity'; UPDATE events SET created_at = '-infinity'",
        "UPDATE events SET created_at = '20000-01-01'; UPDATE users SET first_seen_at = '20000-01-01'",
        "TRUNCATE events",
        "INSERT INTO events (user_id, event_type) VALUES (777, 'start_command')",
    ],
)
def test_whatever_is_written_is_counted_at_the_next_refresh(write: str):
    person, other = TelegramUserFactory.create_batch(2, first_seen_at=datetime(2026, 10, 20, tzinfo=UTC))
    at = datetime(2026, 11, 3, 9, tzinfo=UTC)
    EventFactory.create(telegram_user=person, event_type="start_command", created_at=at)
    BookingFactory.create(telegram_user=person, created_at=at + timedelta(hours=1), confirmed=1)
    FreeLessonRegistrationFactory.create(telegram_user=person, registered_at=at)
    refresh_numbers(timezone.now())
    assert differences() == []

    with owner_role():  # who alone may empty a table
        for statement in write.format(person=person.pk, other=other.pk).split("; "):
            run_sql(statement)
    refresh_numbers(timezone.now())

    assert differences() == []
    assert not NumberMark.objects.exists()


def test_check_finds_what_somebody_has_changed_behind_our_back():
    # Nobody is new: whoever is younger than the last refresh is due, and their days may move.
    person = TelegramUserFactory.create(first_seen_at=datetime(2026, 10, 20, tzinfo=UTC))
    BookingFactory.create(telegram_user=person, confirmed=2, created_at=datetime(2026, 11, 1, 11, tzinfo=UTC))
    EventFactory.create(telegram_user=person, created_at=datetime(2026, 11, 1, 12, tzinfo=UTC))
    refresh_numbers(timezone.now())
    run_sql("UPDATE analytics_daycount SET number = number + 1 WHERE kind = 'event'")
    run_sql("UPDATE bookings_confirmation SET confirmed_at = '2020-01-01'")
    written = StringIO()

    with pytest.raises(CommandError, match="The numbers: 2"):
        call_command("rebuild_statistics", "--check", stdout=written)
    assert "2026-11-01 event" in written.getvalue()

    call_command("rebuild_statistics", stdout=written)
    call_command("rebuild_statistics", "--check", stdout=written)
    assert "The numbers: equal to the sources." in written.getvalue()


def test_a_day_begins_and_ends_at_midnight_in_moscow():
    person = TelegramUserFactory.create(first_seen_at=None)
    run_sql("DELETE FROM users_numbermark")
    for moment in (
        "2026-10-31 23:59:59.999999+03",
        "2026-11-01 00:00:00+03",
        "2026-11-01 23:59:59+03",
        "2026-11-02+03",
    ):
        run_sql(
            "INSERT INTO events (user_id, event_type, created_at) VALUES (%s, 'start_command', %s)", [person.pk, moment]
        )

    refresh_numbers(timezone.now())

    assert day_counts("event") == {"2026-10-31": 1, "2026-11-01": 2, "2026-11-02": 1}
    assert day_counts("new") == {"2026-10-31": 1}


def test_yesterday_is_counted_again_while_late_commits_may_come():
    today = school_day(timezone.now())
    refresh_numbers(day_begins(today) - timedelta(minutes=1))
    run_sql("DELETE FROM users_numbermark")
    person = TelegramUserFactory.create(first_seen_at=None)
    event = EventFactory.create(telegram_user=person, created_at=day_begins(today) - timedelta(seconds=1))
    run_sql("DELETE FROM users_numbermark")  # as if the row had been young when it was written

    refresh_numbers(day_begins(today) + timedelta(minutes=1))
    assert day_counts("event") == {str(school_day(event.created_at)): 1}


# Confirmations --------------------------------------------------------------------------------------------------------


def moment(booking: Booking) -> datetime | None:
    return Confirmation.objects.get(pk=booking.pk).confirmed_at


def test_a_booking_is_confirmed_when_its_status_last_became_so():
    booking = BookingFactory.create(confirmed=1)
    assert not Confirmation.objects.exists()

    run_sql("UPDATE bookings SET confirmed = 2")
    assert moment(booking) == booking.changes.get(status=2).changed_at

    run_sql("UPDATE bookings SET confirmed = -1")
    assert not Confirmation.objects.exists()


def test_a_booking_that_came_confirmed_was_so_when_it_was_made():
    booking = BookingFactory.create(confirmed=2)
    assert moment(booking) == booking.created_at

    run_sql("UPDATE bookings SET created_at = created_at - interval '1 day'")
    assert booking.created_at and moment(booking) == booking.created_at - timedelta(days=1)

    run_sql("DELETE FROM bookings")
    assert not Confirmation.objects.exists()


def test_before_the_record_the_bots_event_says_when():
    booking = BookingFactory.create(confirmed=2)
    run_sql("DELETE FROM bookings_bookingchange")
    at = datetime(2026, 11, 5, 8, tzinfo=UTC)
    details = {"booking_id": booking.pk, "old_status": 1, "new_status": 2}
    Event.objects.create(
        telegram_user=booking.telegram_user, event_type="booking_status_changed", details=details, created_at=at
    )

    rebuild_numbers(timezone.now())

    assert moment(booking) == at
    assert differences() == []
