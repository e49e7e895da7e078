"""The lane of answers: they leave before a running broadcast, and the rate holds; the sandbox's ledger proves it."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pgtrigger
import pytest
from django.db import connections
from django.utils import timezone

from demo.sandbox.client import SandboxClient
from messaging.audiences.criteria import individuals
from messaging.content.content import Content
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.delivery.services import create_broadcast
from messaging.models import Broadcast, Recipient
from messaging.models.recipient_types import RecipientType
from tests.factories import BroadcastFactory, TelegramUserFactory
from users.models import TelegramUser

pytestmark = pytest.mark.django_db(transaction=True)

State = Broadcast.State


@pytest.fixture(autouse=True)
def slowed_down(engine: SandboxClient, woken: list[int], settings: Any) -> None:
    settings.TELEGRAM_MESSAGES_PER_SECOND = 50.0


def broadcast_to(count: int) -> Broadcast:
    broadcast = BroadcastFactory.create(state=State.SENDING, started_at=timezone.now())
    with pgtrigger.ignore():  # what they count is asked by nobody here, and takes half a minute
        people = TelegramUser.objects.bulk_create(TelegramUser(pk=6_000_000_000 + n) for n in range(count))
        Recipient.objects.bulk_create(
            Recipient(message=broadcast, telegram_user=one, state="pending") for one in people
        )
    return broadcast


def answer(student: TelegramUser) -> Broadcast:
    content = Content(text="Ответ", audience=individuals([student.pk]).as_json())
    return create_broadcast(content=content, by=None, at=timezone.now(), sent_as=RecipientType.ANSWER)


def test_answers_go_before_a_broadcast_of_ten_thousand(telegram: SandboxClient) -> None:
    """Every 0.2 s somebody answers a student while the only process sends a broadcast."""
    broadcast = broadcast_to(10_000)
    students = TelegramUserFactory.create_batch(20)
    asked: dict[int, float] = {}

    def answer_all() -> None:
        time.sleep(0.5)
        for student in students:
            answer(student)
            asked[student.pk] = time.time()
            time.sleep(0.2)
        connections.close_all()

    with ThreadPoolExecutor(1) as desk:
        answering = desk.submit(answer_all)
        run_queue(SendQueue(broadcast.pk), seconds=6, at_most=6)
        answering.result()

    ledger = telegram.ledger(accepted=True)
    arrived = {entry.chat_id: entry.at for entry in ledger if entry.chat_id in asked}
    waited = sorted(arrived[pk] - at for pk, at in asked.items())
    assert waited[18] <= 1.0, waited  # the 95th percentile of twenty
    assert telegram.peaks().requested <= 50 + 1  # one that the machine held up arrives among those of the next second
    assert len(ledger) - len(arrived) >= 0.5 * 50 * 6  # the broadcast has the rest, on a busy machine too
    answers = Recipient.objects.filter(message__recipient_type=RecipientType.ANSWER)
    assert set(answers.values_list("state", "message__state")) == {("sent", State.FINISHED)}
    assert not telegram.duplicates()


def test_an_answer_that_telegram_refuses_does_not_pause_the_broadcast() -> None:
    broadcast = broadcast_to(60)
    for student in TelegramUserFactory.create_batch(5):
        Broadcast.objects.filter(pk=answer(student).pk).update(message_text="<b>нет")

    run_queue(SendQueue(broadcast.pk), seconds=5, at_most=5)

    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.successful_deliveries) == (State.FINISHED, 60)
    answers = Recipient.objects.filter(message__recipient_type=RecipientType.ANSWER)
    assert set(answers.values_list("state", "reason")) == {("failed", "bad_request")}
