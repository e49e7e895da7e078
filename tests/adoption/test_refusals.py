"""What is refused before anything is written, and in which words."""

import re

import pytest
from django.core.management import CommandError, call_command

from hsl_dashboard.adoption.columns import Fit, fit
from hsl_dashboard.adoption.locks import AdoptionFailed
from tests import bot
from tests.adoption.test_takeover import writes


def refused(database, *, because, **options):
    before = writes(database)
    with pytest.raises(AdoptionFailed, match=because) as failure:
        database.adopt(**options)
    assert writes(database) == before
    return str(failure.value)


def test_an_empty_database_is_for_migrate(new_database):
    refused(new_database(), because=r"none of the bot's tables.*manage.py migrate")


def test_another_programs_database_is_not_touched(new_database):
    database = new_database()
    database.run("CREATE TABLE users (id SERIAL PRIMARY KEY, email TEXT)")

    refused(database, because=r"not the bot's database: users has no first_name, user_id, username")


def test_a_database_that_lacks_a_main_table_is_not_the_bots(live):
    live.run("ALTER TABLE events RENAME TO events_old")

    refused(live, because="not the bot's database: it has no table events")


def test_views_in_the_place_of_tables_are_refused(live):
    live.run("ALTER TABLE courses RENAME TO courses_old", "CREATE VIEW courses AS SELECT * FROM courses_old")

    refused(live, because="courses is not a plain table")


def test_a_time_zone_that_nobody_knows_is_refused(live):
    refused(live, because="PostgreSQL knows no time zone 'Moskva'", naive_timezone="Moskva")


def test_duplicates_are_named_with_their_cure_and_none_is_deleted(live):
    key = "free_lesson_registrations_user_id_lesson_type_lesson_date_key"
    live.run(f"ALTER TABLE free_lesson_registrations DROP CONSTRAINT {key}")
    for _ in range(2):
        live.run(
            "INSERT INTO free_lesson_registrations (id, user_id, email, lesson_date)"
            " SELECT max(id) + 1, 42, 'a@example.test', '2026-12-01' FROM free_lesson_registrations"
        )
    first, second = (
        row[0] for row in live.rows("SELECT id FROM free_lesson_registrations WHERE user_id = 42 ORDER BY id")
    )

    said = refused(live, because="Nothing was changed")

    assert f"id {first}, {second}" in said
    cure = re.search(r"DELETE FROM free_lesson_registrations WHERE id IN \(\d+\);", said)
    assert cure is not None
    live.run(cure[0])
    live.adopt_tables()


def test_rows_that_refer_to_nothing_are_named(live):
    live.run(
        "ALTER TABLE bookings DROP CONSTRAINT bookings_course_id_fkey", "UPDATE bookings SET course_id = 9 WHERE id < 3"
    )

    assert "2 rows of bookings have course_id = 9, which courses does not have" in refused(
        live, because="Nothing was changed"
    )


def test_empty_fields_that_must_be_filled_are_named(live):
    live.run(
        "ALTER TABLE events ALTER COLUMN event_type DROP NOT NULL", "UPDATE events SET event_type = NULL WHERE id < 4"
    )

    assert "events.event_type is NULL in 3 rows" in refused(live, because="Nothing was changed")


def test_a_type_that_only_a_rewrite_can_change_is_named_with_the_statement(live):
    live.run("ALTER TABLE events ALTER COLUMN details TYPE JSON")

    said = refused(live, because="Nothing was changed")

    assert 'ALTER TABLE "events" ALTER COLUMN "details" TYPE jsonb USING "details"::jsonb;' in said


def test_a_dry_run_names_what_is_in_the_way_too(live):
    live.run("ALTER TABLE courses DROP CONSTRAINT courses_pkey CASCADE")

    assert "courses has no primary key" in refused(live, because="Nothing was changed", dry_run=True)


def test_the_command_says_it_as_an_error_of_the_command(new_database):
    with new_database().as_default(), pytest.raises(CommandError, match="none of the bot's tables"):
        call_command("adopt_database", "--dry-run")


