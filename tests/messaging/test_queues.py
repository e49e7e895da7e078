"""Rows are claimed once, and a record is written only over its own claim."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.delivery import lifecycle
from messaging.delivery.bot import Outcome, Verdict
from messaging.delivery.queues import SendQueue, Unused, waiting_time
from messaging.models import Recipient
from tests.factories import BroadcastFactory, RecipientFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kept_counts")]


def test_a_late_answer_replaces_the_guess_of_the_rescue_but_never_a_later_claim():
    broadcast = BroadcastFactory.create(state="sending")
    RecipientFactory.create_batch(2, message=broadcast)
    queue = SendQueue(broadcast.pk)
    queue.enlist("w", most=1)
    first, second = queue.claim(2, "w")
    broadcast.recipients.update(claimed_at=timezone.now() - timedelta(hours=1))
    lifecycle.rescue_dead_claims(at=timezone.now())
    assert set(broadcast.recipients.values_list("state", flat=True)) == {"uncertain"}
    Recipient.objects.filter(pk=second.id).update(state="pending")
    [again] = queue.claim(1, "w")

    queue.record([(claim, Outcome(Verdict.SENT, telegram_message_id=7)) for claim in (first, second)], "w")

    assert Recipient.objects.get(pk=first.id).state == "sent"
    assert Recipient.objects.get(pk=again.id).state == "sending"


def test_unused_rows_go_back_as_if_never_claimed():
    row = RecipientFactory.create(message__state="sending")
    queue = SendQueue(row.message_id)
    queue.enlist("w", most=1)
    [claim] = queue.claim(5, "w")

    queue.record([(claim, Unused())], "w")

    row.refresh_from_db()
    assert (row.state, row.attempt) == ("pending", 0)


@pytest.mark.parametrize(
    ("outcome", "attempt", "seconds"),
    [
        *(
            (Outcome(Verdict.RETRY), attempt, seconds)
            for attempt, seconds in [(1, 1), (2, 2), (3, 4), (6, 32), (9, 60)]
        ),
        (Outcome(Verdict.HALT, retry_after=3600), 1, 3600),
        (Outcome(Verdict.STOP), 5, 0),
    ],
)
def test_who_cannot_be_reached_is_tried_less_and_less_often(outcome, attempt, seconds):
    assert waiting_time(outcome, attempt) == seconds


@pytest.mark.owner
def test_a_record_finds_its_rows_by_id_and_not_among_all_that_were_ever_claimed():
    broadcast = BroadcastFactory.create(state="sending")
    # So many that by the message would be dear, whatever the statistics of other tests have left.
    people = [row.telegram_user for row in RecipientFactory.create_batch(300, message=broadcast)]
    for other in BroadcastFactory.create_batch(4):
        Recipient.objects.bulk_create(Recipient(message=other, telegram_user=who, state="sent") for who in people)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE message_recipients; SET LOCAL enable_seqscan = off")  # nobody is claimed, as it thinks
    queue = SendQueue(broadcast.pk)
    queue.enlist("w", most=1)
    claims = queue.claim(5, "w")

    with CaptureQueriesContext(connection) as captured:
        queue.record([(claim, Outcome(Verdict.SENT, telegram_message_id=7)) for claim in claims], "w")

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + captured[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "message_recipients_pkey" in plan
    assert "message_recipients_claimed" not in plan
