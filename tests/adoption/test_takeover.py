"""The command on the dump: nothing is lost, the schema is that of a new database, and the bot notices nothing."""

import pytest
from pytest_django.asserts import assertContains

from hsl_dashboard.adoption.catalog import same_default
from tests import bot
from tests.adoption.databases import BOT_TABLES, Database, columns_of, contents
from tests.factories import UserFactory
from tests.signing_in import signed_in

NEW_PERSON = 9_100_000_000


def test_no_row_is_lost_and_none_is_changed(template, takeover):
    before = contents(template)
    missing = template.value(
        "SELECT count(*) FROM (SELECT user_id FROM bookings UNION SELECT user_id FROM events UNION"
        " SELECT user_id FROM free_lesson_registrations UNION SELECT user_id FROM hackathon_registrations UNION"
        " SELECT user_id FROM message_recipients UNION SELECT user_id FROM blocked_users UNION"
        " SELECT user_id FROM referral_usage) named WHERE user_id NOT IN (SELECT user_id FROM users)"
    )

    after = contents(takeover.database, before=columns_of(template))
    assert after["users"][0] == before["users"][0] + missing
    # Overdue messages lose their sent_at, which said a time at which nothing was sent.
    untouched = set(BOT_TABLES) - {"users", "message_history"}
    assert {table: after[table] for table in untouched} == {table: before[table] for table in untouched}
    assert "Every row that was there is there, and the same." in takeover.output


def test_the_schema_is_that_of_a_new_database(takeover, migrated):
    for facts in (columns, constraints, indexes, triggers, functions):
        assert facts(takeover.database) == facts(migrated)


def test_a_second_run_has_nothing_to_do(adopted):
    before = writes(adopted)

    assert adopted.adopt().strip() == "Nothing to do: this database is taken over."

    assert writes(adopted) == before


def test_a_dry_run_prints_the_plan_and_writes_nothing(live):
    before = writes(live)

    output = live.adopt(dry_run=True)

    assert "align types of users" in output
    assert "create missing people" in output
    assert "locked for some milliseconds" in output
    assert writes(live) == before


def test_what_the_bot_does_works_as_before(adopted):
    with adopted.connected() as connection:
        for action in bot.everything(connection, NEW_PERSON):
            action()

    people = adopted.value("SELECT count(*) FROM users WHERE user_id BETWEEN %s AND %s", [NEW_PERSON, NEW_PERSON + 8])
    assert people == 9


def test_streams_are_described_and_numbering_goes_on_after_the_bots_rows(adopted):
    assert adopted.rows(
        "SELECT count(*), count(*) FILTER (WHERE is_current) FROM bookings_stream WHERE course_id = 1"
    ) == [(7, 1)]

    adopted.run("INSERT INTO courses (name, button_text) VALUES ('Курс', 'Курс')")

    assert adopted.value("SELECT max(id) FROM courses") == 3


@pytest.mark.parametrize("address", ["/workshops/", "/workshops/stream/8th_stream/", "/bookings/"])
def test_the_pages_show_the_adopted_school(adopted, address):
    with adopted.as_default():
        client = signed_in(UserFactory.create(is_staff=True, is_superuser=True))

        response = client.get(address)

    assertContains(response, "8-й поток")


def test_people_whom_only_the_rows_name_get_their_newest_name_and_first_day(live):
    live.run(
        "INSERT INTO events (user_id, event_type, details, created_at) VALUES"
        ' (42, \'start_command\', \'{"username": "old", "first_name": "Аня"}\', \'2026-01-05 10:00+00\'),'
        " (42, 'view_program', '[]', '1970-01-01 00:00+00'),"
        " (42, 'view_program', '{\"username\": \"\"}', '2026-03-05 10:00+00')",
        "INSERT INTO bookings (user_id, username, first_name, created_at)"
        " VALUES (42, 'new', ' ', '2026-02-05 10:00+00')",
    )

    live.adopt_tables()

    person = live.rows(
        "SELECT username, first_name, first_seen_at = '2026-01-05 10:00+00', updated_at = '2026-03-05 10:00+00'"
        " FROM users WHERE user_id = 42"
    )
    assert person == [("new", "Аня", True, True)]


