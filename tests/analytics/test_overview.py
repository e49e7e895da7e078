"""The analytics: period and comparison in the address, parts, files, people behind numbers, definitions."""

import csv
import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from pytest_django.asserts import assertContains, assertNotContains

from analytics.definitions import DEFINITIONS, definitions_page
from analytics.periods import Period, PeriodForm, chosen_period, spell_days, streams_with_dates
from analytics.queries import EventShare, count_day, remembered_counts
from analytics.rollups import refresh_numbers
from analytics.views import overview
from analytics.views.funnels import spell_time
from bookings.models import Stream
from hsl_dashboard.web.days import Days, school_day
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
)
from users.models import PersonTotals

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)  # a Sunday
PERIOD = "period=custom&since=2026-11-01&until=2026-11-28"


def period(query: str):
    streams = streams_with_dates()
    form = PeriodForm(QueryDict(query), streams=streams)
    form.is_valid()
    return chosen_period(form, streams, NOW)


# Periods --------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "first", "last", "before"),
    [
        ("", "2026-11-02", "2026-11-29", "2026-10-05"),
        ("period=today", "2026-11-29", "2026-11-29", "2026-11-22"),
        ("period=7", "2026-11-23", "2026-11-29", "2026-11-16"),
        ("period=90", "2026-09-01", "2026-11-29", "2026-06-02"),
        ("period=7&compare=year", "2026-11-23", "2026-11-29", "2025-11-24"),
        # Dates that were written are meant, whatever stands in the choice beside them.
        (PERIOD.replace("custom", "28") + "&compare=none", "2026-11-01", "2026-11-28", None),
        (f"{PERIOD}&compare=none", "2026-11-01", "2026-11-28", None),
        ("period=nonsense", "2026-11-02", "2026-11-29", "2026-10-05"),
        ("period=custom&since=2026-11-28&until=2026-11-01", "2026-11-02", "2026-11-29", "2026-10-05"),
    ],
)
def test_a_period_and_its_comparison_stand_in_the_address(query: str, first: str, last: str, before: str | None):
    found = period(query)

    assert (str(found.days.first), str(found.days.last)) == (first, last)
    assert (str(found.compared.first) if found.compared else None) == before
    if found.compared and "year" not in query:
        # Weekdays stand below weekdays.
        assert found.compared.first.weekday() == found.days.first.weekday()


@pytest.mark.django_db
def test_a_stream_is_compared_with_the_same_day_of_the_one_before():
    StreamFactory.create(code="21", campaign_starts_on=date(2026, 6, 1), starts_on=date(2026, 8, 1))
    now = StreamFactory.create(code="22", campaign_starts_on=date(2026, 10, 1), starts_on=date(2026, 12, 14))

    found = period(f"period=stream:{now.pk}&compare=stream")

    assert found.days == Days(date(2026, 10, 1), date(2026, 11, 29))
    assert found.compared == Days(date(2026, 6, 1), date(2026, 7, 30))


def test_the_unfinished_day_is_left_out_of_averages():
    week = Period(Days(date(2026, 11, 23), date(2026, 11, 29)), Days(date(2026, 11, 16), date(2026, 11, 22)), True)
    assert week.finished == Days(date(2026, 11, 23), date(2026, 11, 28))
    assert week.compared_finished == Days(date(2026, 11, 16), date(2026, 11, 21))
    today = Period(Days(date(2026, 11, 29), date(2026, 11, 29)), None, True)
    assert today.finished is None and today.compared_finished is None


def test_days_are_written_as_people_write_them():
    with translation.override("ru"):
        assert spell_days(Days(date(2026, 11, 3), date(2026, 11, 30))) == "3 – 30 ноября 2026"
        assert spell_days(Days(date(2025, 12, 30), date(2026, 1, 2))) == "30 декабря 2025 – 2 января 2026"
        assert [spell_time(s) for s in (None, 59, 3_600, 90_061)] == ["—", "0 мин", "1 ч 0 мин", "1 д 1 ч"]


@pytest.mark.django_db
def test_a_period_that_makes_no_sense_is_refused_in_words(staff_client):
    response = staff_client.get("/analytics/?period=custom&since=2026-11-28&until=2026-11-01")

    assertContains(response, "Период заканчивается раньше", status_code=422)
    assertNotContains(response, 'id="growth"', status_code=422)  # no charts of other days, and nothing asks for them
    assertNotContains(response, "hx-get", status_code=422)
    assertContains(staff_client.get("/analytics/?period=custom"), "Укажите первый и последний день", status_code=422)
    file = staff_client.get("/analytics/charts/growth/?period=custom&since=2026-11-28&until=2026-11-01")
    assert file.url == "/analytics/?period=custom&since=2026-11-28&until=2026-11-01"


