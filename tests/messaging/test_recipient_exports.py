"""The table of recipients as a file: the same rows in the same order, safe in a spreadsheet, written down."""

import csv
import io

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from messaging.models import CorrectedMessage, Correction, Recipient
from tests.factories import RecipientFactory, TelegramUserFactory
from tests.messaging.broadcasts import group, page, recipients
from users.models import PeopleExport

pytestmark = pytest.mark.django_db

EXPORT = {"format": "csv"}


def downloaded(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def test_the_download_holds_what_the_filter_leaves_and_is_written_down(staff_client, staff):
    broadcast = group()
    person = TelegramUserFactory.create(first_name="=cmd()", username="evil")
    RecipientFactory.create(
        message=broadcast,
        telegram_user=person,
        state="failed",
        reason="blocked",
        error_code=403,
        error_text="Forbidden",
    )
    recipients(broadcast, sent=2)

    address = reverse("messaging:recipient_export", args=[broadcast.pk])
    [_headings, row] = downloaded(staff_client.post(f"{address}?state=failed", EXPORT))

    assert "'=cmd()" in row and "403" in row
    export = PeopleExport.objects.get()
    assert (export.exported_by, export.rows, export.query) == (staff, 1, f"{address}?state=failed")


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_download_is_the_table_row_by_row(staff_client, staff, file_format, monkeypatch):
    monkeypatch.setattr("messaging.broadcasts.views.history.RECIPIENTS_A_PAGE", 4)
    broadcast = group()
    rows = recipients(broadcast, sent=3, skipped=2, uncertain=1, failed=2, pending=1, sending=1, cancelled=1, deleted=1)
    Recipient.objects.filter(pk=rows[0].pk).update(reason="duplicate")
    Recipient.objects.filter(state="failed").update(error_text="a", decided_by=staff)
    correction = Correction.objects.create(broadcast=broadcast, kind="edit")
    CorrectedMessage.objects.create(correction=correction, recipient=rows[1], state="failed", error_text="too late")

    shown: list[int] = []
    for number in (1, 2, 3):
        response = staff_client.get(page(broadcast), {"page": number})
        shown += [row["recipient"].telegram_user_id for row in response.context["recipients"]]
    response = staff_client.post(reverse("messaging:recipient_export", args=[broadcast.pk]), {"format": file_format})
    if file_format == "csv":
        table = downloaded(response)[1:]
    else:
        sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
        table = [[str(cell.value) for cell in line] for line in list(sheet.iter_rows())[1:]]

    assert [int(row[0]) for row in table] == shown
    assert sorted(shown) == sorted(row.telegram_user_id for row in rows)
    assert [row[3] for row in table][:3] == ["Неизвестно", "Не доставлено", "Не доставлено"]
    assert "Не удалось: too late" in {row[11] for row in table}


@pytest.mark.parametrize(("query", "file_format"), [("?state=nonsense", "csv"), ("", "exe"), ("", "")])
def test_a_download_that_is_not_understood_gives_nobody_away(staff_client, query, file_format):
    address = reverse("messaging:recipient_export", args=[group().pk])

    assert staff_client.post(address + query, {"format": file_format}).status_code == 400
    assert not PeopleExport.objects.exists()