class TestRoles:
    """The bot, the owner of its tables and the dashboard may be three different roles."""

    @pytest.fixture
    def roles(self, live):
        owner, robot, dashboard = (f"{live.name}_{name}" for name in ("owner", "bot", "dashboard"))
        live.run(*(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'x'" for role in (owner, robot, dashboard)))
        live.run(
            f'ALTER SCHEMA public OWNER TO "{owner}"',
            f'GRANT ALL ON ALL TABLES IN SCHEMA public TO "{robot}"',
            f'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO "{robot}"',
        )
        for (table,) in live.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            live.run(f'ALTER TABLE "{table}" OWNER TO "{owner}"')
        yield owner, robot, dashboard
        live.user = ""
        live.run(*(f'DROP OWNED BY "{role}" CASCADE' for role in (owner, robot, dashboard)))
        live.run(*(f'DROP ROLE "{role}"' for role in (owner, robot, dashboard)))

    def test_who_may_not_change_the_tables_is_told_what_to_grant(self, live, roles):
        owner, robot, dashboard = roles
        live.run(f'GRANT "{owner}" TO "{robot}"')
        live.user = dashboard

        with pytest.raises(AdoptionFailed, match=rf'may not change .*GRANT "{owner}" TO "{dashboard}"'):
            live.adopt()

    def test_a_bot_that_could_not_write_any_more_is_found_before_it_happens(self, live, roles):
        owner, robot, dashboard = roles
        live.run(f'GRANT "{owner}" TO "{dashboard}"')
        live.user = dashboard

        with pytest.raises(AdoptionFailed, match=rf'{robot} writes .*GRANT "{owner}" TO "{robot}"'):
            live.adopt()

    def test_tables_of_several_owners_are_named(self, live, roles):
        owner, robot, _ = roles
        live.run(f'ALTER TABLE users OWNER TO "{robot}"', f'REVOKE ALL ON bookings FROM "{robot}"')

        with pytest.raises(AdoptionFailed, match=rf'ALTER TABLE "users" OWNER TO "{owner}"'):
            live.adopt()

    def test_an_owner_who_may_not_make_tables_is_told_what_to_grant(self, live, roles):
        owner, robot, _ = roles
        live.run(
            f'GRANT "{owner}" TO "{robot}"',
            "ALTER SCHEMA public OWNER TO CURRENT_USER",
            f'REVOKE CREATE ON SCHEMA public FROM PUBLIC, "{owner}"',
        )

        with pytest.raises(AdoptionFailed, match=rf'GRANT CREATE ON SCHEMA public TO "{owner}"'):
            live.adopt()

    def test_owner_bot_and_dashboard_work_side_by_side(self, live, roles):
        owner, robot, dashboard = roles
        live.run(f'GRANT "{owner}" TO "{dashboard}", "{robot}"', f"ALTER ROLE \"{dashboard}\" SET role = '{owner}'")

        live.user = dashboard
        assert "Every row that was there is there" in live.adopt()

        live.user = robot
        with live.connected() as connection:
            for action in bot.everything(connection, 9_100_000_000):
                action()


@pytest.mark.parametrize(
    ("live", "wanted", "verdict"),
    [
        ("text", "text", Fit.SAME),
        ("timestamp without time zone", "timestamp with time zone", Fit.ALIGN),
        ("timestamp with time zone", "timestamp without time zone", Fit.FOREIGN),
        ("character varying(50)", "character varying(100)", Fit.ALIGN),
        ("character varying(100)", "text", Fit.ALIGN),
        ("text", "character varying(50)", Fit.WIDER),
        ("character varying", "character varying(50)", Fit.WIDER),
        ("bigint", "integer", Fit.WIDER),
        ("integer", "bigint", Fit.FOREIGN),
        ("json", "jsonb", Fit.FOREIGN),
    ],
)
def test_types_are_judged_by_what_they_hold(live, wanted, verdict):
    assert fit(live, wanted) is verdict
