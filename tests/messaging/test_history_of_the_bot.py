"""The messages of the previous dashboard, dirty as they are, on the new pages."""

import gzip
import re

import pytest
from django.db import connection
from django.urls import reverse
from pytest_django.asserts import assertContains

from messaging.models import Broadcast, Recipient
from tests import bot_database

pytestmark = pytest.mark.django_db

ROW = re.compile(r"^\(\d+,(\d+),(\d+),.*?,'(sent|failed|pending|deleted)',", re.MULTILINE)
LIST = reverse("messaging:broadcast_list")


@pytest.fixture
def old_messages() -> None:
    bot_database.load("users", "message_history", "message_recipients")


def first_rows() -> dict[int, list[str]]:
    """What the dump says of each message and person: the first row of those who are named twice."""
    text = gzip.decompress(bot_database.DUMP.read_bytes()).decode()
    seen: dict[tuple[int, int], str] = {}
    for part in text.split("INSERT INTO message_recipients")[1:]:
        for message, person, status in ROW.findall(part):
            seen.setdefault((int(message), int(person)), status)
    counted: dict[int, list[str]] = {}
    for (message, _person), status in seen.items():
        counted.setdefault(message, []).append(status)
    return counted


def test_every_old_message_is_counted_from_its_rows(staff_client, old_messages):
    rows = staff_client.get(LIST).context["rows"]

    expected = first_rows()
    assert len(rows) == Broadcast.objects.count() == 24
    for row in rows:
        statuses = expected[row.broadcast.pk]
        assert (row.numbers.sent, row.numbers.failed, row.numbers.deleted) == tuple(
            statuses.count(status) for status in ("sent", "failed", "deleted")
        ), row.broadcast.pk
        assert row.numbers.total == len(statuses)


def test_every_old_message_has_its_page(staff_client, old_messages):
    for pk in Broadcast.objects.values_list("pk", flat=True):
        for name in ("broadcast_detail", "broadcast_outcome"):
            assert staff_client.get(reverse(f"messaging:{name}", args=[pk])).status_code == 200


def test_what_the_previous_dashboard_left_unfinished_waits_for_a_decision(staff_client, old_messages):
    response = staff_client.get(reverse("messaging:broadcast_detail", args=[22]))

    assert response.context["row"].numbers.uncertain == 52
    assert not Recipient.objects.pending().filter(message=22).exists()
    assertContains(response, "прежняя панель не довела отправку до конца")


def test_a_message_that_failed_for_everyone_can_be_tried_again(staff_client, old_messages):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE message_recipients SET delivery_status = 'failed' WHERE message_id = 21")

    response = staff_client.get(reverse("messaging:broadcast_detail", args=[21]))

    numbers = response.context["row"].numbers
    assert (numbers.sent, numbers.failed, numbers.percent) == (0, 68, 100)
    assert 0 < response.context["retryable"] <= 68
    assertContains(response, "Причина не записана")
