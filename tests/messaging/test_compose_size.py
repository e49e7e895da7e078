"""The form of a new message paints at once, however many people there are; counts fill in after it."""

import re
from datetime import date
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from messaging.audiences import counts
from messaging.audiences.choices import GROUPS, stream_rows
from messaging.audiences.counts import at_most, count_group, count_streams, remember_counts
from messaging.audiences.criteria import ActiveInStream, Audience, Everyone, Hackathon, InStream, individuals
from messaging.compose import confirmation
from messaging.compose.confirmation import sample_of, summarise
from messaging.content.content import Content
from messaging.content.placeholders import find_missing
from tests.factories import BookingFactory, CourseFactory, StreamFactory, TelegramUserFactory
from tests.messaging.composing import NEW, address, form, write

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

HTMX = {"HX-Request": "true"}
COUNTS = reverse("messaging:compose_counts")


def counting(queries: CaptureQueriesContext) -> list[str]:
    """The queries that count people or bookings."""
    counted = re.compile(r"COUNT\(.*\bFROM \"(users|bookings|message_recipients)\"", re.IGNORECASE | re.DOTALL)
    return [query["sql"] for query in queries.captured_queries if counted.search(query["sql"])]


def test_the_form_counts_nobody_before_it_is_painted(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream, "")
    for shown in (NEW, address("", draft)):
        with CaptureQueriesContext(connection) as queries:
            response = staff_client.get(shown)
        assert counting(queries) == []
        assertContains(response, f'hx-get="{COUNTS}" hx-trigger="load"')
        for group in GROUPS:
            assertContains(response, f'hx-get="{COUNTS}?group={group}" hx-trigger="load"')
    total = reverse("messaging:draft_total", args=[draft.pk])
    assertContains(response, f'hx-get="{total}" hx-trigger="load"')


def test_saving_while_typing_counts_nobody_either(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream, "")
    with CaptureQueriesContext(connection) as queries:
        response = staff_client.post(address("", draft), form(stream, version=draft.version, text="Ещё"), headers=HTMX)
    assert counting(queries) == []
    assertContains(response, 'id="audience-total" hx-swap-oob="true" aria-busy="true"')


def test_the_counts_come_each_by_itself(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream, "")

    total = staff_client.get(reverse("messaging:draft_total", args=[draft.pk]), headers=HTMX)
    streams = staff_client.get(COUNTS, headers=HTMX)
    everyone = staff_client.get(COUNTS, {"group": "everyone"}, headers=HTMX)

    assertContains(total, "<strong>3</strong>")
    assertNotContains(total, "hx-get")
    row = next(row for row in stream_rows(Audience()) if stream.startswith(f"{row.value}:"))
    for cell, people in zip(row.cells, (3, 0, 0, 1), strict=True):
        assertContains(streams, f'<span id="cell-{cell.key}" hx-swap-oob="true">{people}</span>')
    assertContains(everyone, '<span class="number" id="group-everyone">4</span>')


def test_without_scripts_the_numbers_are_a_click_away(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream, "")

    counted = staff_client.get(address("", draft), {"count": "1"})

    assertContains(counted, "<strong>3</strong>")
    assertContains(counted, 'id="group-everyone">4</span>')
    assertNotContains(counted, 'hx-trigger="load"')
    for fragment in (COUNTS, reverse("messaging:draft_total", args=[draft.pk])):
        assert staff_client.get(fragment).status_code == 302


def test_every_stream_that_is_booked_or_described_is_listed_once() -> None:
    course, other = CourseFactory.create(), CourseFactory.create(name="Другой курс")
    StreamFactory.create(course=course, code="8th_stream")
    for booked, code in ((course, "8th_stream"), (course, "7th_stream"), (other, "7th_stream"), (None, "9th_stream")):
        BookingFactory.create_batch(2, course=booked, course_stream=code)
    for nothing in (None, ""):
        BookingFactory.create(course=course, course_stream=nothing)

    rows = stream_rows(Audience())

    expected = [f"{course.pk}:8th_stream", ":9th_stream", f"{other.pk}:7th_stream", f"{course.pk}:7th_stream"]
    values = [row.value for row in rows]
    assert len(values) == len(set(values)) and set(expected) <= set(values)
    people = count_streams().number
    for row in rows:
        assert sum(people.get(cell.key, 0) for cell in row.cells) == (2 if row.value in expected else 0)