def test_deleting_a_person_deletes_what_is_theirs_and_a_course_with_bookings_stays(adopted):
    with adopted.connected() as connection:
        for action in bot.everything(connection, NEW_PERSON):
            action()
        connection.execute("DELETE FROM users WHERE user_id BETWEEN %s AND %s", [NEW_PERSON, NEW_PERSON + 8])
        left = [
            connection.execute(f"SELECT count(*) FROM {table} WHERE user_id >= %s", [NEW_PERSON]).fetchone()
            for table in BOT_TABLES
            if table not in {"courses", "referral_coupons", "message_history"}
        ]
        with pytest.raises(Exception, match="bookings_course_id_fkey"):
            connection.execute("DELETE FROM courses WHERE id = 1")

    assert left == [(0,)] * 8


def test_dates_without_a_zone_become_the_moments_they_meant(live):
    live.run("INSERT INTO users (user_id, first_seen_at) VALUES (42, '2026-02-15 13:57:01.276168')")

    live.adopt_tables(naive_timezone="Europe/Moscow")

    assert live.value("SELECT first_seen_at = '2026-02-15 10:57:01.276168+00' FROM users WHERE user_id = 42")
    assert live.value("SELECT count(*) FROM users WHERE first_seen_at IS NULL") == 0


def test_what_nobody_expected_in_the_database_is_left_alone(live):
    live.run(
        "ALTER TABLE bookings ADD COLUMN utm_source TEXT DEFAULT 'ads'",
        "CREATE INDEX idx_bookings_course ON bookings (course_id)",
        "CREATE TABLE bot_sessions (id SERIAL PRIMARY KEY, data JSONB)",
        "INSERT INTO bot_sessions (data) VALUES ('{}')",
    )

    live.adopt_tables()

    assert live.value("SELECT count(*) FROM bookings WHERE utm_source = 'ads'") == 900
    assert live.value("SELECT count(*) FROM bot_sessions") == 1
    assert live.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'idx_bookings_course'") == 1


@pytest.mark.long
def test_an_older_database_gets_the_columns_and_tables_that_came_later(live, adopted):
    live.run(
        "ALTER TABLE events DROP COLUMN username, DROP COLUMN first_name",
        "ALTER TABLE bookings ALTER COLUMN confirmed DROP DEFAULT, ALTER COLUMN user_id DROP NOT NULL",
        "ALTER TABLE courses ALTER COLUMN button_text TYPE VARCHAR(60)",
        "ALTER TABLE referral_usage DROP CONSTRAINT referral_usage_coupon_id_user_id_key",
        "ALTER TABLE hackathon_registrations ALTER COLUMN id DROP DEFAULT",
        "DROP SEQUENCE referral_usage_id_seq CASCADE",
        "ALTER TABLE message_recipients DROP CONSTRAINT message_recipients_message_id_fkey",
        "DROP TABLE blocked_users",
        "SELECT setval('events_id_seq', 5)",
    )

    live.adopt()

    assert columns(live) == columns(adopted)
    assert constraints(live) == constraints(adopted)
    assert indexes(live) == indexes(adopted)
    assert triggers(live) == triggers(adopted)
    with live.connected() as connection:
        for action in bot.everything(connection, NEW_PERSON):
            action()


def columns(database: Database) -> list[tuple[object, ...]]:
    """Columns of every table; a serial column counts as an identity column."""
    rows = database.rows(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
        " CASE WHEN a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN 'counts'"
        " ELSE pg_get_expr(d.adbin, d.adrelid) END"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
        " ORDER BY 1, 2"
    )
    return [(*row[:4], "now" if same_default(row[4], "now()") else row[4]) for row in rows]


def constraints(database: Database) -> list[tuple[object, ...]]:
    return database.rows(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, 2"
    )


def indexes(database: Database) -> list[tuple[object, ...]]:
    return database.rows(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index"
        " JOIN pg_class c ON c.oid = indexrelid WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1"
    )


def triggers(database: Database) -> list[tuple[object, ...]]:
    return database.rows(
        "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger'), tgenabled"
        " FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    )


def functions(database: Database) -> list[tuple[object, ...]]:
    return database.rows(
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2"
    )


def writes(database: Database) -> tuple[object, ...]:
    """Give all that a write would change: the catalogs, and place and writer of every row of every table."""
    tables = [row[0] for row in database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    rows = [
        database.rows(
            f"SELECT %s, count(*), md5(string_agg(ctid::text || xmin, '' ORDER BY ctid)) FROM {table}", [table]
        )
        for table in tables
    ]
    return rows, columns(database), constraints(database), indexes(database), triggers(database)
