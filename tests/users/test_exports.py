"""The list of people as a file: the same people in the same order, safe in a spreadsheet, written down."""

import csv
import io
import tracemalloc
from typing import Any
from urllib.parse import quote, unquote

import pytest
from django.test import Client
from openpyxl import load_workbook

from tests.factories import PASSWORD, BookingFactory, FreeLessonRegistrationFactory, TelegramUserFactory, UserFactory
from tests.signing_in import reauthenticated, signed_in
from users.models import PeopleExport, User
from users.people.listing import people_list

pytestmark = pytest.mark.django_db
EXPORT = "/users/export/"


@pytest.fixture
def staff_client(staff: User) -> Client:
    return reauthenticated(staff)


def csv_rows(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";"))


def xlsx_rows(response) -> list[tuple[Any, ...]]:
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    return list(sheet.iter_rows())


def test_csv_holds_exactly_the_filtered_list_in_its_order(staff_client):
    booked = [BookingFactory.create(telegram_user__first_name=name).telegram_user for name in ("Вера", "Анна", "Белла")]
    TelegramUserFactory.create(first_name="Лишняя")

    rows = csv_rows(staff_client.post(EXPORT + "?stream=8th_stream&sort=name", {"format": "csv"}))

    assert [row[1] for row in rows[1:]] == ["Анна", "Белла", "Вера"]
    assert {int(row[0]) for row in rows[1:]} == {person.pk for person in booked}
    assert rows[0][:5] == ["ID", "Имя", "Фамилия", "Username", "Почта"]
    assert rows[1][6:9] == ["8-й поток", "В ожидании", "1"]


def test_xlsx_holds_exactly_the_filtered_list_in_its_order(staff_client):
    TelegramUserFactory.create(first_name="Яна", language_code="kk")
    TelegramUserFactory.create(first_name="Анна", language_code="kk")
    TelegramUserFactory.create(first_name="Лишняя")

    rows = xlsx_rows(staff_client.post(EXPORT + "?language=kk&sort=-name", {"format": "xlsx"}))

    assert [row[1].value for row in rows[1:]] == ["Яна", "Анна"]


@pytest.mark.parametrize(
    "name",
    [
        "=1+1", "+7", "-2", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x";"y")',
        " =1+1", "\u00a0=1+1", "\ufeff=1+1", "\u200b =1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)",
    ],
)  # fmt: skip
def test_D6_no_name_becomes_a_formula(staff_client, name):
    TelegramUserFactory.create(first_name=name, last_name='a;"b"\nc', username=None)

    [_, row] = csv_rows(staff_client.post(EXPORT, {"format": "csv"}))
    [_, cells] = xlsx_rows(staff_client.post(EXPORT, {"format": "xlsx"}))

    assert row[1:3] == [f"'{name}", 'a;"b"\nc']
    assert cells[1].data_type == "s"
    assert cells[1].value.strip() == name.strip()


def test_D6_a_long_id_is_not_rounded(staff_client):
    TelegramUserFactory.create(user_id=-1_001_234_567_890_123)
    TelegramUserFactory.create(user_id=8_123_456_789)

    rows = xlsx_rows(staff_client.post(EXPORT + "?sort=id", {"format": "xlsx"}))

    assert [row[0].value for row in rows[1:]] == ["-1001234567890123", 8_123_456_789]


def test_control_characters_do_not_break_a_workbook(staff_client):
    TelegramUserFactory.create(first_name="a\x01\x0bb\ufffe")

    [_, cells] = xlsx_rows(staff_client.post(EXPORT, {"format": "xlsx"}))

    assert cells[1].value == "ab"


def test_an_export_is_written_down_with_its_filter_and_size(staff, staff_client):
    TelegramUserFactory.create_batch(3)

    response = staff_client.post(EXPORT + "?language=ru&sort=name", {"format": "csv"})

    export = PeopleExport.objects.get()
    assert (export.exported_by, export.query, export.format, export.with_emails) == (
        staff, "language=ru&sort=name", "csv", True,
    )  # fmt: skip
    assert export.rows is None
    csv_rows(response)
    export.refresh_from_db()
    assert export.rows == 3