def test_each_group_is_counted_as_it_would_be_written_to() -> None:
    BookingFactory.create(confirmed=Booking.Status.CONFIRMED)
    TelegramUserFactory.create_batch(2)
    now = timezone.now()
    for group, (criterion, _label) in GROUPS.items():
        assert count_group(group, at=now).number == Audience(include=(criterion,)).people(at=now).count()


def test_in_a_large_school_the_counts_are_remembered_until_beat_renews_them(
    staff_client: Client, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MANY", 2)
    cache.clear()
    slow = ("not_students", "free_lesson")

    def fragments() -> list[str]:
        asked = [{}, *({"group": group} for group in GROUPS)]
        return [staff_client.get(COUNTS, query, headers=HTMX).content.decode() for query in asked]

    first = fragments()
    as_of = re.compile(r">\s*на \d\d:\d\d")
    assert [bool(as_of.search(html)) for html in first] == [True, *(group in slow for group in GROUPS)]
    assert len(as_of.findall(staff_client.get(NEW, {"count": "1"}).content.decode())) == 3
    BookingFactory.create(confirmed=Booking.Status.CONFIRMED)
    TelegramUserFactory.create()
    with CaptureQueriesContext(connection) as queries:
        assert max(count_streams().number.values()) == 3
        assert count_group("not_students", at=timezone.now()).number == 1
    assert all("LIMIT 2" in query for query in counting(queries))  # to see that the school is large
    remember_counts(at=timezone.now())
    assert max(count_streams().number.values()) == 4
    assert count_group("not_students", at=timezone.now()).number == 2


@pytest.mark.parametrize(
    ("name", "has_value"),
    [
        ("Анна", True),
        ("Anna", True),
        ("7", True),
        ("🙂", True),
        (None, False),
        ("", False),
        ("  ", False),
        ("\u00a0", False),
    ],
)
@pytest.mark.parametrize(
    "text", ["{first_name}", "{first_name} {username}", "{first_name|друг}", "{first_name} {course}"]
)
def test_the_total_knows_who_lacks_a_value_without_reading_everybody(
    name: str | None, has_value: bool, text: str
) -> None:
    person = TelegramUserFactory.create(first_name=name, username="somebody")
    BookingFactory.create(telegram_user=person)
    content = Content(text=text, audience=individuals([person.pk]).as_json())

    expected = 1 if has_value or "|" in text else 0

    assert summarise(content, at=timezone.now()).recipients == expected


@pytest.fixture
def of_all_kinds(db: None) -> Audience:
    """People whose bookings have and lack each value; the audience asks for a stream that is not everybody's newest."""
    StreamFactory.create(starts_on=date(2026, 12, 1))
    StreamFactory.create(code="9th_stream")
    places = [
        {}, {"course": None}, {"course_stream": ""}, {"course_stream": None}, {"course_stream": "9th_stream"},
        {"course_stream": "unknown"}, {"confirmed": Booking.Status.CANCELLED}, {"confirmed": None},
        {"created_at": None},
    ]  # fmt: skip
    for place in places:
        person = TelegramUserFactory.create(first_name=None if place else "Анна")
        BookingFactory.create(telegram_user=person, **place)
        # One more, older or newer by turns.
        BookingFactory.create(telegram_user=person, course_stream=None, created_at=timezone.now() if place else None)
        alone = TelegramUserFactory.create(first_name="Борис")
        BookingFactory.create(telegram_user=alone, **place)
    TelegramUserFactory.create()  # without any booking
    asked = InStream("8th_stream", CourseFactory.create().pk, tuple(Booking.Status))
    return Audience(include=(Everyone(), asked))


@pytest.mark.parametrize(
    "text",
    [
        "{stream}", "{course}", "{starts_on}", "{stream} {course} {starts_on}", "{stream|?} {starts_on}",
        "{first_name}", "{first_name} {stream}", "{first_name} {username} {course} {starts_on}",
    ],
)  # fmt: skip
def test_who_lacks_a_value_of_a_booking_is_counted_by_one_query(of_all_kinds: Audience, text: str) -> None:
    now = timezone.now()
    people = of_all_kinds.reached(at=now).values_list("pk", flat=True)
    missing = find_missing(text, people, streams=of_all_kinds.streams)
    lacking = {person for found in missing for person in found.people}
    content = Content(text=text, audience=of_all_kinds.as_json())

    with CaptureQueriesContext(connection) as queries:
        summary = summarise(content, at=now)

    assert 0 < len(lacking) < len(people)
    assert summary.without_value == len(lacking)
    if "first_name" not in text:  # nobody's bookings are read
        assert not [query for query in queries.captured_queries if query["sql"].startswith("SELECT DISTINCT ON")]


@pytest.mark.parametrize("text", ["{stream}", "{first_name}", "я" * 4090 + "{first_name|}{stream|}"])
def test_nobody_is_counted_before_anybody_is_chosen(staff_client: Client, stream: str, text: str) -> None:
    draft = write(staff_client, "", "", text=text)

    total = staff_client.get(reverse("messaging:draft_total", args=[draft.pk]), headers=HTMX)

    assertContains(total, "<strong>0</strong>")
    assert summarise(Content.from_json(draft.content), at=timezone.now(), lengths=True).too_long == ()


def test_candidates_for_the_preview_are_taken_from_a_bounded_number() -> None:
    TelegramUserFactory.create(first_name=None)
    TelegramUserFactory.create_batch(5)
    with CaptureQueriesContext(connection) as queries:
        people = sample_of(Audience(include=(Everyone(),)), at=timezone.now())
    assert [person.first_name for person in people] == ["Анна"] * 5 + [None]
    assert [f"LIMIT {confirmation.LOOKED_AT}" in query["sql"] for query in queries.captured_queries] == [True]


def test_candidates_are_found_though_the_first_ones_of_each_group_get_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmation, "OF_A_GROUP", 2)
    bookings = BookingFactory.create_batch(4, course_stream="8th_stream", confirmed=Booking.Status.CONFIRMED)
    for booking in bookings[:3]:
        BookingFactory.create(telegram_user=booking.telegram_user, course_stream="5th_stream")
    left_out = (ActiveInStream("5th_stream"),)

    people = sample_of(Audience(include=(InStream("8th_stream"), Hackathon()), exclude=left_out), at=timezone.now())

    assert people == [bookings[3].telegram_user]


