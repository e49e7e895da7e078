"""Scheduled messages of the previous dashboard: those whose time has passed are held, nothing goes out by itself."""

import pytest

OVERDUE = (
    "SELECT id FROM message_history m WHERE scheduled_at <= now() AND EXISTS"
    " (SELECT FROM message_recipients WHERE message_id = m.id) AND NOT EXISTS"
    " (SELECT FROM message_recipients WHERE message_id = m.id AND delivery_status <> 'pending') ORDER BY id"
)

pytestmark = pytest.mark.long


@pytest.fixture
def scheduled(live):
    """One message whose time passed yesterday, one for tomorrow, one for the next moments."""
    live.run(
        "INSERT INTO message_history (id, message_text, scheduled_at) VALUES (901, 'вчера', now() - interval '1 day'),"
        " (902, 'завтра', now() + interval '1 day'), (903, 'сейчас', now() + interval '1 hour')",
        "INSERT INTO message_recipients (message_id, user_id) SELECT id, 42 FROM message_history WHERE id > 900",
    )
    return live


def test_what_is_overdue_is_held_and_what_is_to_come_waits(scheduled):
    overdue = [row[0] for row in scheduled.rows(OVERDUE)]
    assert 901 in overdue

    scheduled.adopt()

    assert scheduled.rows("SELECT id FROM message_history WHERE state = 'held' ORDER BY id") == [(n,) for n in overdue]
    assert scheduled.rows("SELECT id FROM message_history WHERE state = 'scheduled' AND id > 900") == [(902,), (903,)]
    assert scheduled.value("SELECT count(*) FROM message_history WHERE state = 'sending'") == 0


def test_what_becomes_overdue_while_the_takeover_runs_is_held_too(scheduled):
    def let_time_pass(step):
        if step.name == "run the other migrations":
            scheduled.run("UPDATE message_history SET starts_at = now() WHERE id = 903")

    scheduled.adopt(after_step=let_time_pass)

    assert scheduled.value("SELECT state FROM message_history WHERE id = 903") == "held"


def test_what_our_own_engine_has_scheduled_since_is_not_touched(scheduled):
    scheduled.adopt()
    scheduled.run(
        "INSERT INTO message_history (id, message_text, starts_at, state) VALUES (904, 'своё', now(), 'scheduled')",
        "UPDATE message_history SET created_at = now() + interval '1 second' WHERE id = 904",
    )

    assert "Nothing to do" in scheduled.adopt()
    assert scheduled.value("SELECT state FROM message_history WHERE id = 904") == "scheduled"


def test_f2_the_previous_scheduler_finds_nothing_that_is_ours_to_send(scheduled):
    scheduled.adopt()

    assert (
        scheduled.rows("SELECT id FROM message_history WHERE id IN (901, 902, 903) AND scheduled_at IS NOT NULL") == []
    )
    assert (
        scheduled.value("SELECT count(*) FROM message_history WHERE id IN (901, 902, 903) AND starts_at IS NULL") == 0
    )


def test_f1_no_row_is_left_without_the_moment_by_which_the_previous_history_sorts(scheduled):
    scheduled.adopt()

    assert scheduled.value("SELECT count(*) FROM message_history WHERE sent_at IS NULL") == 0
