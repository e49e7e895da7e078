"""What was found wrong with takeovers, each by its id."""

import pytest
from django.core.management import CommandError, call_command

from tests.adoption.databases import BOT_TABLES
from tests.adoption.test_takeover import columns, constraints, indexes, triggers, writes

pytestmark = pytest.mark.timeout(240)  # a takeover of the dump takes 12 s, and more beside others
NAMELESS = (7_000_000_001, 7_000_000_002, 7_000_000_003, 7_000_000_004)


def test_f3_whoever_has_no_name_gets_the_newest_that_any_row_has(live):
    live.run(
        f"INSERT INTO users (user_id) SELECT unnest(ARRAY{list(NAMELESS)})",
        f"UPDATE users SET username = 'stays' WHERE user_id = {NAMELESS[0]}",
        "INSERT INTO events (user_id, event_type, details, created_at) VALUES"
        f""" ({NAMELESS[0]}, 'x', '{{"first_name": "Аня", "username": "other"}}', '2026-01-01'),"""
        f""" ({NAMELESS[0]}, 'x', '{{"first_name": "Анна"}}', '2026-02-01'),"""
        f""" ({NAMELESS[0]}, 'x', '{{"first_name": " "}}', '2026-03-01')""",
        f"INSERT INTO bookings (user_id, first_name, course_id) VALUES ({NAMELESS[1]}, 'Борис', 1)",
        "INSERT INTO free_lesson_registrations (user_id, username, first_name, email)"
        f" VALUES ({NAMELESS[2]}, 'vera', 'Вера', 'v@example.test')",
    )

    live.adopt()

    names = live.rows("SELECT username, first_name FROM users WHERE user_id = ANY (%s) ORDER BY 1, 2", [list(NAMELESS)])
    assert names == [("stays", "Анна"), ("vera", "Вера"), (None, "Борис"), (None, None)]
    found = "SELECT name_key FROM person_totals_live WHERE user_id = %s"
    assert live.value(found, [NAMELESS[1]]) == "борис"


@pytest.fixture
def public(live):
    """The public bot's own database: its set-up makes no table of people."""
    live.run("DROP TABLE users CASCADE")
    return live


@pytest.mark.owner
def test_f4_a_database_without_people_is_taken_over_and_everybody_named_is_made(public, migrated):
    named = public.value(
        "SELECT count(DISTINCT user_id) FROM (SELECT user_id FROM bookings UNION ALL SELECT user_id FROM events"
        " UNION ALL SELECT user_id FROM free_lesson_registrations UNION ALL SELECT user_id FROM message_recipients"
        " UNION ALL SELECT user_id FROM hackathon_registrations UNION ALL SELECT user_id FROM blocked_users"
        " UNION ALL SELECT user_id FROM referral_usage) AS x"
    )
    plan = public.adopt(dry_run=True)

    output = public.adopt()

    assert "create table users" in plan
    assert "Every row that was there is there, and the same." in output
    assert public.value("SELECT count(*) FROM users") == public.value("SELECT count(*) FROM person_totals") == named
    assert public.value("SELECT count(*) FROM users WHERE first_name IS NOT NULL") > named / 2
    for facts in (columns, constraints, indexes, triggers):
        assert facts(public) == facts(migrated)


@pytest.mark.parametrize("lost", [(), ("users",)])
def test_f4_migrate_refuses_a_database_of_the_bot_and_changes_nothing(live, lost):
    for table in lost:
        live.run(f"DROP TABLE {table} CASCADE")
    before = writes(live)

    with live.as_default(), pytest.raises(CommandError, match="run adopt_database"):
        call_command("migrate", verbosity=0)

    assert writes(live) == before
    assert not live.rows("SELECT FROM pg_class WHERE relname IN ('django_migrations', 'staff_user')")


def test_f6_an_index_that_is_there_under_another_name_is_renamed_and_not_built_again(live):
    live.run("CREATE INDEX idx_message_recipients_status ON message_recipients (message_id, delivery_status)")
    built = "SELECT relfilenode FROM pg_class WHERE relname = %s"
    file = live.value(built, ["idx_message_recipients_status"])

    live.adopt_tables()

    assert live.value(built, ["message_recipients_status"]) == file
    assert live.rows(built, ["idx_message_recipients_status"]) == []


def test_f7_a_table_that_is_to_be_made_is_named_once(live):
    live.run("DROP TABLE hackathon_registrations")

    plan = [line for line in live.adopt(dry_run=True).splitlines() if "hackathon_registrations" in line]

    assert "create table hackathon_registrations" in plan[0]
    assert not [line for line in plan if "add column" in line]


def test_each_step_says_what_it_does_how_many_rows_how_long_it_took_and_what_is_left(takeover):
    output = takeover.output

    events = takeover.database.value("SELECT count(*) FROM events")
    assert f"check key events_user_id_fkey, about {events:,} rows … " in output
    progress = [line for line in output.splitlines() if line.startswith("  ") and " … " in line]
    assert all(line.endswith("left") and " s, " in line for line in progress)
    left = [int(line.split()[-2]) for line in progress]
    assert left == sorted(left, reverse=True)
    assert left[0] > 10 > left[-1]
    assert set(BOT_TABLES) <= {line.split()[0] for line in output.splitlines() if line}
