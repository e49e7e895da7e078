"""The previous dashboard on a database that was taken over: it reads all that it read, and sends nothing of ours."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from messaging.models import Broadcast, Draft, Recipient
from tests.adoption.previous_dashboard import (
    ADDRESS,
    BEGIN,
    COUNTED,
    DELETED,
    DELIVERED,
    DUE,
    HISTORY,
    MOVED,
    READS,
    WAITING,
    WORKING,
)
from tests.factories import UserFactory
from users.models import TelegramUser

pytestmark = pytest.mark.timeout(240)  # a takeover of the dump takes 12 s, and more beside others


def answers(database) -> dict[str, list[tuple[object, ...]]]:
    with database.connected() as connection:
        connection.execute("SET timezone = 'UTC'")
        return {name: connection.execute(sql).fetchall() for name, sql in READS.items()}


def test_f1_every_route_but_the_history_answers_as_before_the_takeover(template, adopted):
    assert answers(adopted) == answers(template)
    for name, sql in WORKING.items():
        assert adopted.rows(sql), name


@pytest.fixture
def with_ours(adopted):
    """Our own draft, and messages of ours in every state that is not over, their moments past and to come."""
    with adopted.as_default():
        staff = UserFactory.create()
        TelegramUser.objects.get_or_create(user_id=42)
        Draft.objects.create(created_by=staff, content={"text": "Черновик"})
        moment = timezone.now()
        for state in (Broadcast.State.SCHEDULED, Broadcast.State.HELD, Broadcast.State.SENDING, Broadcast.State.PAUSED):
            for starts_at in (moment - timedelta(hours=1), moment + timedelta(hours=1)):
                ours = Broadcast.objects.create(
                    message_text="Привет, {first_name|друг}", state=state, starts_at=starts_at, total_recipients=1
                )
                Recipient.objects.create(message=ours, telegram_user_id=42, state=Recipient.State.PENDING)
    return adopted


def test_f1_the_history_answers_with_a_moment_in_every_row(with_ours):
    rows = with_ours.rows(HISTORY)

    assert len(rows) > 8
    assert all(isinstance(sent_at, datetime) for _id, _text, sent_at, *_rest in rows)
    assert not any(text == "Черновик" for _id, text, *_rest in rows)


def test_f2_its_scheduler_finds_nothing_of_ours(with_ours):
    assert with_ours.value("SELECT count(*) FROM message_recipients WHERE state = 'pending'") >= 8
    assert with_ours.rows(DUE) == []


def test_f2_what_it_schedules_itself_it_still_sends(adopted):
    with adopted.connected() as previous:
        message = previous.execute(BEGIN, ["Привет", timezone.now() + timedelta(hours=1)]).fetchone()[0]
        recipient = previous.execute(ADDRESS, [message]).fetchone()[0]
        previous.execute("UPDATE message_history SET scheduled_at = now() WHERE id = %s", [message])

        due = previous.execute(DUE).fetchall()
        waiting = previous.execute(WAITING, [message]).fetchall()

    assert due == [(message, "Привет")]
    assert waiting == [(recipient, 42)]


def test_f5_what_it_sends_has_its_moment_and_can_be_corrected_for_48_hours(adopted):
    with adopted.connected() as previous:
        message = previous.execute(BEGIN, ["Привет", None]).fetchone()[0]
        recipient = previous.execute(ADDRESS, [message]).fetchone()[0]
        previous.execute(DELIVERED, [recipient])
        previous.execute(COUNTED, [message])

    state, age = adopted.rows("SELECT state, now() - sent_at FROM message_recipients WHERE id = %s", [recipient])[0]
    assert state == "sent"
    assert timedelta(0) <= age < timedelta(minutes=1)

    with adopted.connected() as previous:
        previous.execute(DELETED, [message])
    assert adopted.value("SELECT state FROM message_recipients WHERE id = %s", [recipient]) == "deleted"


def test_f2_a_booking_that_it_changes_is_recorded(adopted):
    booking = adopted.value("SELECT max(id) FROM bookings")
    adopted.run(f"UPDATE bookings SET confirmed = 0, course_stream = '8th_stream' WHERE id = {booking}")

    with adopted.connected() as previous:
        previous.execute(MOVED, [booking])

    assert adopted.rows("SELECT confirmed, course_stream, discount_percent FROM bookings WHERE id = %s", [booking]) == [
        (1, "5th_stream", 10)
    ]
