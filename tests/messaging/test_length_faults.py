"""A message that is too long for some people only (A9): the last page names them, and agrees with what is sent."""

from datetime import date
from itertools import product

import pytest
from django.utils import timezone

from bookings.models import Booking
from messaging.audiences.criteria import Audience, Everyone, InStream
from messaging.compose.confirmation import summarise
from messaging.content.content import Content
from messaging.content.markup import parse_html
from messaging.content.placeholders import NAMES as PLACEHOLDERS
from messaging.content.placeholders import MissingValue, personalise, read_values
from tests.factories import BookingFactory, CourseFactory, StreamFactory, TelegramUserFactory


def too_long(text: str, audience: Audience) -> tuple[int, ...]:
    """What the last page says: ids of those for whom the message is too long."""
    return summarise(Content(text=text, audience=audience.as_json()), at=timezone.now(), lengths=True).too_long


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "stream", "room", "fits"),
    [
        ("Константин", "6-й поток", 19, True),
        ("Константин", "6-й поток", 18, False),
        ("Анна Ли", "6-й поток", 15, False),
        ("<b>", "6-й поток", 12, True),  # three letters, whatever they are in HTML
        ("<b>", "6-й поток", 11, False),
        (None, "очень длинное название потока", 29, True),
        (None, "очень длинное название потока", 28, False),
        ("  Ия  ", None, 8, True),  # the code stands for a stream without a name
        ("  Ия  ", None, 7, False),
    ],
)
def test_a9_the_longest_values_count_to_the_letter(name, stream, room, fits):
    booking = BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name=name), course_stream="stream")
    if stream:
        StreamFactory.create(course=booking.course, code="stream", name=stream)
    text = "я" * (4096 - room) + "{first_name|}{stream|}"

    found = too_long(text, Audience(include=(Everyone(),)))

    assert found == (() if fits else (booking.telegram_user_id,))


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["я" * 4090 + "{first_name|}", "я" * 3000 + "{first_name|}{course|}"])
def test_a9_only_long_values_are_tried(monkeypatch, text):
    BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name="Ия"))
    monkeypatch.setattr("messaging.content.lengths._is_too_long", None)

    assert too_long(text, Audience(include=(Everyone(),))) == ()


ENDS = (
    "{first_name|}", "&{first_name|}", "{stream|}", "{first_name|}{stream|}", "{stream}{starts_on}{first_name|}",
    "{first_name}{username|}",
)  # fmt: skip
NAMES = [
    "Ия", "Анна Ли", "Константин", "a_b7", "<b>&", "&lt", "lt", "𝐀𝐁",
    "🙂🙂", "e\u0301é", "  Ия\u00a0", "=9", "9", "", None,
]  # fmt: skip


@pytest.fixture
def of_two_streams(db):
    """People with all kinds of names in two streams of a course; some have a newer booking elsewhere, some none."""
    course = CourseFactory.create()
    for code, name in (("8th_stream", "8-й поток"), ("9th_stream", "Девятый")):
        StreamFactory.create(course=course, code=code, name=name, starts_on=date(2026, 12, 3))
        for first_name in NAMES:
            person = TelegramUserFactory.create(first_name=first_name)
            BookingFactory.create(telegram_user=person, course=course, course_stream=code)
    BookingFactory.create(telegram_user=person, course=CourseFactory.create(name="Другой"), course_stream=None)
    TelegramUserFactory.create(first_name="Без потока")
    return course


@pytest.mark.parametrize("streams", [(), ("8th_stream",), ("8th_stream", "9th_stream")])
def test_a9_the_last_page_agrees_with_what_is_sent_to_each(of_two_streams, streams):
    every = tuple(status for status in Booking.Status if status != Booking.Status.CANCELLED)
    include = tuple(InStream(code, of_two_streams.pk, every) for code in streams) or (Everyone(),)
    audience, now = Audience(include=include), timezone.now()
    people = list(audience.reached(at=now).order_by("pk").values_list("pk", flat=True))
    values = read_values(people, PLACEHOLDERS, streams=audience.streams)

    for room, end in product((2, 4, 11, 21), ENDS):
        text = "я" * (4096 - room) + end
        sent_to_each = {pk: _sent_to(text, values[pk]) for pk in people}
        summary = summarise(Content(text=text, audience=audience.as_json()), at=now, lengths=True)
        assert summary.too_long == tuple(pk for pk in people if (sent_to_each[pk] or 0) > 4096), (room, end)
        assert summary.without_value == sum(length is None for length in sent_to_each.values()), (room, end)
        assert summary.count.sent_to == len(people)


def _sent_to(text: str, values: dict[str, str]) -> int | None:
    """How long the message is; None where it is not sent."""
    try:
        return parse_html(personalise(text, values)).length
    except MissingValue:
        return None
