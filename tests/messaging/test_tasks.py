"""Beat looks after everything that is sent; a wake-up that is lost or doubled does no harm."""

from datetime import timedelta

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from messaging.delivery import lifecycle, tasks
from messaging.inbound.tasks import end_blocks
from messaging.models import Broadcast, CorrectedMessage, Correction, Recipient, Runner
from messaging.models.reasons import StateReason, describe_reason, with_words
from messaging.tasks import tick
from tests.factories import BroadcastFactory, EventFactory, RecipientFactory, TelegramUserFactory
from users.models import BlockedUser

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def woken(monkeypatch) -> list[tuple[str, int]]:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(tasks, "wake_broadcast", lambda pk: woken.append(("broadcast", pk)))
    monkeypatch.setattr(tasks, "wake_correction", lambda pk: woken.append(("correction", pk)))
    return woken


def test_the_tick_starts_rescues_and_wakes(woken):
    due = BroadcastFactory.create(state="scheduled", starts_at=NOW - timedelta(seconds=3), audience={})
    late = BroadcastFactory.create(state="scheduled", starts_at=NOW - timedelta(hours=3), audience={})
    dead = RecipientFactory.create(state="sending", claimed_at=NOW - timedelta(hours=1), message__state="sending")
    alive = RecipientFactory.create(state="sending", claimed_at=timezone.now(), message=dead.message)
    correction = Correction.objects.create(broadcast=due, kind="delete")

    tick()

    states = dict(Broadcast.objects.values_list("pk", "state"))
    assert (states[due.pk], states[late.pk]) == ("sending", "held")
    assert Recipient.objects.get(pk=dead.pk).reason == Recipient.Reason.WORKER_LOST
    assert Recipient.objects.get(pk=alive.pk).state == Recipient.State.SENDING
    expected = [("broadcast", due.pk), ("broadcast", dead.message_id), ("correction", correction.pk)]
    assert sorted(woken) == sorted(expected)


def test_a_broadcast_that_has_its_runner_is_not_woken(woken):
    broadcast = BroadcastFactory.create(state="sending")
    Runner.objects.create(broadcast=broadcast, worker="w")

    tick()

    assert woken == []


def test_a_dead_correction_is_queued_again_since_it_does_no_harm():
    row = RecipientFactory.create(state="sent")
    correction = Correction.objects.create(broadcast=row.message, kind="delete")
    CorrectedMessage.objects.create(
        correction=correction, recipient=row, state="sending", claimed_at=NOW - timedelta(hours=1)
    )

    lifecycle.rescue_dead_claims(at=NOW)

    assert correction.messages.get().state == CorrectedMessage.State.PENDING


def test_a_file_that_goes_up_slowly_is_not_rescued_for_five_minutes():
    row = RecipientFactory.create(
        state="sending", claimed_at=NOW - timedelta(minutes=4), message__kind="video", message__state="sending"
    )

    assert lifecycle.rescue_dead_claims(at=NOW) == 0
    assert lifecycle.rescue_dead_claims(at=NOW + timedelta(minutes=2)) == 1
    assert Recipient.objects.get(pk=row.pk).state == Recipient.State.UNCERTAIN


def test_rows_that_came_back_while_their_broadcast_was_cancelled_are_cancelled():
    row = RecipientFactory.create(message__state="cancelled")

    assert lifecycle.cancel_leftovers() == 1

    assert Recipient.objects.get(pk=row.pk).state == Recipient.State.CANCELLED


@pytest.mark.parametrize(
    ("reason", "event_type", "comes_back"),
    [
        ("bot_blocked_by_user", "start_command", True),
        ("chat_not_found", "start_command", True),
        ("bot_blocked_by_user", "booking_status_changed", False),
        ("asked by the school", "start_command", False),
    ],
)
def test_a_block_ends_when_the_person_does_something_in_the_bot(reason, event_type, comes_back):
    block = BlockedUser.objects.create(telegram_user=TelegramUserFactory.create(), reason=reason, blocked_at=NOW)
    EventFactory.create(telegram_user=block.telegram_user, event_type="start_command", created_at=NOW - timedelta(1))
    assert lifecycle.end_blocks(at=NOW + timedelta(hours=2)) == 0

    EventFactory.create(telegram_user=block.telegram_user, event_type=event_type, created_at=NOW + timedelta(hours=1))
    end_blocks()
    lifecycle.end_blocks(at=NOW + timedelta(hours=2))

    assert BlockedUser.objects.exists() is not comes_back


def test_without_redis_a_wake_up_is_left_to_beat(monkeypatch, caplog):
    def refuse(**_options):
        raise OperationalError("no Redis")

    monkeypatch.setattr(tasks.run_broadcast, "apply_async", refuse)

    tasks.wake_broadcast(1)

    assert "beat will" in caplog.text


def test_a_reason_is_stored_with_telegrams_words_and_read_in_russian():
    stored = with_words(StateReason.SAME_REFUSAL, "Can't parse entities")

    assert describe_reason(stored) == "Telegram отклоняет само сообщение: Can't parse entities"
    assert describe_reason("late") == "Время прошло, пока отправка не работала"
    assert describe_reason("what nobody knows") == "what nobody knows"
