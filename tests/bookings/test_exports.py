"""E3: bookings and the people of a stream as files: exactly the filtered list, recorded, with its permission."""

import csv
import io
from datetime import date

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pytest_django.asserts import assertContains, assertNotContains

from bookings.lessons.steps import fold_steps
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    StreamFactory,
    TelegramUserFactory,
)
from tests.signing_in import client_with
from users.models import PeopleExport

pytestmark = pytest.mark.django_db

LIST = reverse("bookings:booking_list")
BOOKINGS = reverse("bookings:booking_export")
STREAM = reverse("bookings:stream_detail", args=["9th_stream"])
STUDENTS = reverse("bookings:stream_export", args=["9th_stream"])


def downloaded(response):
    content = b"".join(response.streaming_content)
    if response["Content-Type"].startswith("text/csv"):
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    else:
        rows = [list(row) for row in load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@pytest.fixture
def school(db):
    stream = StreamFactory.create(code="9th_stream", name="9-й поток", campaign_starts_on=date(2026, 1, 1))
    for name, status, code in [
        ("Анна", 2, "9th_stream"),
        ("Борис", 1, "9th_stream"),
        ("Вера", 2, "9th_stream"),
        ("=Глеб()", 2, "8th_stream"),
    ]:
        person = TelegramUserFactory.create(first_name=name)
        BookingFactory.create(telegram_user=person, confirmed=status, course_stream=code, discount_percent=15)
    viewer = TelegramUserFactory.create(first_name="Дина")
    EventFactory.create(telegram_user=viewer, event_type="view_program", details={"course_id": stream.course_id})
    return stream


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("query", ["", "?status=2&sort=name", "?q=анна", "?stream=9th_stream&sort=-status"])
def test_E3_the_file_is_the_list_of_bookings_in_its_order(staff_client, school, file_format, query):
    shown = [row.booking.pk for row in staff_client.get(LIST + query).context["rows"]]

    rows = downloaded(staff_client.post(BOOKINGS + query, {"format": file_format}))

    assert [int(row["№"]) for row in rows] == shown


def test_E3_a_booking_leaves_in_words_and_no_name_becomes_a_formula(staff_client, school):
    [row] = downloaded(staff_client.post(f"{BOOKINGS}?stream=8th_stream", {"format": "csv"}))

    assert row["Имя"] == "'=Глеб()"
    assert (row["Курс"], row["Поток"], row["Статус"], row["Скидка, %"]) == (
        "Вайб кодинг",
        "8th_stream" if row["Поток"] == "8th_stream" else "8-й поток",
        "Подтверждено",
        "15",
    )
    assert row["Регистрация, МСК"] == "02.11.2026 15:30"


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("query", ["", "?status=2&sort=name", "?q=вера", "?sort=-name"])
def test_E3_the_file_is_the_table_of_the_stream(staff_client, school, file_format, query):
    shown = [row.booking.pk for row in staff_client.get(STREAM + query).context["rows"]]

    rows = downloaded(staff_client.post(STUDENTS + query, {"format": file_format}))

    assert shown
    assert [int(row["№"]) for row in rows] == shown


def test_E3_those_who_viewed_leave_too(staff_client, school):
    [row] = downloaded(staff_client.post(f"{STUDENTS}?status=viewed", {"format": "csv"}))

    assert (row["Имя"], row["События"]) == ("Дина", "1")


@pytest.mark.parametrize(("page", "export"), [(LIST, BOOKINGS), (STREAM, STUDENTS)])
def test_E3_an_export_is_recorded_with_its_filter_and_length(staff, staff_client, school, page, export):
    assertContains(staff_client.get(f"{page}?q=анна"), f'action="{export}?q=')

    list(staff_client.post(f"{export}?q=анна", {"format": "csv"}).streaming_content)

    recorded = PeopleExport.objects.get()
    assert (recorded.exported_by, recorded.rows, recorded.with_emails) == (staff, 1, False)
    assert recorded.query.startswith(f"{export}?q=")


@pytest.mark.parametrize(("page", "export"), [(LIST, BOOKINGS), (STREAM, STUDENTS)])
def test_E3_it_takes_the_permission_and_a_post(staff_client, school, page, export):
    viewer = client_with("bookings.view_booking")

    assert viewer.post(export, {"format": "csv"}).status_code == 403
    assertNotContains(viewer.get(page), export)
    assert staff_client.get(export).status_code == 405
    assert not PeopleExport.objects.exists()


@pytest.mark.parametrize("export", [BOOKINGS, STUDENTS])
@pytest.mark.parametrize(("query", "file_format"), [("?sort=x", "csv"), ("", "exe"), ("", "")])
def test_E3_what_is_not_understood_exports_nobody(staff_client, school, export, query, file_format):
    assert staff_client.post(export + query, {"format": file_format}).status_code == 400
    assert not PeopleExport.objects.exists()


@pytest.mark.parametrize(("page", "export"), [(LIST, BOOKINGS), (STREAM, STUDENTS)])
def test_E3_a_list_too_long_for_a_workbook_is_offered_as_csv(staff_client, school, page, export, monkeypatch):
    monkeypatch.setattr("users.people.downloads.XLSX_ROWS", 2)

    response = staff_client.post(f"{export}?sort=name", {"format": "xlsx"})

    assertContains(response, f'action="{export}?sort=name"', status_code=422)
    assertContains(response, f'href="{page}?sort=name"', status_code=422)
    assert not PeopleExport.objects.exists()


# Rows whose time nobody wrote -----------------------------------------------------------------------------------------

UNKNOWN = "время неизвестно"


@pytest.fixture
def timeless(db):
    """A booking and a registration without a time, each beside one that has it."""
    FreeLessonRegistrationFactory.create()
    StreamFactory.create(code="9th_stream")
    registration = FreeLessonRegistrationFactory.create(registered_at=None)
    BookingFactory.create(course_stream="9th_stream")
    booking = BookingFactory.create(
        telegram_user=registration.telegram_user, created_at=None, course_stream="9th_stream"
    )
    fold_steps()
    return booking


@pytest.mark.parametrize("page", [LIST, STREAM, "/free-lessons/"])
def test_a_time_that_nobody_wrote_is_said_to_be_unknown(staff_client, timeless, page):
    assert staff_client.get(page).content.decode().count(UNKNOWN) == 1


def test_the_page_of_a_booking_and_of_a_person_say_so_too(staff_client, timeless):
    assertContains(staff_client.get(reverse("bookings:booking_detail", args=[timeless.pk])), UNKNOWN)
    assertContains(staff_client.get(reverse("users:person_detail", args=[timeless.telegram_user_id])), UNKNOWN)


@pytest.mark.parametrize("sort", ["created", "-created"])
def test_what_has_no_time_comes_last_both_ways(staff_client, timeless, sort):
    for page in (LIST, STREAM):
        assert staff_client.get(page, {"sort": sort}).context["rows"][-1].booking == timeless


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
@pytest.mark.parametrize("address", [BOOKINGS, STUDENTS, reverse("bookings:lesson_export")])
def test_a_time_that_nobody_wrote_leaves_in_words(staff_client, timeless, address, file_format):
    rows = downloaded(staff_client.post(address, {"format": file_format}))

    assert [UNKNOWN in row.values() for row in rows].count(True) == 1
