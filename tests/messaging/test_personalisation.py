"""Placeholders become what is known about the person, safely, or their fallback."""

from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from messaging.content.entities import as_delivered
from messaging.content.markup import parse_html
from messaging.content.placeholders import (
    NAMES,
    Missing,
    MissingValue,
    find_missing,
    personalise,
    placeholders,
    read_values,
    with_fallbacks,
    without_values,
)
from messaging.models import Outbox
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    CourseFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("Привет, {first_name|друг}!", {"first_name": "Анна"}, "Привет, Анна!"),
        ("Привет, {first_name|друг}!", {}, "Привет, друг!"),
        ("{first_name|}!", {}, "!"),
        ("{first_name}", {"first_name": "<b> & \"x\""}, "&lt;b&gt; &amp; &quot;x&quot;"),
        ("{{first_name}} {unknown}", {}, "{first_name} {unknown}"),
        ("{first_name|<b>друг</b>}", {}, "<b>друг</b>"),
        ("{stream} {stream}", {"stream": "8-й поток"}, "8-й поток 8-й поток"),
    ],
)  # fmt: skip
def test_values_and_fallbacks_are_put_in(text, values, expected):
    assert personalise(text, values) == expected


def test_nothing_is_sent_where_a_value_and_a_fallback_are_missing():
    with pytest.raises(MissingValue) as missing:
        personalise("Привет, {first_name|друг}, @{username}", {"first_name": "Анна"})

    assert missing.value.name == "username"


@given(st.dictionaries(st.sampled_from(NAMES), st.text(min_size=1)))
def test_no_value_can_break_the_html(values):
    text = "<b>" + "".join(f"{{{name}|-}}" for name in NAMES) + "</b>"

    parsed = parse_html(personalise(text, values))

    assert parsed.problems == ()
    arrives, _formats = as_delivered("".join(values.get(name) or "-" for name in NAMES), [])
    assert parsed.text.strip() == arrives.strip()


def test_placeholders_are_found_with_their_places():
    [known, unknown] = placeholders("{first_name|друг} {{x}} {who}")

    assert (known.name, known.fallback, known.at, known.known) == ("first_name", "друг", 0, True)
    assert (unknown.name, unknown.fallback, unknown.at, unknown.known) == ("who", None, 24, False)


def test_without_values_only_fallbacks_are_left():
    assert without_values("{first_name|друг} {username} {{x}}") == "друг  {x}"
    assert with_fallbacks("{first_name|друг} {username} {{x}}") == "друг {username} {x}"


@pytest.mark.django_db
class TestReadValues:
    def test_names_come_from_the_person_and_blank_ones_do_not_count(self):
        anna = TelegramUserFactory.create(first_name="Анна", username="anna")
        nobody = TelegramUserFactory.create(first_name="  ", username=None)

        values = read_values([anna.pk, nobody.pk, 404], {"first_name", "username"})

        assert values == {anna.pk: {"first_name": "Анна", "username": "anna"}, nobody.pk: {}, 404: {}}

    def test_the_newest_booking_that_is_not_cancelled_says_stream_course_and_start(self):
        person = TelegramUserFactory.create()
        StreamFactory.create(code="9th_stream", name="9-й поток", starts_on=date(2026, 12, 18))
        old, new, newest = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))
        BookingFactory.create(telegram_user=person, course_stream="5th_stream", created_at=old)
        BookingFactory.create(telegram_user=person, course_stream="9th_stream", created_at=new)
        cancelled = Booking.Status.CANCELLED
        BookingFactory.create(telegram_user=person, course_stream="x", confirmed=cancelled, created_at=newest)

        values = read_values([person.pk], {"stream", "course", "starts_on"})[person.pk]

        assert values["stream"] == "9-й поток"
        assert values["course"] == "Вайб кодинг"
        assert values["starts_on"] == "18 декабря"

    def test_the_stream_that_the_audience_asked_for_goes_before_a_newer_one(self):
        person, course = TelegramUserFactory.create(), CourseFactory.create()
        BookingFactory.create(telegram_user=person, course_stream="a", created_at=datetime(2026, 1, 1, tzinfo=UTC))
        BookingFactory.create(telegram_user=person, course_stream="b", created_at=datetime(2026, 2, 1, tzinfo=UTC))

        for streams in [[(None, "a")], [(course.pk, "a")]]:
            assert read_values([person.pk], {"stream"}, streams=streams)[person.pk]["stream"] == "a"
        assert read_values([person.pk], {"stream"}, streams=[(999, "a")])[person.pk]["stream"] == "b"

    def test_the_number_of_queries_does_not_grow_with_the_people(self, django_assert_max_num_queries):
        people = [BookingFactory.create().telegram_user_id for _ in range(20)]

        with django_assert_max_num_queries(5):
            read_values(people, NAMES)

    def test_people_who_would_be_skipped_are_listed_before_sending(self):
        anna = TelegramUserFactory.create(first_name="Анна", username="anna")
        nameless = TelegramUserFactory.create(first_name=None, username=None)
        people = [anna.pk, nameless.pk]

        missing = find_missing("{first_name|друг}, @{username} {stream|} {unknown}", people)

        assert missing == [Missing(name="username", people=(nameless.pk,))]
        assert find_missing("{first_name|друг}", people) == []


# What somebody read ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_E9_the_page_of_a_person_shows_messages_as_they_read_them(staff_client):
    anna = TelegramUserFactory.create(first_name="Анна <3")
    nobody = TelegramUserFactory.create(first_name=None)
    BookingFactory.create(telegram_user=anna)
    StreamFactory.create()
    message = BroadcastFactory.create(
        message_text="Привет, <b>{first_name|друг}</b>! Поток: {stream|?}", state="finished"
    )
    for person in (anna, nobody):
        RecipientFactory.create(message=message, telegram_user=person, state="sent")

    for person, words in ((anna, "Привет, Анна &lt;3! Поток: 8-й поток"), (nobody, "Привет, друг! Поток: ?")):
        page = staff_client.get(reverse("users:person_detail", args=[person.pk]))
        assertContains(page, words, count=2)  # in the section, and in the timeline
        assertNotContains(page, "{first_name")


@pytest.mark.django_db
def test_E9_a_message_whose_value_is_missing_stays_as_it_was_written(staff_client):
    person = TelegramUserFactory.create(first_name=None)
    message = BroadcastFactory.create(message_text="Привет, {first_name}!", state="finished")
    RecipientFactory.create(message=message, telegram_user=person, state="skipped", reason="no_value")

    page = staff_client.get(reverse("users:person_detail", args=[person.pk]))

    assertContains(page, "Привет, {first_name}!", count=2)


@pytest.mark.django_db
def test_E9_a_letter_written_for_one_person_is_not_filled_in_again(staff_client):
    person = TelegramUserFactory.create(first_name="{username|x}", username="anna")
    message = BroadcastFactory.create(message_text="Привет, {first_name|друг}!", state="finished")
    recipient = RecipientFactory.create(message=message, telegram_user=person, state="sent")
    Outbox.objects.create(
        telegram_user=person,
        kind="booking_confirmed",
        message_text="Здравствуйте, {username|x}!",
        state="sent",
        queued_at=datetime(2026, 11, 1, tzinfo=UTC),
        recipient=recipient,
    )

    page = staff_client.get(reverse("users:person_detail", args=[person.pk]))

    assertContains(page, "Здравствуйте, {username|x}!")
