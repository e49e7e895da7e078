"""The bot writes all the while: none of its statements fails, and none waits 2 s for a lock."""

import threading
import time

import pytest

from hsl_dashboard.adoption.locks import AdoptionFailed, Patience
from tests import bot
from tests.adoption.busy_bot import FIRST_PERSON, PEOPLE_A_ROUND, BusyBot
from tests.adoption.databases import columns_of, contents, start

# Whole takeovers, several in a test, on a machine that may have other things to do.
pytestmark = pytest.mark.timeout(240)


def test_the_bot_works_on_while_its_database_is_taken_over(live):
    before = contents(live)

    with BusyBot(live) as busy:
        output = live.adopt()

    assert busy.errors == []
    # What the bot wrote meanwhile is all there.
    written = live.value("SELECT count(DISTINCT user_id) FROM users WHERE user_id >= %s", [FIRST_PERSON])
    assert busy.rounds > 5
    assert written == busy.rounds * 9
    assert live.value("SELECT count(*) FROM events") >= before["events"][0] + 2 * busy.rounds
    assert "Every row that was there is there, and the same." in output


@pytest.mark.long
def test_rows_that_the_bot_changes_meanwhile_are_counted_as_its_own(live):
    person = live.value("SELECT min(user_id) FROM users")
    with live.connected() as connection:

        def rename(step):
            bot.store_user(connection, person, username=f"after {step.name}")

        output = live.adopt(after_step=rename)

    line = next(line for line in output.splitlines() if line.startswith("users "))
    before, kept, changed, lost = (int(number) for number in line.split()[1:5])
    assert (kept, changed, lost) == (before - 1, 1, 0)


@pytest.mark.long
def test_somebody_with_a_long_transaction_delays_us_and_not_the_bot(live):
    locked = threading.Event()

    def hold_a_lock():
        with live.connected() as connection, connection.transaction():
            connection.execute(
                "UPDATE users SET last_name = last_name WHERE user_id = (SELECT min(user_id) FROM users)"
            )
            connection.execute("SELECT count(*) FROM bookings, events LIMIT 0")
            locked.set()
            time.sleep(2.5)

    holder = threading.Thread(target=hold_a_lock)
    holder.start()
    locked.wait()
    with BusyBot(live, first_person=FIRST_PERSON + PEOPLE_A_ROUND * 1_000_000) as busy:
        live.adopt()
    holder.join()

    assert busy.errors == []


def test_a_lock_that_never_comes_free_ends_in_a_sentence_that_names_its_holder(live):
    with live.connected(application_name="psql of Anna") as connection, connection.transaction():
        connection.execute("LOCK TABLE users IN ROW EXCLUSIVE MODE")
        time.sleep(1.1)
        with pytest.raises(AdoptionFailed, match=r"align types of users: .*psql of Anna.*run this command again"):
            live.adopt(limits=Patience(patience=0.5))

    live.adopt_tables()
    assert live.value("SELECT pg_typeof(updated_at)::text FROM users LIMIT 1") == "timestamp with time zone"


def test_a_rewrite_that_takes_too_long_is_taken_back_and_says_so(live):
    before = contents(live)

    with pytest.raises(AdoptionFailed, match=r"Stop the bot and run this command again with --longest-lock 60"):
        live.adopt(naive_timezone="Europe/Moscow", limits=Patience(longest_lock=0.001, patience=5))

    assert contents(live, before=columns_of(live)) == before


@pytest.mark.long
def test_maintenance_of_a_table_is_waited_for_without_the_bot_in_the_queue(live):
    locked = threading.Event()

    def vacuum():
        with live.connected() as connection, connection.transaction():
            connection.execute("LOCK TABLE users, bookings IN SHARE UPDATE EXCLUSIVE MODE")  # as VACUUM does
            locked.set()
            time.sleep(2)

    maintenance = threading.Thread(target=vacuum)
    maintenance.start()
    locked.wait()
    with BusyBot(live) as busy:
        output = live.adopt()
    maintenance.join()

    assert busy.errors == []
    assert "Every row that was there is there" in output


@pytest.mark.long
def test_a_second_takeover_at_the_same_time_waits_and_then_has_nothing_to_do(live):
    outputs = []

    def take_over():
        with start(live) as process:
            output, _ = process.communicate(timeout=50)
        outputs.append((process.returncode, output))

    both = [threading.Thread(target=take_over) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert [code for code, _ in outputs] == [0, 0], outputs
    assert sorted("Nothing to do" in output for _, output in outputs) == [False, True]
