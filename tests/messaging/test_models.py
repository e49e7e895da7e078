"""The tables of messages keep what the previous dashboard knows, and never send what is its own."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from messaging.models import Broadcast, Recipient
from tests.factories import BroadcastFactory, RecipientFactory, TelegramUserFactory
from tests.migrations import migration

pytestmark = pytest.mark.django_db


def run_sql(sql: str, *parameters: object) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def insert_as_the_previous_dashboard(*, scheduled_at: datetime | None = None) -> tuple[Broadcast, Recipient]:
    broadcast_id = run_sql(
        "INSERT INTO message_history (message_text, total_recipients, recipient_type, recipient_group, scheduled_at)"
        " VALUES ('Привет', 1, 'group', '5th_stream', %s) RETURNING id",
        scheduled_at,
    )
    row_id = run_sql(
        "INSERT INTO message_recipients (message_id, user_id, username, delivery_status)"
        " VALUES (%s, 42, 'anna', 'pending') RETURNING id",
        broadcast_id,
    )
    return Broadcast.objects.get(pk=broadcast_id), Recipient.objects.get(pk=row_id)


def test_what_the_previous_dashboard_sends_now_is_finished_for_us_and_its_rows_are_not_known():
    broadcast, recipient = insert_as_the_previous_dashboard()

    assert broadcast.state == Broadcast.State.FINISHED
    assert (recipient.state, recipient.reason) == ("uncertain", "previous_dashboard")
    assert recipient.delivery_status == "pending"


def test_what_the_previous_dashboard_schedules_is_held():
    broadcast, recipient = insert_as_the_previous_dashboard(scheduled_at=timezone.now() + timedelta(hours=1))

    assert (broadcast.state, broadcast.state_reason) == ("held", "previous_dashboard")
    assert recipient.state == Recipient.State.PENDING


@pytest.mark.parametrize("status", ["sent", "failed", "deleted"])
def test_what_the_previous_dashboard_records_becomes_the_state(status):
    _, recipient = insert_as_the_previous_dashboard()

    run_sql("UPDATE message_recipients SET delivery_status = %s WHERE id = %s", status, recipient.pk)

    recipient.refresh_from_db()
    assert (recipient.state, recipient.reason, recipient.delivery_status) == (status, "", status)


def test_a_person_whom_the_previous_dashboard_names_twice_stays_but_does_not_count():
    broadcast, first = insert_as_the_previous_dashboard()

    run_sql(
        "INSERT INTO message_recipients (message_id, user_id) VALUES (%s, 42), (%s, 42)", broadcast.pk, broadcast.pk
    )

    reasons = broadcast.recipients.exclude(pk=first.pk).values_list("reason", flat=True)
    assert list(reasons) == ["duplicate", "duplicate"]


def test_our_rows_name_a_person_once():
    recipient = RecipientFactory.create()

    with pytest.raises(IntegrityError):
        RecipientFactory.create(message=recipient.message, telegram_user=recipient.telegram_user)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("pending", "pending"),
        ("sending", "pending"),
        ("uncertain", "pending"),
        ("sent", "sent"),
        ("deleted", "deleted"),
        ("failed", "failed"),
        ("skipped", "failed"),
        ("cancelled", "failed"),
    ],
)
def test_old_readers_see_each_state_in_their_words(state, status):
    changed = RecipientFactory.create()
    Recipient.objects.filter(pk=changed.pk).update(state=state)
    inserted = RecipientFactory.create(state=state)

    for recipient in (changed, inserted):
        recipient.refresh_from_db()
        assert recipient.delivery_status == status


def test_every_change_of_a_broadcast_is_recorded_and_counting_is_not():
    broadcast = BroadcastFactory.create()

    Broadcast.objects.filter(pk=broadcast.pk).update(state=Broadcast.State.CANCELLED)
    Broadcast.objects.filter(pk=broadcast.pk).update(successful_deliveries=7)

    assert list(broadcast.events.order_by("pgh_id").values_list("pgh_label", "state")) == [
        ("insert", "scheduled"),
        ("update", "cancelled"),
    ]


def test_deleting_a_broadcast_or_a_person_by_sql_takes_the_rows_along():
    kept, gone = RecipientFactory.create(), RecipientFactory.create()
    erased = RecipientFactory.create(message=kept.message, telegram_user=TelegramUserFactory.create())

    run_sql("DELETE FROM message_history WHERE id = %s", gone.message_id)
    run_sql("DELETE FROM users WHERE user_id = %s", erased.telegram_user_id)

    assert list(Recipient.objects.values_list("pk", flat=True)) == [kept.pk]


@pytest.mark.owner
class TestAdoptedRows:
    """The statements of migration 0003 over rows such as the previous dashboard left."""

    @pytest.fixture
    def adopt(self):

        sql = migration("messaging", "adopt_old_messages").ADOPT

        def run() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("ALTER TABLE message_recipients ALTER state DROP NOT NULL")
                cursor.execute("ALTER TABLE message_recipients DISABLE TRIGGER USER")
                cursor.execute("UPDATE message_recipients SET state = NULL, reason = ''")
                cursor.execute("UPDATE message_history SET state = 'finished', state_reason = ''")
                cursor.execute("ALTER TABLE message_recipients ENABLE TRIGGER USER")
                cursor.execute(sql)

        return run

    def test_finished_ones_keep_what_is_known_and_name_what_is_not(self, adopt):
        broadcast = BroadcastFactory.create()
        statuses = ["sent", "failed", "deleted", "pending"]
        rows = [RecipientFactory.create(message=broadcast, state=state) for state in statuses]

        adopt()

        states = [Recipient.objects.get(pk=row.pk).state for row in rows]
        assert states == ["sent", "failed", "deleted", "uncertain"]
        assert Recipient.objects.get(pk=rows[3].pk).reason == "previous_dashboard"
        assert Recipient.objects.get(pk=rows[0].pk).sent_at is not None

    def test_scheduled_ones_are_held_when_their_time_has_passed_and_stay_scheduled_before(self, adopt):
        past = RecipientFactory.create(message__scheduled_at=datetime(2026, 8, 20, 18, tzinfo=UTC))
        future = RecipientFactory.create(message__scheduled_at=datetime(2051, 7, 12, 12, tzinfo=UTC))

        adopt()

        assert Broadcast.objects.get(pk=past.message_id).state == Broadcast.State.HELD
        assert Broadcast.objects.get(pk=future.message_id).state == Broadcast.State.SCHEDULED
        assert {row.state for row in Recipient.objects.all()} == {"pending"}

    def test_a_scheduled_one_that_was_partly_sent_is_never_sent_again(self, adopt):
        broadcast = BroadcastFactory.create(scheduled_at=datetime(2026, 8, 20, 18, tzinfo=UTC))
        RecipientFactory.create(message=broadcast, state="sent")
        left = RecipientFactory.create(message=broadcast)

        adopt()

        assert Broadcast.objects.get(pk=broadcast.pk).state == Broadcast.State.FINISHED
        assert Recipient.objects.get(pk=left.pk).state == Recipient.State.UNCERTAIN
