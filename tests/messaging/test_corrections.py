"""A sent message is deleted or edited for everyone, with a result for each, by the same loop."""

import pytest
from django.utils import timezone

from messaging.broadcasts.services.correcting import delete_for_everyone, edit_for_everyone
from messaging.delivery.corrections import CorrectionQueue
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.models import Broadcast, Correction, Recipient
from tests.factories import BroadcastFactory, TelegramUserFactory, UserFactory
from tests.warm_redis import warm_up

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine", "kept_counts")]


@pytest.fixture
def sent(telegram) -> Broadcast:
    """A message that thirty people got."""
    broadcast = BroadcastFactory.create(state=Broadcast.State.SENDING, message_text="Урок в 19:00, {first_name}")
    people = TelegramUserFactory.create_batch(30)
    Recipient.objects.bulk_create(Recipient(message=broadcast, telegram_user=one, state="pending") for one in people)
    run_queue(SendQueue(broadcast.pk))
    broadcast.refresh_from_db()
    return broadcast


def run(correction: Correction) -> None:
    run_queue(CorrectionQueue(correction.pk), most=1)
    correction.refresh_from_db()


def test_deleting_for_everyone_deletes_each_and_names_what_could_not_be_deleted(sent, telegram):
    lost = sent.recipients.first()
    telegram.fault("bad_request", chat_id=lost.telegram_user_id, description="message can't be deleted for everyone")

    correction = delete_for_everyone(broadcast=sent, by=UserFactory.create(), at=timezone.now())
    run(correction)

    assert correction.state == Correction.State.FINISHED
    assert sent.recipients.filter(state="deleted", delivery_status="deleted").count() == 29
    failed = correction.messages.get(state="failed")
    assert (failed.recipient, failed.error_code) == (lost, 400)
    assert "can't be deleted" in failed.error_text
    assert len(telegram.ledger(method="deleteMessage", accepted=True)) == 29


def test_editing_for_everyone_is_personal_too_and_a_lost_answer_is_asked_again(sent, telegram):
    unlucky = sent.recipients.first().telegram_user_id
    telegram.fault("drop_after", chat_id=unlucky, times=1)

    correction = edit_for_everyone(
        broadcast=sent, by=UserFactory.create(), at=timezone.now(), text="Урок в 20:00, {first_name}"
    )
    run(correction)

    assert correction.state == Correction.State.FINISHED
    assert correction.messages.filter(state="done").count() == 30
    assert {entry.text for entry in telegram.ledger(method="editMessageText")} == {"Урок в 20:00, Анна"}
    assert correction.messages.get(recipient__telegram_user=unlucky).attempt == 2


def test_a_token_that_became_wrong_cancels_the_correction_with_the_reason(sent, settings):
    correction = delete_for_everyone(broadcast=sent, by=UserFactory.create(), at=timezone.now())
    settings.BOT_TOKEN = "malformed"
    warm_up(settings)

    run(correction)

    assert correction.state == Correction.State.CANCELLED
    assert correction.state_reason.startswith("wrong_token")
    assert not correction.messages.filter(state__in=["sending", "done"]).exists()