@pytest.mark.django_db
def test_a_comparison_with_a_stream_that_nobody_has_says_why_there_is_none(staff_client):
    address = "/analytics/?period=28&compare=stream"
    Stream.objects.all().delete()
    assertContains(staff_client.get(address), "Без сравнения: ни один поток с датами не текущий")

    StreamFactory.create(code="22", starts_on=date(2026, 12, 14), is_current=True)
    assertContains(
        staff_client.get(address), "Без сравнения: раньше потока «8-й поток» в его курсе нет потоков с датами"
    )


# Parts ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def school(db):
    """Three people who started in November: one paid, one booked, one only looked; one who came to a lesson."""
    at = datetime(2026, 11, 3, 9, tzinfo=UTC)
    people = TelegramUserFactory.create_batch(4, first_seen_at=at)
    for person in people[:3]:
        EventFactory.create(telegram_user=person, event_type="start_command", created_at=at)
        EventFactory.create(
            telegram_user=person,
            event_type="view_program",
            details={"course_id": 1},
            created_at=at + timedelta(hours=2),
        )
    for person, status in zip(people[:2], (2, 1), strict=True):
        BookingFactory.create(telegram_user=person, confirmed=status, created_at=at + timedelta(days=1))
    FreeLessonRegistrationFactory.create(telegram_user=people[3], registered_at=at)
    StreamFactory.create(code="21", starts_on=date(2026, 11, 20), name="Поток ноября")
    BroadcastFactory.create(started_at=at, total_recipients=100)
    refresh_numbers(timezone.now())
    return people


def test_without_javascript_each_part_has_a_page_with_the_same_period(staff_client, school):
    links = re.findall(r'href="([^"]+part=(\w+)#\w+)"', staff_client.get(f"/analytics/?{PERIOD}").text)
    assert [name for _link, name in links] == ["growth", "daily", "funnels", "types", "cohorts", "leads", "hours"]

    for link, name in links:
        page = staff_client.get(link.replace("&amp;", "&"))

        assertContains(page, "<h1>")
        assertContains(page, f'<input type="hidden" name="part" value="{name}">', html=True)
        # Of this part the page has what it shows, of the others links to their pages.
        assert page.context["form"]["since"].value() == "2026-11-01"
        assert f"part={name}#" not in page.text
        assert page.text.count('hx-trigger="load"') == len(links) - 1


def test_charts_mark_starts_of_streams_and_messages(staff_client, school):
    html = staff_client.get(f"/analytics/?{PERIOD}&part=growth", headers={"HX-Request": "true"}).text

    assert "Поток ноября: начало" in html
    assert "получателей: 100" in html


@pytest.mark.parametrize("name", ["growth", "daily", "types", "funnels", "cohorts", "hours"])
@pytest.mark.parametrize("query", ["period=today", "period=7", "period=365", PERIOD])
def test_a_part_is_drawn_with_and_without_rows(staff_client, name, query, django_assert_max_num_queries):
    BookingFactory.create()
    refresh_numbers(timezone.now())
    staff_client.get("/analytics/")  # notes when the session was last seen
    with django_assert_max_num_queries(12):
        response = staff_client.get(f"/analytics/?{query}&part={name}", headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert f'id="{name}"' in response.text and "<h1>" not in response.text


def test_a_funnel_says_people_both_rates_and_times(staff_client, school):
    html = staff_client.get(f"/analytics/?{PERIOD}&part=funnels", headers={"HX-Request": "true"}).text
    course = html.split('id="funnel-course"')[1].split("</table>")[0]

    numbers = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row.replace("&nbsp;", " "))).split()
        for row in course.split("<tr>")[2:]
    ]
    assert [" ".join(row).split("%")[0].split()[-2:] for row in numbers[:2]] == [["3", "100"], ["3", "100"]]
    assert "2 ч 0 мин" in course and "67" in course and "33" in course


def test_each_step_opens_its_people(staff_client, school):
    html = staff_client.get(f"/analytics/?{PERIOD}&part=funnels", headers={"HX-Request": "true"}).text
    links = re.findall(r'href="(/analytics/people/[^"]+)">(\d+)</a>', html)

    assert [int(number) for _link, number in links] == [3, 3, 2, 0, 1, 1, 0, 0, 0]
    for link, number in links:
        page = staff_client.get(link.replace("&amp;", "&")).text
        assert re.search(rf'role="status"><strong>\s*{number} ', page), link
        assert page.count('class="person"') == int(number)


def test_the_daily_table_sorts_and_sums(staff_client, school):
    html = staff_client.get(f"/analytics/?{PERIOD}&part=daily&sort=-bookings", headers={"HX-Request": "true"}).text

    first = re.search(r"<tbody><tr>\s*<th scope=\"row\">([\d.]+)", html)
    assert first and first[1] == "04.11.2026"
    assert 'aria-sort="descending"' in html


