"""The pages of free lessons: filters, sums that lead to as many rows, export, permissions."""

from datetime import UTC, date, datetime, timedelta
from html import unescape
from re import findall
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.lessons.lesson_dates import lesson_dates
from bookings.lessons.steps import fold_steps
from bookings.models import FreeLessonRegistration, LessonSteps
from tests import bot_database
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.models import PeopleExport

LIST, DATES, EXPORT = (reverse(f"bookings:lesson_{name}") for name in ("list", "dates_list", "export"))
AT = datetime(2026, 11, 2, 20, 59, 59, tzinfo=UTC)  # 23:59:59 in Moscow
pytestmark = pytest.mark.django_db


def found(client, **query) -> set[int]:
    response = client.get(LIST, query)
    assert response.status_code == 200, response.context["form"].errors
    return {row["steps"].pk for row in response.context["rows"]}


@pytest.fixture
def one_of_each() -> dict[str, int]:
    """Somebody who only registered, who came, who booked before, who booked, who was confirmed."""
    kinds: dict[str, dict[str, Any]] = {
        "registered": {},
        "came": {"lesson_type": "vibecoding_lesson", "notification_sent": True},
        "booked_before": {"lesson_date": None},
        "booked": {"registered_at": AT + timedelta(seconds=1)},
        "confirmed": {"lesson_type": None},
    }
    rows = {
        name: FreeLessonRegistrationFactory.create(
            **{"lesson_date": date(2026, 11, 5), "registered_at": AT, "telegram_user__first_name": name} | values
        )
        for name, values in kinds.items()
    }
    EventFactory.create(
        telegram_user=rows["came"].telegram_user,
        event_type="lesson_link_clicked",
        details={"lesson": {"lesson_type": "vibecoding_lesson"}},
        created_at=AT,
    )
    BookingFactory.create(
        telegram_user=rows["booked_before"].telegram_user, created_at=AT - timedelta(seconds=1), confirmed=2
    )
    BookingFactory.create(telegram_user=rows["booked"].telegram_user, created_at=AT + timedelta(1), confirmed=-1)
    BookingFactory.create(telegram_user=rows["confirmed"].telegram_user, created_at=AT + timedelta(1), confirmed=2)
    return {name: row.pk for name, row in rows.items()}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, {"registered", "came", "booked_before", "booked", "confirmed"}),
        ({"attended": "yes"}, {"came"}),
        ({"attended": "no"}, {"registered", "booked_before", "booked", "confirmed"}),
        ({"booked": "yes"}, {"booked", "confirmed"}),
        ({"booked": "no"}, {"registered", "came", "booked_before"}),
        ({"booked": "confirmed"}, {"confirmed"}),
        ({"reminder": "yes"}, {"came"}),
        ({"reminder": "no"}, {"registered", "booked_before", "booked", "confirmed"}),
        ({"lesson": "vibecoding_lesson"}, {"came"}),
        ({"lesson": "none"}, {"confirmed"}),
        ({"dated": "none"}, {"booked_before"}),
        ({"dated": "yes"}, {"registered", "came", "booked", "confirmed"}),
        ({"lesson_since": "2026-11-05", "lesson_until": "2026-11-05"}, {"registered", "came", "booked", "confirmed"}),
        ({"lesson_until": "2026-11-04"}, set()),
        ({"since": "2026-11-03"}, {"booked"}),
        ({"until": "2026-11-02"}, {"registered", "came", "booked_before", "confirmed"}),
        ({"q": "booked"}, {"booked", "booked_before"}),
        ({"q": "nobody of that name"}, set()),
    ],
)
def test_each_filter_keeps_its_rows(staff_client, one_of_each, query, names):
    fold_steps()

    assert found(staff_client, **query) == {one_of_each[name] for name in names}


def test_the_page_counts_who_was_marked_before_it_is_drawn(staff_client, one_of_each):
    assert not LessonSteps.objects.exists()

    assert len(found(staff_client)) == 5


def test_more_than_a_page_counts_are_said_to_wait(staff_client):
    for _ in range(101):
        FreeLessonRegistrationFactory.create(registered_at=AT)

    response = staff_client.get(LIST)

    assertContains(response, "пересчитываем")
    fold_steps()
    assertNotContains(staff_client.get(LIST), "пересчитываем")


def test_pages_follow_each_other_without_a_gap(staff_client):
    for number in range(120):
        FreeLessonRegistrationFactory.create(registered_at=None if number % 3 else AT + timedelta(minutes=number))
    fold_steps()
    seen, after = [], ""

    while True:
        response = staff_client.get(LIST, {"after": after})
        seen += [row["steps"].pk for row in response.context["rows"]]
        after = response.context["page"].after
        if not after:
            break

    assert len(seen) == len(set(seen)) == 120
    assert seen == list(LessonSteps.objects.order_by("-registered_at", "-pk").values_list("pk", flat=True))


def test_a_search_by_email_needs_the_permission(client, staff_client):
    FreeLessonRegistrationFactory.create(email="somebody.rare@example.test")
    client.force_login(UserFactory.create(permissions=["bookings.view_freelessonregistration"]))
    fold_steps()

    assert len(found(staff_client, q="rare@example")) == 1
    assert found(client, q="rare@example") == set()
    assertNotContains(client.get(LIST), "somebody.rare")
    assertNotContains(staff_client.get(LIST), "somebody.rare")
    assertContains(staff_client.get(LIST), "s•••@example.test")


