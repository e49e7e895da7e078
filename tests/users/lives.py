"""A person to whom everything has happened that a page can show."""

from datetime import UTC, date, datetime, timedelta

from django.urls import reverse

from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
)
from users import services

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def address(person, name="person_detail", *more, app="users", query=""):
    """The address of a page about a person."""
    return reverse(f"{app}:{name}", args=[person.pk, *more]) + query


def live_through(person, staff, *, times):
    """Give a person something of everything, ``times`` over."""
    for number in range(times):
        at = AT - timedelta(hours=number)
        EventFactory.create(telegram_user=person, event_type="view_program", created_at=at, details={"n": number})
        booking = BookingFactory.create(telegram_user=person, created_at=at)
        booking.discount_percent = 10
        booking.save()
        FreeLessonRegistrationFactory.create(telegram_user=person, lesson_date=date(2026, 1, 1) + timedelta(number))
        RecipientFactory.create(telegram_user=person, message=BroadcastFactory.create(created_by=staff), state="sent")
        services.write_note(person=person, text=f"note {number}", by=staff, at=at)
        services.add_tag(person=person, name=f"tag {number}", by=staff)
