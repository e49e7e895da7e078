"""The comparison at the end: it finds what is gone or damaged, and lets the bot's own changes pass."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from hsl_dashboard.adoption.locks import AdoptionFailed, Patience
from hsl_dashboard.adoption.proof import as_table, compare, take_snapshots
from hsl_dashboard.adoption.step import Takeover
from hsl_dashboard.adoption.target import bot_tables

pytestmark = pytest.mark.long


@pytest.fixture
def takeover(live):
    with live.as_default():
        yield Takeover(bot_tables(MigrationLoader(connection)), "UTC", Patience())


def result(takeover, before, table):
    return next(comparison for comparison in compare(takeover, before) if comparison.table == table)


def test_a_row_that_is_gone_ends_the_command_with_its_number(live):
    def delete_one(step):
        if step.name == "create missing people":
            live.run("DELETE FROM free_lesson_registrations WHERE id = 17")

    with pytest.raises(
        AdoptionFailed, match=r"gone or not the same: free_lesson_registrations 17\. No step deletes a row"
    ):
        live.adopt(after_step=delete_one)


def test_lost_new_and_changed_rows_are_told_apart(live, takeover):
    before = take_snapshots(takeover)
    live.run(
        "DELETE FROM hackathon_registrations WHERE id IN (1, 30, 60)",
        "UPDATE hackathon_registrations SET username = 'somebody' WHERE id = 31",
        "UPDATE hackathon_registrations SET username = username WHERE id = 32",
        "INSERT INTO hackathon_registrations (user_id) VALUES (1), (2)",
    )

    comparison = result(takeover, before, "hackathon_registrations")

    assert comparison.lost == [1, 30, 60]
    assert (comparison.before, comparison.kept, comparison.changed_by_others, comparison.added) == (60, 56, 1, 2)
    assert not comparison.is_whole


def test_a_row_that_changes_without_anybody_writing_it_is_damage(takeover):
    before = take_snapshots(takeover)
    before["courses"].rows.hashes[1] += 1

    comparison = result(takeover, before, "courses")

    assert comparison.damaged == [2]
    assert comparison.checksum_before != comparison.checksum_after
    assert not comparison.is_whole


def test_the_printed_table_has_a_line_for_each_table(takeover):
    lines = as_table(compare(takeover, take_snapshots(takeover))).splitlines()

    assert len(lines) == 12
    assert [line.split()[:6] for line in lines if line.startswith("bookings")] == [
        ["bookings", "900", "900", "0", "0", "0"]
    ]
