"""The page of people whom nothing is sent to."""

from datetime import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from pghistory.models import Context
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import TelegramUserFactory, UserFactory
from users.models import BlockedUser, PeopleExport

pytestmark = pytest.mark.django_db

LIST = reverse("messaging:blocked_list")


def blocked(reason: str | None = "bot_blocked_by_user", **person) -> BlockedUser:
    return BlockedUser.objects.create(telegram_user=TelegramUserFactory.create(**person), reason=reason)


def found(client, **query) -> set[int]:
    return {row["block"].pk for row in client.get(LIST, query).context["rows"]}


def test_it_says_who_and_why_in_words(staff_client):
    blocked(first_name="Зоя")
    blocked("Просил не писать", first_name="Пётр")

    response = staff_client.get(LIST)

    for words in ("Зоя", "Заблокировал бота", "Сообщил Telegram", "Пётр", "Просил не писать", "Решение сотрудника"):
        assertContains(response, words)


def test_people_are_found_by_name_and_by_reason(staff_client):
    zoya = blocked(first_name="Зоя", username="zoya")
    silent = blocked("Просил не писать", username="petr")
    gone = blocked("user_is_deactivated")

    assert found(staff_client, q="@zoya") == found(staff_client, q="зоя") == {zoya.pk}
    assert found(staff_client, why="user_is_deactivated") == {gone.pk}
    assert found(staff_client, why="staff") == {silent.pk}


def test_people_are_found_by_the_day_of_the_block(staff_client):
    old, new = blocked(), blocked()
    moscow = timezone.get_default_timezone()
    BlockedUser.objects.filter(pk=old.pk).update(blocked_at=datetime(2026, 3, 1, 23, 59, 59, tzinfo=moscow))
    BlockedUser.objects.filter(pk=new.pk).update(blocked_at=datetime(2026, 3, 2, tzinfo=moscow))

    assert found(staff_client, until="2026-03-01") == {old.pk}
    assert found(staff_client, since="2026-03-02") == {new.pk}
    refused = staff_client.get(LIST, {"since": "31.02.2026"})
    assertContains(refused, "Заблокированы с", status_code=422)
    assertContains(refused, "Введите правильную дату", status_code=422)


def test_the_list_leaves_as_a_file_that_is_written_down(staff_client, staff):
    blocked("Просил не писать", first_name="=1+1")
    blocked("user_is_deactivated")
    blocked(first_name="Зоя")
    address = reverse("messaging:blocked_export")

    response = staff_client.post(f"{address}?why=staff", {"format": "csv"})

    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "'=1+1" in lines[1] and lines[1].endswith("Просил не писать;Сотрудники")
    export = PeopleExport.objects.get()
    assert (export.exported_by, export.rows, export.query) == (staff, 1, f"{address}?why=staff")
    assert b"".join(staff_client.post(address, {"format": "xlsx"}).streaming_content).startswith(b"PK")
    assert staff_client.post(f"{address}?why=x", {"format": "csv"}).status_code == 400


def test_unblocking_asks_why_and_is_recorded(staff_client, staff):
    block = blocked()
    address = reverse("messaging:person_unblock", args=[block.pk])

    assertContains(staff_client.get(address), f"{timezone.localtime(block.blocked_at):%d.%m.%Y %H:%M}")
    assert staff_client.post(address).status_code == 422
    assert BlockedUser.objects.filter(pk=block.pk).exists()
    staff_client.post(address, {"reason": "Попросил вернуть"})

    assert not BlockedUser.objects.filter(pk=block.pk).exists()

    words = [context.metadata for context in Context.objects.all()]
    assert any(one.get("reason") == "Попросил вернуть" and one.get("user") == staff.pk for one in words)


def test_who_may_only_look_unblocks_nobody(client):
    block = blocked()
    client.force_login(UserFactory.create(permissions=["users.view_blockeduser"]))
    address = reverse("messaging:person_unblock", args=[block.pk])

    assertNotContains(client.get(LIST), address)
    assert client.post(address, {"reason": "x"}).status_code == 403
    assert BlockedUser.objects.filter(pk=block.pk).exists()


def test_nobody_is_blocked_says_so(staff_client):
    assertContains(staff_client.get(LIST), "Заблокированных нет")