def test_what_has_few_bookings_is_not_large_and_nobody_is_counted_for_that(stream: str) -> None:
    course, code, status = stream.split(":")
    in_stream = InStream(code, int(course), (int(status),))
    few = Audience(include=(in_stream, *individuals([1, 2]).include))
    with CaptureQueriesContext(connection) as queries:
        assert not confirmation.is_large(few, at=timezone.now())
    assert counting(queries) == []

    assert at_most(few) == 5
    assert at_most(Audience(include=(InStream(code),))) == 3
    assert at_most(Audience(include=(in_stream, Hackathon()))) is None
    assert at_most(Audience(include=(InStream(code, None, (None, 2)),))) is None  # type: ignore[arg-type]  # of old drafts
    assert at_most(Audience()) == 0


def test_a_large_audience_is_counted_behind_a_page_that_says_so(
    staff_client: Client, stream: str, monkeypatch: Any
) -> None:
    draft = write(staff_client, stream, "")
    last_page = reverse("messaging:compose_confirm", args=[draft.pk])
    monkeypatch.setattr(confirmation, "LARGE", 2)

    waiting = staff_client.get(last_page)

    assertContains(waiting, '<meta http-equiv="refresh" content="0; url=?counted=1">')
    assertNotContains(waiting, 'name="recipients"')
    assertContains(staff_client.get(last_page, {"counted": "1"}), 'name="recipients" value="3"')
