"""The list of all bookings: its filters, its order, its address."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from bookings.lists.filters import SORTS
from bookings.models import Booking
from tests import bot_database
from tests.factories import BookingFactory, CourseFactory, TelegramUserFactory, UserFactory
from tests.sizes import sample

ADDRESS = reverse("bookings:booking_list")
HTMX = {"HX-Request": "true"}


def found(client, **query):
    response = client.get(ADDRESS, query)
    assert response.status_code == 200, response.context["form"].errors
    return [row.booking for row in response.context["rows"]]


def test_the_page_needs_the_permission_to_see_bookings(client, db):
    assert client.get(ADDRESS).status_code == 302
    client.force_login(UserFactory.create())
    assert client.get(ADDRESS).status_code == 403


# Filters --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (["0"], {0}),
        (["2", "-1"], {2, -1}),
        (["none"], {None, 77}),
        (["none", "1"], {None, 77, 1}),
        (["0", "1", "2", "-1", "none"], {0, 1, 2, -1, None, 77}),
        ([], {0, 1, 2, -1, None, 77}),
    ],
)
def test_statuses_can_be_combined_and_none_is_lost(staff_client, asked, left):
    for status in (0, 1, 2, -1, None, 77):
        BookingFactory.create(confirmed=status)

    assert {booking.confirmed for booking in found(staff_client, status=asked)} == left


def test_courses_and_streams_narrow_the_list(staff_client):
    other = CourseFactory.create(name="Другой курс")
    here = BookingFactory.create(course_stream="8th_stream")
    there = BookingFactory.create(course=other, course_stream="vip")
    nowhere = BookingFactory.create(course=None, course_stream="")

    assert found(staff_client, course=other.pk) == [there]
    assert found(staff_client, course="none") == [nowhere]
    assert found(staff_client, stream="vip") == [there]
    assert found(staff_client, stream="8th_stream", course=here.course_id) == [here]
    assert found(staff_client, stream="none") == [nowhere]


@pytest.mark.parametrize("code", [None, ""])
def test_a_booking_without_a_stream_is_found_as_such(staff_client, code):
    booking = BookingFactory.create(course_stream=code)

    assert found(staff_client, stream="none") == [booking]


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        ("2026-03-01", "", 2),
        ("01.03.2026", "01.03.2026", 2),
        ("", "2026-02-28", 1),
        ("2026-03-02", "", 0),
        ("1970-01-01", "2199-12-31", 3),
    ],
)
def test_a_period_counts_whole_days_in_moscow(staff_client, since, until, count):
    for at in ((2026, 2, 28, 20, 59, 59), (2026, 2, 28, 21, 0, 0), (2026, 3, 1, 20, 59, 59)):
        BookingFactory.create(created_at=datetime(*at, tzinfo=UTC))
    BookingFactory.create(created_at=None)

    assert len(found(staff_client, since=since, until=until)) == count


@pytest.mark.parametrize(
    ("choice", "left"), [("yes", {10, 100, -5}), ("no", {0, None}), ("10", {10}), ("", {10, 100, -5, 0, None})]
)
def test_D5_discounts_narrow_the_list(staff_client, choice, left):
    for percent in (10, 100, -5, 0, None):
        BookingFactory.create(discount_percent=percent)

    assert {booking.discount_percent for booking in found(staff_client, discount=choice)} == left


@pytest.mark.parametrize("typed", ["FRIEND26", "friend26", " Friend26 "])
def test_D3_a_booking_is_found_by_its_referral_code(staff_client, typed):
    wanted = BookingFactory.create(referral_code="FRIEND26")
    BookingFactory.create(referral_code="FRIEND2")

    assert found(staff_client, q=typed) == [wanted]


def test_D5_the_filter_offers_the_discounts_that_occur(staff_client):
    for percent in (25, 7, -5, 25, 100, 0, None):
        BookingFactory.create(discount_percent=percent)

    choices = staff_client.get(ADDRESS).context["form"].fields["discount"].choices

    assert [value for value, _label in choices] == ["", "yes", "no", "-5", "7", "25", "100"]
    assert [booking.discount_percent for booking in found(staff_client, discount="25")] == [25, 25]


def test_a_referral_code_is_found_in_any_case(staff_client):
    booking = BookingFactory.create(referral_code="NQRKDNSK")
    BookingFactory.create(referral_code="NQRKDNSK2")

    assert found(staff_client, referral="nqrkdnsk") == [booking]


@pytest.fixture
def artyom(db):
    person = TelegramUserFactory.create(user_id=7_111_222_333, username="Artyom_Vibe", first_name="Артём")
    BookingFactory.create_batch(3)
    return BookingFactory.create(telegram_user=person, first_name="Тёма")


@pytest.mark.parametrize(
    "text",
    [
        "@artyom_vibe",
        "artyom",
        "https://t.me/Artyom_Vibe",
        "t.me/artyom_vibe/",
        "telegram.me/artyom_vibe?start=1",
        "  @Artyom ",
        "Артем",
        "АРТЁМ",
        "ртё",
        "тема",
        "7111222333",
    ],
)
def test_search_understands_what_staff_type(staff_client, artyom, text):
    assert found(staff_client, q=text) == [artyom]


def test_search_finds_a_booking_by_its_number(staff_client, artyom):
    assert artyom in found(staff_client, q=f"#{artyom.pk}")
    assert artyom in found(staff_client, q=f"№\u00a0{artyom.pk}")
    assert artyom in found(staff_client, q=str(artyom.pk))


@pytest.mark.parametrize("text", ["%", "_____________", "\\", "'", "@", "t.me/", "٣", "9" * 200, "-1", "1e3"])
def test_search_takes_no_letter_for_a_command(staff_client, artyom, text):
    assert isinstance(found(staff_client, q=text), list)


def test_an_ordinary_letter_finds_the_same_when_too_many_have_it(staff_client, artyom, monkeypatch):
    texts = ("ртё", "тема", "@artyom", f"#{artyom.pk}", "%", "\\")
    listed = [found(staff_client, q=text) for text in texts]

    monkeypatch.setattr("bookings.lists.search.RARE", -1)  # nothing is rare: every search walks the list

    assert listed[0] == listed[1] == listed[2] == [artyom]
    assert artyom in listed[3]
    assert [found(staff_client, q=text) for text in texts] == listed


def test_more_bookings_than_are_listed_are_found_by_their_people(staff_client, artyom, monkeypatch):
    other = BookingFactory.create(telegram_user=artyom.telegram_user, username=None, first_name=None)
    under_the_name = BookingFactory.create(first_name="Артём")
    monkeypatch.setattr("bookings.lists.search.RARE", 1)

    response = staff_client.get(ADDRESS, {"q": "артем"})

    assert {booking.pk for booking in response.context["page"]} == {artyom.pk, other.pk, under_the_name.pk}
    assert response.context["page"].paginator.more


def test_search_reads_an_index_of_names_when_booking(db):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM bookings"
            " WHERE person_grams(person_text(user_id, username, first_name, NULL)) @> ARRAY['тем']"
        )
        plan = "".join(line for (line,) in cursor.fetchall())

    assert "bookings_grams" in plan


def test_a_wildcard_is_a_letter_like_any_other(staff_client, artyom):
    assert found(staff_client, q="%") == []


# Order and pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", sorted(SORTS))
def test_every_column_sorts_both_ways_and_empty_values_come_last(staff_client, sort):
    for number in range(3):
        BookingFactory.create(
            telegram_user=TelegramUserFactory.create(first_name=f"Имя {number}"),
            course=CourseFactory.create(name=f"Курс {number}"),
            course_stream=f"stream{number}",
            confirmed=number,
            discount_percent=number,
            created_at=datetime(2026, 1, 1 + number, tzinfo=UTC),
        )
    empty = BookingFactory.create(
        telegram_user=TelegramUserFactory.create(first_name=None),
        course=None,
        course_stream=None,
        confirmed=None,
        discount_percent=None,
        created_at=None,
    )

    up, down = found(staff_client, sort=sort), found(staff_client, sort=f"-{sort}")

    assert up[:3] == down[:3][::-1]
    assert up[3] == down[3] == empty


def test_the_newest_come_first(staff_client):
    old = BookingFactory.create(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    new = BookingFactory.create(created_at=datetime(2026, 1, 2, tzinfo=UTC))

    assert found(staff_client) == [new, old]


@pytest.mark.parametrize(
    ("page", "number"), [("2", 2), ("abc", 1), ("-1", 2), ("0", 2), ("1000000000", 2), ("9" * 5000, 1)]
)
def test_any_page_is_a_page(staff_client, page, number):
    BookingFactory.create_batch(51, telegram_user=TelegramUserFactory.create())

    assert staff_client.get(ADDRESS, {"page": page}).context["page"].number == number


def test_pages_together_hold_every_booking_once(staff_client):
    BookingFactory.create_batch(120, telegram_user=TelegramUserFactory.create())

    seen = [booking.pk for page in (1, 2, 3) for booking in found(staff_client, sort="status", page=page)]

    assert len(seen) == len(set(seen)) == 120


# The address ----------------------------------------------------------------------------------------------------------


def test_active_filters_are_words_that_can_be_taken_away(staff_client):
    BookingFactory.create(confirmed=2)

    response = staff_client.get(f"{ADDRESS}?status=2&status=none&q=&since=2026-01-01&discount=no&sort=-name&page=1")

    words = {(one.label, one.value): one.address for one in response.context["active_filters"]}
    assert words == {
        ("Статус", "Подтверждено"): f"{ADDRESS}?status=none&since=2026-01-01&discount=no&sort=-name",
        ("Статус", "Неизвестно"): f"{ADDRESS}?status=2&since=2026-01-01&discount=no&sort=-name",
        ("Дата с", "01.01.2026"): f"{ADDRESS}?status=2&status=none&discount=no&sort=-name",
        ("Скидка", "Без скидки"): f"{ADDRESS}?status=2&status=none&since=2026-01-01&sort=-name",
    }


def test_nothing_found_says_why_and_offers_to_clear(staff_client, booking):
    response = staff_client.get(ADDRESS, {"q": "nobody"})

    assertContains(response, "Нет бронирований, подходящих под фильтры")
    assertContains(response, f'<a class="button" href="{ADDRESS}">Сбросить фильтр</a>', html=True)


def test_a_school_without_bookings_says_so(staff_client):
    assertContains(staff_client.get(ADDRESS), "Бронирований пока нет")


def test_htmx_gets_only_the_table_and_an_address_without_what_is_empty(staff_client, booking):
    response = staff_client.get(f"{ADDRESS}?q=&status=1&course=&sort=", headers=HTMX)

    assertContains(response, 'id="booking-table"')
    assertNotContains(response, "<h1")
    assertNotContains(response, 'id="booking-filter"')
    assert response["HX-Push-Url"] == f"{ADDRESS}?status=1"
    assert "HX-Request" in response["Vary"]


def test_the_same_address_is_not_pushed_twice(staff_client, booking):
    here = {"HX-Current-URL": f"http://testserver{ADDRESS}?status=1"}

    response = staff_client.get(f"{ADDRESS}?status=1&q=", headers=HTMX | here)

    assert response["HX-Push-Url"] == "false"


def test_history_gets_the_whole_page(staff_client, booking):
    assertContains(staff_client.get(ADDRESS, headers=HTMX | {"HX-History-Restore-Request": "true"}), "<h1")


def test_at_most_twelve_queries_over_the_whole_dump(client, db, django_assert_max_num_queries):
    bot_database.load("courses", "users", "bookings")
    client.force_login(UserFactory.create(permissions=["bookings.view_booking", "bookings.change_booking"]))
    client.get(ADDRESS)  # the first request of a session writes that it was seen

    with django_assert_max_num_queries(12):
        response = client.get(ADDRESS, {"q": "а", "status": ["0", "1", "2"], "sort": "name"})

    assert len(response.context["rows"]) == 50


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "5"),
        ("status", "[]"),
        ("course", "abc"),
        ("course", "9" * 40),
        ("stream", "nothing"),
        ("stream", "a\0b"),
        ("q", "a\0b"),
        ("q", "x" * 201),
        ("since", "yesterday"),
        ("since", "0001-01-01"),
        ("until", "9999-12-31"),
        ("discount", "11"),
        ("referral", "\0"),
        ("sort", "password"),
        ("sort", "-"),
    ],
)
def test_a_value_that_no_filter_has_is_said_beside_its_field(staff_client, booking, name, value):
    response = staff_client.get(ADDRESS, {name: value})

    assert response.status_code == 422
    assert name in response.context["form"].errors
    assertContains(response, "Не удалось применить фильтр", status_code=422)
    assert response.context["rows"] == []


def test_a_period_that_ends_before_it_begins_is_refused(staff_client):
    response = staff_client.get(ADDRESS, {"since": "2026-02-01", "until": "2026-01-01"})

    assertContains(response, "Период заканчивается раньше, чем начинается", status_code=422)


def test_parameters_that_nobody_knows_are_left_alone(staff_client, booking):
    assert found(staff_client, utm_source="mail", **{"status[]": "2", "q__gt": "1"}) == [booking]


names = st.sampled_from(
    ["q", "status", "course", "stream", "since", "until", "discount", "referral", "sort", "page", "x"]
)
values = st.text(max_size=60) | st.sampled_from(
    [
        "",
        "1",
        "-1",
        "2",
        "none",
        "8th_stream",
        "2026-01-01",
        "9999-12-31",
        "\0",
        "%00",
        "abc",
        "10000000000",
        "NaN",
        "1e9",
        "٣",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=sample(60, 600))
@given(query=st.lists(st.tuples(names, values), max_size=6), page=st.sampled_from(["list", "workshops", "stream"]))
def test_no_query_breaks_a_list(staff_client, booking, query, page):
    address = {
        "list": ADDRESS,
        "workshops": reverse("bookings:workshop_list"),
        "stream": reverse("bookings:stream_detail", args=["8th_stream"]),
    }[page]
    data: dict[str, list[str]] = {}
    for name, value in query:
        data.setdefault(name, []).append(value)

    assert staff_client.get(address, data).status_code in {200, 404, 422}
    assert Booking.objects.count() == 1