def test_a_page_takes_few_queries_however_many_rows(staff_client, django_assert_max_num_queries):
    for _ in range(60):
        FreeLessonRegistrationFactory.create(registered_at=AT)
    fold_steps()
    staff_client.get(LIST)  # once an hour a session notes that it was seen

    with django_assert_max_num_queries(11):
        staff_client.get(LIST)
    with django_assert_max_num_queries(9):
        staff_client.get(DATES)


# Sums -----------------------------------------------------------------------------------------------------------------


def test_every_sum_of_the_dump_leads_to_as_many_rows(staff_client):
    bot_database.load("users", "courses", "bookings", "events", "free_lesson_registrations")
    fold_steps()

    html = staff_client.get(DATES).content.decode()

    links = findall(r'<a href="(/free-lessons/\?lesson=[^"]+)">([\d\xa0]+)</a>', html)
    assert len(links) > 100
    counts = [(unescape(address), int(number.replace("\xa0", ""))) for address, number in links]
    for address, number in [*counts[:5], *counts[-10:], *[pair for pair in counts if pair[1] > 3][:15]]:
        assert staff_client.get(address).context["count"] == number, address


def test_the_sums_of_the_dump_are_those_of_plain_python():
    bot_database.load("users", "courses", "bookings", "events", "free_lesson_registrations")
    fold_steps()
    rows: dict[tuple[Any, ...], list[Any]] = {}
    for row in FreeLessonRegistration.objects.select_related("steps"):
        rows.setdefault((row.lesson_date, row.lesson_type or ""), []).append(row)

    sums = lesson_dates(size=10_000)

    assert {(one.lesson_on, one.lesson_type): one.registrations for one in sums} == {
        key: len(group) for key, group in rows.items()
    }
    for one in sums:
        group = rows[one.lesson_on, one.lesson_type]
        assert one.reminded == sum(bool(row.notification_sent) for row in group)
        assert one.attended == sum(row.steps.attended_at is not None for row in group)
        assert one.booked == sum(row.steps.booked_at is not None for row in group)
        assert one.confirmed == sum(row.steps.confirmed for row in group)
        assert one.attended_share <= 100
    keys = [(one.lesson_on or date.min, one.lesson_type) for one in sums]
    assert keys == sorted(keys, reverse=True)
    assert [*lesson_dates(size=7), *lesson_dates(size=10_000, after=sums[6].place)] == sums


@pytest.mark.parametrize("after", ["x", "none.", "2026-11-05.cursor\0", "9999-99-99.x", "." * 3000])
def test_a_place_that_nobody_wrote_gives_a_page(staff_client, after, one_of_each):
    assert staff_client.get(DATES, {"after": after}).status_code == 200


# Export ---------------------------------------------------------------------------------------------------------------


def lines_of(response) -> list[str]:
    return b"".join(response.streaming_content).decode().splitlines()


def test_the_export_holds_the_filtered_list_and_is_recorded(staff_client, staff, one_of_each):
    response = staff_client.post(f"{EXPORT}?booked=yes", {"format": "csv"})

    heading, *rows = lines_of(response)
    assert f"free-lessons-{timezone.localdate():%Y-%m-%d}.csv" in response["Content-Disposition"]
    assert "Почта" in heading
    assert {int(row.split(";")[0]) for row in rows} == {one_of_each["booked"], one_of_each["confirmed"]}
    export = PeopleExport.objects.get()
    assert (export.exported_by, export.rows, export.with_emails) == (staff, 2, True)
    assert "booked=yes" in export.query


def test_without_the_permission_an_export_has_no_emails(client, one_of_each):
    client.force_login(UserFactory.create(permissions=["bookings.view_freelessonregistration", "users.export_people"]))

    assert "example.test" not in "".join(lines_of(client.post(EXPORT, {"format": "csv"})))


def test_a_workbook_opens(staff_client, one_of_each):
    response = staff_client.post(EXPORT, {"format": "xlsx"})

    assert b"".join(response.streaming_content).startswith(b"PK")


def test_nonsense_exports_nothing(staff_client):
    assert staff_client.post(EXPORT, {"format": "pdf"}).status_code == 400
    assert staff_client.post(f"{EXPORT}?since=x", {"format": "csv"}).status_code == 400


def test_an_empty_school_is_told_so_kindly(staff_client):
    assertContains(staff_client.get(LIST), "Записей пока нет")
    assertContains(staff_client.get(DATES), "Записей пока нет")
    assertContains(staff_client.get(LIST, {"attended": "yes"}), "Под эти фильтры не подходит ни одна запись")


def test_a_hostile_name_is_only_text(staff_client):
    person = TelegramUserFactory.create(first_name="<script>alert(1)</script>")
    FreeLessonRegistrationFactory.create(telegram_user=person, lesson_type="<b>x</b>")

    for address in (LIST, DATES):
        assertNotContains(staff_client.get(address), "<script>alert")
        assertNotContains(staff_client.get(address), "<b>x</b>")
