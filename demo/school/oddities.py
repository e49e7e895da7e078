"""Rows that a real database holds and a tidy demo forgets: each page must survive them."""

from datetime import timedelta

from bookings.models import Booking, Course, FreeLessonRegistration
from demo.school import names
from demo.school.people import new_person
from demo.school.rhythm import EPOCH
from demo.school.school import School
from demo.school.streams import CURRENT, UNDESCRIBED
from users.models import TelegramUser

Status = Booking.Status
UNKNOWN_EVENT = "webinar_poll_answered"
DOUBLE_BOOKINGS = 12


def add_oddities(school: School) -> None:
    """Add every case that the pages must show without breaking."""
    _invite_hostile_names(school)
    _book_strangely(school)
    _book_twice(school)
    _book_undescribed_stream(school)
    _register_strangely(school)
    _happen_strangely(school)


def _stranger(school: School, *, days_ago: float = 12) -> TelegramUser:
    return new_person(school, seen_at=school.now - timedelta(days=days_ago, minutes=school.dice.randrange(900)))


def _book(school: School, person: TelegramUser, **changes: object) -> Booking:
    """Book the current stream, but for what ``changes`` says."""
    usual: dict[str, object] = {
        "username": person.username,
        "first_name": person.first_name,
        "course": school.courses[1],
        "course_stream": CURRENT,
        "confirmed": Status.NEW,
        "created_at": person.first_seen_at,
        "discount_percent": 0,
    }
    booking = Booking(telegram_user=person, **(usual | changes))
    school.bookings.append(booking)
    return booking


def _invite_hostile_names(school: School) -> None:
    """People with names that attack, hide or are missing; they book, register and talk like everybody."""
    statuses = (Status.PENDING, Status.CONFIRMED, Status.NEW, Status.CANCELLED)
    for number, name in enumerate(names.HOSTILE_NAMES):
        person = _stranger(school, days_ago=1 + number)
        person.first_name, person.last_name = name, None
        person.username = None if number % 3 == 0 else person.username
        school.record(person, "start_command", person.first_seen_at or school.now, {"first_name": name})
        _book(school, person, confirmed=statuses[number % len(statuses)])


def _book_strangely(school: School) -> None:
    no_course: dict[str, Course | None] = {"course": None}
    for changes in (
        {"confirmed": 7},
        {"confirmed": 7, "course_stream": "5th_stream"},
        {"confirmed": None},
        {"confirmed": None, "course_stream": None},
        {"confirmed": Status.CONFIRMED, "course_stream": None},
        {"confirmed": Status.CONFIRMED, "course_stream": None},
        {"confirmed": Status.CONFIRMED, "course_stream": ""},
        {"created_at": EPOCH},
        {"created_at": None, "confirmed": Status.PENDING},
        {"created_at": school.now + timedelta(days=40)},
        {"discount_percent": 150, "referral_code": "НЕТ_ТАКОГО"},
        {"discount_percent": -5},
        {"discount_percent": 100, "referral_code": ""},
        {"username": "прежнее_имя", "first_name": "Прежнее имя"},
        {"course": school.courses[2], "course_stream": "7th_stream"},
        no_course,
    ):
        _book(school, _stranger(school), **changes)


def _book_twice(school: School) -> None:
    """Two active bookings of one person: somebody must decide which one counts."""
    active = [b for b in school.bookings if b.course_stream == CURRENT and b.confirmed in {Status.NEW, Status.PENDING}]
    for first in school.dice.sample(active, min(school.scaled(DOUBLE_BOOKINGS), len(active))):
        if first.created_at is not None and first.created_at.year > 1970:
            at = min(first.created_at + timedelta(days=school.dice.uniform(0.01, 5)), school.now)
            _book(school, first.telegram_user, created_at=at, confirmed=Status.PENDING)


def _book_undescribed_stream(school: School) -> None:
    for _ in range(school.scaled(7)):
        person = _stranger(school, days_ago=school.dice.uniform(0.2, 4))
        _book(school, person, course_stream=UNDESCRIBED, confirmed=school.dice.choice((Status.NEW, Status.PENDING)))


def _register_strangely(school: School) -> None:
    for lesson_type, days_ago in ((None, 8), ("урок_которого_нет", 3), ("cursor_lesson", 200)):
        person = _stranger(school, days_ago=days_ago)
        school.lessons.append(
            FreeLessonRegistration(
                telegram_user=person,
                username=person.username,
                first_name=person.first_name,
                email="не адрес" if days_ago == 3 else "ivan@example.com",
                registered_at=None if days_ago == 200 else person.first_seen_at,
                notification_sent=None,
                lesson_type=lesson_type,
                lesson_date=None,
            )
        )


def _happen_strangely(school: School) -> None:
    """Events of unknown kinds, without a date, from 1970, with details that are no object; a person without dates."""
    person = _stranger(school)
    for event_type, at, details in (
        (UNKNOWN_EVENT, school.now - timedelta(hours=5), {"answer": "<img src=x onerror=alert(1)>"}),
        ("e" * 50, school.now - timedelta(days=2), None),
        ("start_command", EPOCH, {}),
        ("start_command", None, {"nested": {"list": [1, None, "два"]}}),
        ("view_program", school.now - timedelta(days=1), {"course_id": "не число"}),
        ("view_program", school.now - timedelta(days=1), ["список"]),
    ):
        school.record(person, event_type, at, details)  # type: ignore[arg-type]
    dateless = _stranger(school)
    dateless.first_seen_at = dateless.updated_at = None