def test_emails_leave_only_with_those_who_may_see_them(db):
    person = TelegramUserFactory.create()
    for day in ("2026-01-01", "2026-01-02"):
        FreeLessonRegistrationFactory.create(telegram_user=person, email="anna@mail.example", lesson_date=day)
    FreeLessonRegistrationFactory.create(telegram_user=person, email="b@mail.example", lesson_date="2026-01-03")
    granted = ["users.view_telegramuser", "users.export_people"]

    client = reauthenticated(UserFactory.create(permissions=granted))
    rows = csv_rows(client.post(EXPORT, {"format": "csv"}))
    assert "Почта" not in rows[0]
    assert "mail.example" not in str(rows)
    client = reauthenticated(UserFactory.create(permissions=[*granted, "users.view_email"]))
    assert csv_rows(client.post(EXPORT, {"format": "csv"}))[1][4] == "anna@mail.example, b@mail.example"


def test_the_export_asks_for_its_permission_and_for_a_post(client, staff_client):
    client.force_login(UserFactory.create(permissions=["users.view_telegramuser"]))

    assert client.post(EXPORT, {"format": "csv"}).status_code == 403
    assert staff_client.get(EXPORT).status_code == 405
    assert not PeopleExport.objects.exists()


def test_a_list_of_people_leaves_only_after_the_password_was_given_again(staff):
    TelegramUserFactory.create(first_name="Анна")
    client = signed_in(staff)

    asked = client.post(f"{EXPORT}?q=анна", {"format": "csv"})

    assert asked.status_code == 303
    address, _mark, query = asked["Location"].partition("?next=")
    assert (address, unquote(query)) == ("/accounts/reauthenticate/", f"/users/?q={quote('анна')}")
    assert not PeopleExport.objects.exists()
    client.post(address, {"password": PASSWORD})
    assert csv_rows(client.post(f"{EXPORT}?q=анна", {"format": "csv"}))[1][1] == "Анна"


@pytest.mark.parametrize(("query", "file_format"), [("since=x", "csv"), ("", "exe"), ("", ""), ("status=77", "xlsx")])
def test_a_question_that_is_not_understood_exports_nobody(staff_client, query, file_format):
    assert staff_client.post(f"{EXPORT}?{query}", {"format": file_format}).status_code == 400
    assert not PeopleExport.objects.exists()


def test_a_list_too_long_for_a_workbook_is_offered_as_csv(staff_client, monkeypatch):
    TelegramUserFactory.create_batch(3)
    monkeypatch.setattr("users.people.downloads.XLSX_ROWS", 2)

    response = staff_client.post(EXPORT, {"format": "xlsx"})

    assert response.status_code == 422
    assert 'value="csv"' in response.content.decode()


def test_csv_streams_in_flat_memory(staff_client, monkeypatch):
    TelegramUserFactory.create_batch(300)
    monkeypatch.setattr("users.people.exports.ROWS_AT_ONCE", 20)
    lines = staff_client.post(EXPORT, {"format": "csv"}).streaming_content
    next(lines)

    tracemalloc.start()
    for _line in lines:
        pass
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 1_000_000  # bytes: twenty rows and a cursor


def test_the_export_and_the_list_are_of_one_mind(staff_client):
    BookingFactory.create_batch(5, confirmed=2)
    query = "status=5&q=анна&sort=-id"

    rows = csv_rows(staff_client.post(f"{EXPORT}?{query}", {"format": "csv"}))

    from django.http import QueryDict

    listed = people_list(QueryDict(query), with_emails=True).sorted_people()
    assert [int(row[0]) for row in rows[1:]] == [row.pk for row in listed]
    assert len(rows) == 6
