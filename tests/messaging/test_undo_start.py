"""A broadcast that somebody starts by hand waits ten seconds, and sends nothing when it is undone in them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from messaging.audiences.criteria import individuals
from messaging.delivery.lifecycle import AHEAD, freeze_and_start, waiting_for_a_runner
from messaging.delivery.queues import SendQueue
from messaging.models import Broadcast, Draft, Recipient
from tests.factories import RecipientFactory, TelegramUserFactory
from tests.messaging.broadcasts import group, page
from tests.messaging.composing import confirm, write
from users.models import UndoableAct
from users.undo.services import WINDOW

State = Broadcast.State


@pytest.fixture
def draft(staff_client: Client, stream: str) -> Draft:
    return write(staff_client, stream)


def press_undo(client: Client, *, status: int = 200) -> str:
    act = UndoableAct.objects.latest("pk")
    answer = client.post(reverse("users:act_undo", args=[act.pk]), headers={"HX-Request": "true"})
    assert answer.status_code == status
    return answer.content.decode()


def pass_the_window() -> None:
    Broadcast.objects.update(started_at=timezone.now() - timedelta(seconds=1))


def test_a_start_by_hand_has_no_runner_before_its_window_has_passed(staff_client, draft):
    before = timezone.now()

    confirm(staff_client, draft, recipients=3)

    broadcast = Broadcast.objects.get()
    assert broadcast.state == State.SENDING
    assert broadcast.started_at
    assert before + WINDOW <= broadcast.started_at <= timezone.now() + WINDOW
    now = timezone.now()
    assert waiting_for_a_runner(at=now, wanted=1) == ([], [])
    assert waiting_for_a_runner(at=now + WINDOW - AHEAD, wanted=1) == ([broadcast.pk], [])
    assert SendQueue(broadcast.pk).enlist("host:1", most=1) is None
    pass_the_window()
    queue = SendQueue(broadcast.pk)
    assert queue.enlist("host:1", most=1)
    assert len(queue.claim(5, "host:1")) == 3


def test_a_runner_that_is_at_work_already_claims_nothing_in_the_window(staff_client, draft):
    confirm(staff_client, draft, recipients=3)
    pass_the_window()
    queue = SendQueue(Broadcast.objects.get().pk)
    queue.enlist("host:1", most=1)
    Broadcast.objects.update(started_at=timezone.now() + WINDOW)

    assert queue.claim(5, "host:1") == []
    assert 9 < (queue.remaining().wait or 0) <= 10


def test_undone_it_is_a_draft_again_and_can_be_sent_anew(staff_client, draft):
    confirm(staff_client, draft, recipients=3)
    shown = staff_client.get(page(Broadcast.objects.get()))
    assertContains(shown, "Отправка начнётся через 10 секунд")
    assertContains(shown, "Вернуть")

    press_undo(staff_client)

    undone = Broadcast.objects.get()
    draft.refresh_from_db()
    assert (undone.state, undone.started_at, draft.broadcast) == (State.CANCELLED, None, None)
    assert set(Recipient.objects.values_list("state", flat=True)) == {"cancelled"}
    assert waiting_for_a_runner(at=timezone.now() + 2 * WINDOW, wanted=1) == ([], [])
    said = staff_client.get(page(undone))
    assertContains(said, "снова в черновиках")
    assertContains(said, f'<a href="/messages/new/{draft.pk}/">Открыть черновик</a>')
    confirm(staff_client, draft, recipients=3)
    assert Broadcast.objects.filter(state=State.SENDING).count() == 1


def test_a_planned_one_that_was_started_early_is_planned_again(staff_client, db):
    person = TelegramUserFactory.create()
    planned = timezone.now() + timedelta(hours=3)
    broadcast = group(state=State.SCHEDULED, starts_at=planned, audience=individuals([person.pk]).as_json())
    staff_client.post(page(broadcast, "start"))
    assert Recipient.objects.count() == 1

    press_undo(staff_client)

    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.starts_at, broadcast.frozen_at) == (State.SCHEDULED, planned, None)
    assert not Recipient.objects.exists()


def test_a_claim_that_began_before_a_held_one_was_undone_takes_nobody(staff_client, db):
    broadcast = group(state=State.HELD, frozen_at=timezone.now())
    RecipientFactory.create(message=broadcast, state="pending")
    staff_client.post(page(broadcast, "start"))

    press_undo(staff_client)

    broadcast.refresh_from_db()
    assert broadcast.state == State.HELD
    Broadcast.objects.update(state=State.SENDING)  # as the claim's snapshot still has it
    pass_the_window()
    queue = SendQueue(broadcast.pk)
    assert queue.enlist("host:1", most=1)
    assert queue.claim(5, "host:1") == []
    assert 0 < (queue.remaining().wait or 0) <= 5  # a later start finds them


def test_what_has_begun_to_go_out_cannot_be_undone(staff_client, draft):
    confirm(staff_client, draft, recipients=3)
    pass_the_window()
    queue = SendQueue(Broadcast.objects.get().pk)
    queue.enlist("host:1", most=1)
    queue.claim(1, "host:1")

    assert "Вернуть уже нельзя" in press_undo(staff_client, status=409)
    assert Broadcast.objects.get().state == State.SENDING


def test_one_that_was_paused_meanwhile_is_told_with_both_values(staff_client, draft):
    confirm(staff_client, draft, recipients=3)
    staff_client.post(page(Broadcast.objects.get(), "pause"))

    words = press_undo(staff_client, status=409)

    assert f"Было «{State.SENDING.label}», сейчас — «{State.PAUSED.label}»" in words


def test_a_scheduled_start_has_no_window(db):
    person = TelegramUserFactory.create()
    now = timezone.now()
    broadcast = group(state=State.SCHEDULED, starts_at=now, audience=individuals([person.pk]).as_json())

    freeze_and_start(broadcast.pk, at=now, come_from=(State.SCHEDULED,))

    assert waiting_for_a_runner(at=now, wanted=1) == ([broadcast.pk], [])
