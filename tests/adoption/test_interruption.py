"""Interrupted anywhere, by an error or by the machine: run again, it goes on, and nothing is lost or done twice."""

import random
import signal
import time

import pytest

from tests.adoption.busy_bot import BusyBot
from tests.adoption.databases import Database, columns_of, contents, start
from tests.adoption.test_takeover import columns, constraints, indexes, triggers
from tests.sizes import sample

# Whole takeovers, several in a test, on a machine that may have other things to do.
pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]


class PowerCut(Exception):
    pass


def test_interrupted_after_every_single_step_it_goes_on_each_time(live, adopted):
    before, known = contents(live), columns_of(live)
    done = []

    def cut(step):
        done.append(step.name)
        raise PowerCut

    while len(done) < 200:
        try:
            output = live.adopt(after_step=cut)
        except PowerCut:
            continue
        break

    assert len(done) > 50
    assert len(done) == len(set(done))  # no step is done twice
    assert output.strip() == "Nothing to do: this database is taken over."
    assert_same_schema(live, adopted)
    assert_nothing_lost(live, before, known)


def test_killed_at_any_moment_it_goes_on(live, adopted):
    before, known = contents(live), columns_of(live)
    moments = random.Random()

    with BusyBot(live) as busy:
        for _ in range(sample(3, 20)):
            with start(live) as process:
                # Django is up after some 0.4 s; the takeover takes 2 to 3 s from then on.
                time.sleep(moments.uniform(0.3, 2.5))
                process.send_signal(signal.SIGKILL)
        with start(live) as finished:
            output, _ = finished.communicate(timeout=50)

    assert finished.returncode == 0, output
    assert busy.errors == []
    assert_same_schema(live, adopted)
    assert all(
        now[0] >= then[0] for now, then in zip(contents(live, before=known).values(), before.values(), strict=True)
    )
    assert live.adopt().strip() == "Nothing to do: this database is taken over."


def test_a_half_built_index_is_built_again(live):
    # What an interrupted CREATE UNIQUE INDEX CONCURRENTLY leaves behind: here duplicates stop it.
    with pytest.raises(Exception, match="could not create unique index"):
        live.run('CREATE UNIQUE INDEX CONCURRENTLY "events_type_created" ON events (event_type)')
    assert live.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'events_type_created'::regclass") is False

    live.adopt_tables()

    assert live.rows(
        "SELECT indisvalid, indisunique FROM pg_index WHERE indexrelid = 'events_type_created'::regclass"
    ) == [(True, False)]


def assert_same_schema(database: Database, other: Database) -> None:
    for facts in (columns, constraints, indexes, triggers):
        assert facts(database) == facts(other)


def assert_nothing_lost(
    database: Database, before: "dict[str, tuple[int, str]]", known: "dict[str, list[str]]"
) -> None:
    after = contents(database, before=known)
    changing = {"users", "message_history"}  # new people; sent_at of messages that were never sent
    assert {t: after[t] for t in after.keys() - changing} == {t: before[t] for t in before.keys() - changing}
    assert after["users"][0] >= before["users"][0]
