"""«Вернуть» on a person's page: a tag, a block, and their ends."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import TelegramUserFactory, UserFactory
from tests.signing_in import client_with
from users.models import BlockedUser, PersonTag, Tag, TelegramUser, UndoableAct
from users.services import add_tag

HTMX = {"HX-Request": "true"}
PERMISSIONS = ["users.view_telegramuser", "users.add_persontag", "users.delete_persontag", "users.change_blockeduser"]


@pytest.fixture
def client(db) -> Client:
    return client_with(*PERMISSIONS)


@pytest.fixture
def person(db) -> TelegramUser:
    return TelegramUserFactory.create()


def undo_last(client: Client, *, status: int = 200) -> str:
    act = UndoableAct.objects.latest("pk")
    answer = client.post(reverse("users:act_undo", args=[act.pk]), headers=HTMX)
    assert answer.status_code == status
    return answer.content.decode()


def block(client: Client, person: TelegramUser, what: str = "block") -> None:
    client.post(reverse("users:person_block", args=[person.pk]), {"what": what, "reason": "просил не писать"})


def test_a_tag_comes_off_again_and_on_again(client, person):
    added = client.post(reverse("users:tag_add", args=[person.pk]), {"name": "VIP"}, headers=HTMX)
    assertContains(added, "Вернуть")
    undo_last(client)
    assert not PersonTag.objects.exists()

    tag = add_tag(person=person, name="VIP", by=UserFactory.create())
    client.post(reverse("users:tag_remove", args=[person.pk, tag.pk]))
    undo_last(client)
    assert PersonTag.objects.get().tag == tag


def test_a_tag_that_was_there_already_offers_nothing(client, person):
    add_tag(person=person, name="VIP", by=UserFactory.create())

    again = client.post(reverse("users:tag_add", args=[person.pk]), {"name": "vip"}, headers=HTMX)

    assertNotContains(again, "Вернуть")
    assert not UndoableAct.objects.exists()


def test_a_tag_that_somebody_took_off_meanwhile_is_told(client, person):
    client.post(reverse("users:tag_add", args=[person.pk]), {"name": "VIP"})
    PersonTag.objects.all().delete()

    assert "Было «VIP», сейчас — «нет такой метки»" in undo_last(client, status=409)

    Tag.objects.all().delete()
    assert "метку удалили" in undo_last(client, status=409)


def test_a_block_ends_again_and_comes_back_as_it_was(client, person):
    block(client, person)
    undo_last(client)
    assert not BlockedUser.objects.exists()

    before = BlockedUser.objects.create(telegram_user=person, blocked_at=timezone.now(), reason="bot_blocked_by_user")
    block(client, person, "unblock")
    assert not BlockedUser.objects.exists()
    undo_last(client)
    block_now = BlockedUser.objects.get()
    assert (block_now.blocked_at, block_now.reason) == (before.blocked_at, before.reason)


def test_another_block_than_the_one_that_was_made_stays(client, person):
    block(client, person)
    BlockedUser.objects.update(reason="bot_blocked_by_user")

    assert "просил не писать" in undo_last(client, status=409)
    assert BlockedUser.objects.exists()

    BlockedUser.objects.all().delete()
    assert "сейчас — «не заблокирован»" in undo_last(client, status=409)


def test_a_block_that_came_after_the_end_of_another_stays(client, person):
    BlockedUser.objects.create(telegram_user=person, blocked_at=timezone.now(), reason="раньше")
    block(client, person, "unblock")
    BlockedUser.objects.create(telegram_user=person, blocked_at=timezone.now(), reason="снова")

    assert "заблокирован: снова" in undo_last(client, status=409)
    assert BlockedUser.objects.get().reason == "снова"
