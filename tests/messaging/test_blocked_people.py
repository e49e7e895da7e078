"""The page of people whom nothing is sent to."""

import pytest
from django.urls import reverse
from pghistory.models import Context
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import TelegramUserFactory, UserFactory
from users.models import BlockedUser

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

    for words in ("Зоя", "Заблокировал бота", "По ответу Telegram", "Пётр", "Просил не писать", "Решение сотрудника"):
        assertContains(response, words)


def test_people_are_found_by_name_and_by_reason(staff_client):
    zoya = blocked(first_name="Зоя", username="zoya")
    silent = blocked("Просил не писать", username="petr")
    gone = blocked("user_is_deactivated")

    assert found(staff_client, q="@zoya") == found(staff_client, q="зоя") == {zoya.pk}
    assert found(staff_client, why="user_is_deactivated") == {gone.pk}
    assert found(staff_client, why="staff") == {silent.pk}


def test_unblocking_asks_why_and_is_recorded(staff_client, staff):
    block = blocked()
    address = reverse("messaging:person_unblock", args=[block.pk])

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
