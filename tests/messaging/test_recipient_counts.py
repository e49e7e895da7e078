"""The kept counts of recipients: right after every write, put together by beat, found wrong, and counted anew."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from messaging.broadcasts.statistics import Tally, numbers_of
from messaging.delivery.corrections import correctable_since, freeze_correction
from messaging.delivery.counts import fold_recipient_counts, rebuild_recipient_counts, recipient_count_differences
from messaging.models import Broadcast, Correction, Recipient, RecipientCount
from tests.factories import BroadcastFactory, RecipientFactory
from tests.messaging.broadcasts import group, recipients

pytestmark = pytest.mark.django_db


def differences() -> list[str]:
    return list(recipient_count_differences())


def by_the_rows(broadcast: Broadcast) -> dict[tuple[str, str], int]:
    rows = broadcast.recipients.values_list("state", "reason").annotate(number=Count("pk"))
    return {(state, reason): number for state, reason, number in rows.order_by()}


def test_counts_are_right_after_every_way_of_writing_a_recipient():
    now = timezone.now()
    broadcast, other = group(), group()
    rows = recipients(broadcast, pending=5)
    recipients(other, sent=1)
    Recipient.objects.filter(pk=rows[0].pk).update(state="sent", sent_at=now, telegram_message_id=7)
    Recipient.objects.filter(pk__in=[row.pk for row in rows[1:3]]).update(state="failed", reason="blocked")
    rows[3].delete()
    with connection.cursor() as cursor:
        # The previous dashboard's SQL, and a person who is deleted with everything.
        cursor.execute("UPDATE message_recipients SET delivery_status = 'failed' WHERE id = %s", [rows[4].pk])
        cursor.execute("INSERT INTO message_recipients (message_id, user_id) VALUES (%s, 4242)", [broadcast.pk])
        cursor.execute("DELETE FROM users WHERE user_id = %s", [rows[1].telegram_user_id])

    counts = Tally.read(broadcast, at=now).counts

    assert counts == by_the_rows(broadcast)
    assert counts == {
        ("sent", ""): 1, ("failed", "blocked"): 1, ("failed", ""): 1, ("uncertain", "previous_dashboard"): 1,
    }  # fmt: skip
    assert numbers_of([broadcast, other])[other.pk].sent == 1
    assert differences() == []


def test_a_statement_that_changes_no_count_writes_none():
    broadcast = group()
    recipients(broadcast, pending=2)
    before = RecipientCount.objects.count()

    broadcast.recipients.update(next_try_at=timezone.now())

    assert RecipientCount.objects.count() == before


def test_only_what_arrived_in_the_last_48_hours_counts_as_correctable_and_just_that_is_corrected():
    now = timezone.now()
    broadcast, since = group(), correctable_since(now)
    for at, message in ((since - timedelta(seconds=1), 1), (since, 2), (now - timedelta(hours=1), 3), (now, None)):
        RecipientFactory.create(message=broadcast, state="sent", sent_at=at, telegram_message_id=message)

    correctable = Tally.read(broadcast, at=now).correctable

    assert correctable.count == 2
    assert correctable.first_until == since + timedelta(hours=48)
    assert correctable.last_until
    assert timedelta() <= now + timedelta(hours=47) - correctable.last_until < timedelta(minutes=1)
    correction = Correction.objects.create(broadcast=broadcast, kind=Correction.Kind.DELETE)
    assert freeze_correction(correction, at=now) == correctable.count
    assert timedelta(minutes=-1) < now - timedelta(hours=48) - since <= timedelta()


@pytest.mark.owner
def test_counts_are_put_together_found_wrong_and_counted_anew():
    broadcast = group()
    [row] = recipients(broadcast, pending=1)
    for state in ("sending", "pending", "sending", "sent"):
        Recipient.objects.filter(pk=row.pk).update(state=state)
    gone = BroadcastFactory.create()
    recipients(gone, sent=3)
    gone.recipients.all().delete()
    fold_recipient_counts()
    assert list(RecipientCount.objects.values_list("message_id", "state", "number", "is_folded")) == [
        (broadcast.pk, "sent", 1, True)
    ]
    fold_recipient_counts()  # nothing is new: nothing is written again
    assert RecipientCount.objects.count() == 1

    RecipientCount.objects.update(number=7)
    assert [sentence.rsplit(maxsplit=2)[1:] for sentence in differences()] == [["kept:", "7"], ["counted:", "1"]]
    rebuild_recipient_counts()
    assert differences() == []

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE message_recipients CASCADE")
    assert not RecipientCount.objects.aggregate(sum=Sum("number"))["sum"]
    assert differences() == []