# Files ----------------------------------------------------------------------------------------------------------------


def test_a_chart_gives_its_data_and_itself_with_the_period_printed(staff_client, school):
    data = staff_client.get(f"/analytics/charts/new_people/?{PERIOD}&format=csv")
    rows = list(csv.reader(StringIO(data.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == ["Новые люди, 1 – 28 ноября 2026"]
    assert rows[1] == ["День", "Новые люди", "Для сравнения", "Что произошло"]
    assert len(rows) == 2 + 28
    assert [row[:3] for row in rows[2:] if row[1] != "0"] == [["2026-11-03", "4", "0"]]

    picture = staff_client.get(f"/analytics/charts/new_people/?{PERIOD}&format=svg")
    assert picture["Content-Type"] == "image/svg+xml"
    drawn = ElementTree.fromstring(picture.content)
    assert "1 – 28 ноября 2026" in "".join(drawn.itertext())

    assert staff_client.get("/analytics/charts/nothing/").status_code == 404


def test_leads_are_drawn_as_they_are_now_and_each_opens_its_people(staff_client, school):
    for temperature, number in ((3, 2), (2, 1), (0, 1)):
        for person in TelegramUserFactory.create_batch(number):
            PersonTotals.objects.filter(pk=person.pk).update(temperature=temperature)

    page = staff_client.get("/analytics/?part=leads")

    chart = page.context["leads"]
    assert [numbers for _label, numbers, _marks in chart.rows] == [[2], [1], [0]]
    assert [str(mark.label) for mark in chart.marks] == ["2", "1"]
    assert chart.marked == []  # nothing happened there: links and no dashed lines over the bars
    for mark, number in zip(chart.marks, (2, 1), strict=True):
        assert len(staff_client.get(mark.address).context["page"].rows) == number
    address = reverse("analytics:chart_file", args=["temperatures"])
    assert staff_client.get(f"{address}?format=csv")["Content-Type"].startswith("text/csv")
    assert (
        date_format(school_day(timezone.now()), "j E Y") in staff_client.get(f"{address}?format=svg").content.decode()
    )


def test_a_day_with_very_many_rows_is_counted_by_beat_and_the_page_says_as_of_when(staff_client, monkeypatch):
    monkeypatch.setattr("analytics.queries.MANY_ROWS", 3)
    EventFactory.create_batch(3, created_at=timezone.now())
    refresh_numbers(timezone.now())
    count_day(school_day(timezone.now()))
    EventFactory.create(created_at=timezone.now())

    page = staff_client.get("/analytics/?period=today&part=types")

    assert page.context["types_total"] == 3
    assertContains(page, "Сегодняшний день посчитан в ")
    cache.clear()
    monkeypatch.setattr("analytics.queries.MANY_ROWS", 20)
    assert staff_client.get("/analytics/?period=today&part=types").context["types_total"] == 4


def test_messages_to_very_many_people_are_counted_by_beat_too(staff_client, monkeypatch):
    monkeypatch.setattr("analytics.queries.MANY_ROWS", 3)
    RecipientFactory.create_batch(3, sent_at=timezone.now())
    EventFactory.create(created_at=timezone.now())
    today = school_day(timezone.now())

    count_day(today)

    remembered = remembered_counts(today)
    assert remembered is not None
    assert ("delivered", "", 3) in remembered.rows


def lines_of(client, name: str, query: str = PERIOD) -> list[list[str]]:
    response = client.get(f"/analytics/tables/{name}/?{query}&format=csv")
    return list(csv.reader(StringIO(b"".join(response.streaming_content).decode("utf-8-sig")), delimiter=";"))


def test_every_table_is_a_file_too(staff_client, school):
    days, types, funnels, cohorts, hours = (
        lines_of(staff_client, name) for name in ("days", "types", "funnels", "cohorts", "hours")
    )

    assert days[0][:4] == ["День", "День недели", "Новые люди", "Активные люди"] and len(days) == 1 + 28
    assert types[1:] == [["Запуск бота", "3", "50"], ["Просмотр программы", "3", "50"]]
    assert [row[2:5] for row in funnels[1:4]] == [["3", "100", ""], ["3", "100", "100"], ["2", "67", "67"]]
    assert funnels[2][5] == "120" and len(funnels) == 1 + 5 + 4
    assert [row[:3] for row in cohorts if row[0] == "2 – 8 ноября 2026"] == [["2 – 8 ноября 2026", "4", "100"]]
    assert hours[0][1:3] == ["00", "01"] and [row[-1] for row in hours[1:]] == ["0", "6", "0", "0", "0", "0", "0"]

    workbook = staff_client.get(f"/analytics/tables/days/?{PERIOD}&format=xlsx")
    assert b"".join(workbook.streaming_content).startswith(b"PK")
    assert staff_client.get("/analytics/tables/nothing/").status_code == 404


def test_the_file_of_a_funnel_is_of_the_scope_that_the_page_shows(staff_client, school):
    html = staff_client.get(
        f"/analytics/?{PERIOD}&part=funnels&lesson_scope=lesson:nothing", headers={"HX-Request": "true"}
    ).text
    [address] = re.findall(r'href="(/analytics/tables/funnels/[^"]+format=csv)"', html)
    written = b"".join(staff_client.get(address.replace("&amp;", "&")).streaming_content).decode("utf-8-sig")

    assert [line.split(";")[2] for line in written.splitlines()[1:]] == ["3", "3", "2", "0", "1", "0", "0", "0", "0"]


def test_people_active_on_two_days_are_not_summed(staff_client, school):
    feet = dict(staff_client.get(f"/analytics/?{PERIOD}&part=daily").context["feet"])

    assert feet["Всего"][:3] == ["4", "—", "2"]
    assert feet["Для сравнения"][1] == "—" != feet["В среднем за законченный день"][1]


def test_a_share_that_rounds_to_nothing_is_not_nothing(staff_client, monkeypatch):
    shares = [EventShare("a", 999, 100), EventShare("b", 1, 0)]
    monkeypatch.setattr(overview, "events_by_type", lambda _days, _fresh: shares)

    assertContains(staff_client.get(f"/analytics/?{PERIOD}&part=types"), '<td class="numeric">&lt;&nbsp;1&nbsp;%</td>')


def test_files_of_a_chart_say_what_happened_and_what_is_not_over(staff_client, school):
    query = f"{PERIOD}&compare=none"
    data = staff_client.get(f"/analytics/charts/new_people/?{query}&format=csv").content.decode("utf-8-sig")
    rows = list(csv.reader(StringIO(data), delimiter=";"))
    assert rows[1] == ["День", "Новые люди", "Что произошло"]
    happened = [(row[0], row[2]) for row in rows[2:] if row[2]]
    assert [day for day, _what in happened] == ["2026-11-03", "2026-11-20"]
    assert "получателей: 100" in happened[0][1] and happened[1][1] == "Поток ноября: начало"

    drawn = "".join(
        ElementTree.fromstring(staff_client.get(f"/analytics/charts/growth/?{query}&format=svg").content).itertext()
    )
    assert "20 ноя: Поток ноября: начало" in drawn and "ещё не закончил" not in drawn
    today = staff_client.get("/analytics/charts/growth/?period=7&format=svg").content.decode()
    assert "Последний день или неделя ещё не закончились." in today and 'fill="#f3f3f8"' in today


# People behind a number -----------------------------------------------------------------------------------------------


def test_a_cell_of_a_cohort_opens_its_people(staff_client, school):
    html = staff_client.get(f"/analytics/?{PERIOD}&part=cohorts", headers={"HX-Request": "true"}).text
    found = re.search(r'href="(/analytics/people/\?cohort=2026-11-02[^"]+)"\s+aria-label="(\d+) %, (\d+)"', html)
    assert found and found.group(2, 3) == ("100", "4")

    page = staff_client.get(found[1].replace("&amp;", "&"))

    assertContains(page, "Когорта 2 – 8 ноября 2026")
    assertContains(page, '<th scope="col">Первая активность, МСК</th>', html=True)


@pytest.mark.parametrize(
    "query",
    [
        "", "since=2026-11-01", "since=2026-11-02&until=2026-11-01", "since=1970-01-01&until=2199-01-01",
        "funnel=lesson&step=5&since=2026-11-01&until=2026-11-02", "funnel=x&since=2026-11-01&until=2026-11-02",
        "cohort=2026-13-01", "step=99999999999999999999&since=2026-11-01&until=2026-11-02",
    ],
)  # fmt: skip
def test_an_address_of_no_number_says_so(staff_client, query):
    assertContains(staff_client.get(f"/analytics/people/?{query}"), "За этим показателем никого нет", status_code=422)


def test_a_hostile_scope_is_only_text(staff_client, school):
    hostile = "%3Cscript%3E%27"
    response = staff_client.get(
        f"/analytics/people/?funnel=course&step=2&since=2026-11-01&until=2026-11-28&course_scope={hostile}"
    )

    assert response.status_code == 200
    assert "<script>'" not in response.text


# Definitions ----------------------------------------------------------------------------------------------------------


def test_the_paper_about_the_numbers_says_what_the_pages_say():
    with translation.override("en"):
        assert (ROOT / "docs" / "numbers.md").read_text() == definitions_page()


@pytest.mark.django_db
def test_the_page_of_definitions_has_every_one(staff_client):
    response = staff_client.get("/analytics/definitions/")

    for definition in DEFINITIONS.values():
        assertContains(response, f'<dt id="{definition.name}">{definition.label}</dt>', html=True)
        assertContains(response, definition.text)
