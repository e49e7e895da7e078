"""People's totals: equal to the rows they count whatever is written, by whom, and how many at once."""

import threading
from io import StringIO
from itertools import product

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hsl_dashboard.db import run_sql
from tests import bot_database
from tests.database_roles import owner_role
from tests.sizes import sample
from tests.users.recount import counted_totals
from users import totals
from users.models import CountingMark, LivePersonTotals, PersonTotals, TelegramUser
from users.people.listing import people_list

BOT_TABLES = ("courses", "users", "bookings", "events", "free_lesson_registrations", "blocked_users")


def kept_totals(model=PersonTotals):
    names = [
        "language_code", "first_seen_at", "bookings", "events", "lessons", "has_active_booking", "latest_stream",
        "latest_status", "last_activity_at", "temperature", "blocked", "search_text", "lesson_types",
    ]  # fmt: skip
    return {row.pop("telegram_user_id"): row for row in model.objects.values("telegram_user_id", *names)}


def assert_exact() -> None:
    assert not CountingMark.objects.exists()
    assert kept_totals() == kept_totals(LivePersonTotals) == counted_totals()
    assert list(totals.totals_differences()) == []


# Every way in which the bot, staff or a database administrator writes what is counted; {p} is a person.
WRITTEN = """
INSERT INTO events (user_id, event_type, created_at) VALUES ({p}, 'start_command', now() - {n} * interval '7 hours');
INSERT INTO events (user_id, event_type, created_at) VALUES ({p}, 'view_program', NULL);
INSERT INTO events (user_id, event_type, created_at)
    SELECT {p} + i % 2, 'x', now() - i * interval '6 hours' FROM generate_series(0, {n}) AS i;
INSERT INTO events (user_id, event_type, created_at)
    VALUES ({p}, 'booking_status_changed', now()), ({p}, 'payment_approved', now() - {n} * interval '1 hour');
INSERT INTO events (user_id, event_type, created_at)
    SELECT {p}, (ARRAY['bot_blocked', 'stats_requested', 'referral_created', 'view_program'])[1 + i % 4],
        now() - i * interval '5 hours' FROM generate_series(0, 3 * {n}) AS i;
INSERT INTO bookings (user_id, confirmed, course_stream, created_at)
    VALUES ({p}, {n} % 5 - 1, '{n}th_stream', now() - {n} * interval '1 hour');
INSERT INTO bookings (user_id, confirmed, course_stream, created_at) VALUES ({p}, NULL, NULL, NULL);
INSERT INTO bookings (user_id) VALUES ({p});
INSERT INTO free_lesson_registrations (user_id, email, lesson_date) VALUES ({p}, 'a@b.c', date '2026-01-01' + {n})
    ON CONFLICT (user_id, lesson_type, lesson_date) DO UPDATE SET registered_at = now() - interval '1 day';
UPDATE free_lesson_registrations SET lesson_type = 'lesson_{n}' WHERE user_id = {p};
UPDATE users SET username = 'User_{n}', last_name = E'Щу\\nкин' WHERE user_id = {p};
INSERT INTO blocked_users (user_id) VALUES ({p}) ON CONFLICT DO NOTHING;
INSERT INTO users (user_id, first_name, language_code) VALUES ({p}, 'Имя', 'kk')
    ON CONFLICT (user_id) DO UPDATE SET first_name = 'Ёж', language_code = NULL, updated_at = now();
WITH made AS (INSERT INTO bookings (user_id) VALUES ({p}) RETURNING user_id)
    INSERT INTO events (user_id, event_type) SELECT user_id, 'booking_created' FROM made;
WITH made AS (INSERT INTO events (user_id, event_type) VALUES ({p}, 'x') RETURNING user_id)
    INSERT INTO bookings (user_id) SELECT user_id FROM made;
UPDATE bookings SET confirmed = 2 WHERE user_id = {p};
UPDATE bookings SET user_id = {p} WHERE user_id = {p} + 1;
UPDATE bookings SET created_at = created_at - interval '9 days', course_stream = 'x' WHERE id % 2 = {n} % 2;
UPDATE events SET user_id = {p} + 1 WHERE user_id = {p} AND id % 2 = 0;
UPDATE events SET created_at = created_at - interval '3 days';
UPDATE users SET first_seen_at = NULL, last_name = repeat('я', 5000) WHERE user_id = {p};
UPDATE users SET updated_at = now();
UPDATE users SET user_id = 7000 + {p} WHERE user_id = {p}
    AND NOT EXISTS (SELECT FROM users WHERE user_id = 7000 + {p})
    AND NOT EXISTS (SELECT FROM events WHERE user_id = {p}) AND NOT EXISTS (SELECT FROM bookings WHERE user_id = {p})
    AND NOT EXISTS (SELECT FROM blocked_users) AND NOT EXISTS (SELECT FROM free_lesson_registrations);
UPDATE events SET event_type = 'free_lesson_reminder_sent' WHERE user_id = {p} AND id % 2 = 1;
DELETE FROM events WHERE user_id = {p} AND id % 3 = 0;
DELETE FROM bookings WHERE id = (SELECT max(id) FROM bookings WHERE user_id = {p});
DELETE FROM free_lesson_registrations WHERE user_id = {p};
DELETE FROM blocked_users;
DELETE FROM users WHERE user_id = {p};
TRUNCATE events;
TRUNCATE bookings CASCADE;
"""
WRITES = WRITTEN.split(";\n")[:-1]
HISTORIES = st.lists(
    st.builds(str.format, st.sampled_from(WRITES), p=st.integers(1, 3), n=st.integers(0, 40)), min_size=1, max_size=12
)


@pytest.mark.owner
@pytest.mark.django_db
@pytest.mark.timeout(300)
@settings(max_examples=sample(80, 800), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_totals_equal_the_rows_after_any_history(history):
    with transaction.atomic():
        for write in history:
            run_sql("SET CONSTRAINTS ALL IMMEDIATE")
            run_sql(write)

        totals.fold_marked_people()
        assert_exact()

        transaction.set_rollback(True)


@pytest.mark.django_db
def test_totals_of_the_dirty_dump_are_exact():
    bot_database.load(*BOT_TABLES)
    assert kept_totals(LivePersonTotals) == counted_totals()

    totals.fold_marked_people()

    assert PersonTotals.objects.count() > 1_000
    assert_exact()


@pytest.mark.django_db
@pytest.mark.timeout(240)
def test_rebuilding_makes_totals_that_were_lost_or_wrong_right_again():
    with owner_role():
        # Tables that autovacuum saw empty but for dead rows pass for empty whatever they hold: it took minutes.
        run_sql("SET LOCAL session_replication_role = replica; TRUNCATE users, person_totals CASCADE")
        run_sql("SET LOCAL session_replication_role = origin")
    bot_database.load(*BOT_TABLES)
    run_sql("DELETE FROM person_totals WHERE user_id % 3 = 0")
    run_sql("UPDATE person_totals SET events = events + 1, latest_stream = 'x' WHERE user_id % 3 = 1")
    run_sql("INSERT INTO person_totals (user_id) VALUES (1)")

    call_command("rebuild_statistics", stdout=StringIO())

    assert_exact()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("UPDATE person_totals SET events = 5 WHERE user_id = 1", "person 1: events is 5, counted 1"),
        ("UPDATE person_totals SET temperature = 3 WHERE user_id = 1", "person 1: temperature is 3, counted 0"),
        ("DELETE FROM person_totals WHERE user_id = 1", "person 1: person is None, counted counted"),
        ("INSERT INTO person_totals (user_id) VALUES (9)", "person 9: person is kept, counted None"),
    ],
)
def test_the_check_names_a_planted_difference(planted, said):
    run_sql("INSERT INTO events (user_id, event_type) VALUES (1, 'x'), (2, 'x')")
    totals.fold_marked_people()
    run_sql(planted)
    output = StringIO()

    with pytest.raises(CommandError, match="person_totals: 1"):
        call_command("rebuild_statistics", "--check", stdout=output)

    assert said in output.getvalue()


@pytest.mark.django_db
def test_the_check_writes_nothing_and_is_content_with_exact_totals():
    run_sql("INSERT INTO events (user_id, event_type) VALUES (1, 'x')")
    output = StringIO()

    call_command("rebuild_statistics", "--check", stdout=output)

    assert "person_totals: equal to the sources" in output.getvalue()


@pytest.mark.django_db
def test_a_name_longer_than_an_index_entry_is_stored_all_the_same():
    run_sql("INSERT INTO users (user_id, first_name, language_code) VALUES (1, repeat('🦊', 9000), repeat('z', 9000))")
    totals.fold_marked_people()

    assert PersonTotals.objects.get().name_key == "🦊" * 100


EVENT = "INSERT INTO events (user_id, event_type) VALUES (1, 'start_command')"
BLOCK = "INSERT INTO blocked_users (user_id) VALUES (1)"  # it counts at once, and holds the person's totals
BOOKING = "INSERT INTO bookings (user_id, confirmed, course_stream) VALUES (1, 2, '8th_stream')"
RENAME = "UPDATE users SET first_name = 'Пётр' WHERE user_id = 1"
REGISTER = "INSERT INTO free_lesson_registrations (user_id, email) VALUES (1, 'a@b.c')"


# Two renames of one person wait for each other's row, with or without us.
@pytest.mark.parametrize(
    ("first", "second"),
    [pair for pair in product([EVENT, BOOKING, REGISTER, RENAME], repeat=2) if pair != (RENAME, RENAME)],
)
def test_writes_about_one_person_do_not_queue_behind_an_open_transaction(connect, first, second):
    run_sql("INSERT INTO users (user_id) VALUES (1)")
    slow, quick = connect(), connect()

    slow.execute(first)  # and its transaction stays open
    quick.execute(second)
    quick.commit()

    assert kept_totals(LivePersonTotals) == counted_totals()
    slow.commit()
    assert kept_totals(LivePersonTotals) == counted_totals()
    assert list(totals.totals_differences()) == []
    totals.fold_marked_people()
    assert_exact()


def test_the_list_is_exact_and_read_from_its_index_while_a_transaction_is_open(connect):
    run_sql("INSERT INTO users (user_id) SELECT generate_series(1, 60)")
    run_sql("INSERT INTO events (user_id, event_type) SELECT 2, 'x' FROM generate_series(1, 3)")
    slow, quick = connect(), connect()

    totals.fold_marked_people()
    slow.execute(BLOCK)
    for _ in range(2):
        quick.execute(EVENT)
        quick.commit()
    people = people_list(QueryDict("sort=-events"), with_emails=True)
    page, count = people.page(QueryDict())

    assert people.waiting == [1]
    assert totals.fold_marked_people() == 1
    assert [(row.pk, row.events) for row in page.rows[:3]] == [(2, 3), (1, 2), (60, 0)]
    assert count.number == 60
    assert page.after

    slow.commit()
    totals.fold_marked_people()
    people = people_list(QueryDict("sort=-events"), with_emails=True)

    assert people.waiting == []
    assert [(row.pk, row.events, row.blocked) for row in people.page(QueryDict())[0].rows[:2]] == [
        (2, 3, False),
        (1, 2, True),
    ]


@pytest.mark.parametrize("insert", [EVENT, BOOKING, REGISTER])
def test_what_the_bot_inserts_holds_nobody_up(connect, insert):
    run_sql("INSERT INTO users (user_id) VALUES (1)")
    slow = connect()

    slow.execute(insert)  # and its transaction stays open
    run_sql(EVENT)

    assert totals.fold_marked_people() == 0
    slow.commit()
    assert kept_totals(LivePersonTotals) == counted_totals()
    totals.fold_marked_people()
    assert_exact()


def test_an_event_changes_nothing_of_the_totals_until_it_is_folded_in(connect):
    run_sql("INSERT INTO users (user_id) VALUES (1), (2)")
    totals.fold_marked_people()
    bot = connect()

    bot.execute("INSERT INTO events (user_id, event_type) VALUES (1, 'x'), (2, 'x')")
    bot.execute(EVENT)
    bot.commit()

    assert sorted(CountingMark.objects.values_list("user_id", flat=True)) == [1, 1, 2]
    assert set(PersonTotals.objects.values_list("events", flat=True)) == {0}
    assert kept_totals(LivePersonTotals) == counted_totals()
    assert totals.fold_marked_people() == 0
    assert_exact()


def test_an_event_waits_for_nobody_who_counts_or_writes_about_the_same_person(connect):
    run_sql("INSERT INTO users (user_id) VALUES (1)")
    counting, bot = connect(), connect()
    bot.execute("SET lock_timeout = '50ms'")
    counting.execute(BOOKING)
    counting.execute("SELECT person_totals_fold(ARRAY[1::bigint])")

    bot.execute(EVENT)
    bot.commit()

    counting.commit()
    totals.fold_marked_people()
    assert_exact()


def test_marks_stand_in_a_table_without_an_index(db):
    assert run_sql("SELECT count(*) FROM pg_index WHERE indrelid = 'counting_marks'::regclass") == [(0,)]


def test_an_event_costs_the_same_however_many_there_are(db):
    """No row of the events is read to write one."""
    run_sql("INSERT INTO events (user_id, event_type) SELECT 1, 'x' FROM generate_series(1, 5000)")
    fetched = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'events'"
    [(before,)] = run_sql(fetched)

    run_sql(EVENT)

    assert run_sql(fetched) == [(before,)]


def test_a_transaction_that_comes_to_nothing_is_not_counted(connect):
    run_sql("INSERT INTO users (user_id) VALUES (1)")
    slow, quick = connect(), connect()

    slow.execute(EVENT)
    quick.execute(EVENT)
    slow.rollback()
    quick.rollback()

    totals.fold_marked_people()
    assert_exact()
    assert PersonTotals.objects.get().events == 0


def test_a_fold_amid_open_transactions_neither_waits_nor_loses_a_count(connect):
    run_sql("INSERT INTO users (user_id) VALUES (1)")
    totals.fold_marked_people()
    first, second, third = connect(), connect(), connect()
    first.execute(BLOCK)
    second.execute(BOOKING)
    second.commit()
    third.execute(EVENT)

    left = totals.fold_marked_people()

    assert left == 1
    first.commit()
    totals.fold_marked_people()
    third.commit()
    assert kept_totals(LivePersonTotals) == counted_totals()
    totals.fold_marked_people()
    assert_exact()


def test_a_reader_with_an_old_snapshot_writes_without_an_error(connect):
    run_sql("INSERT INTO users (user_id) VALUES (1)")
    old = connect(psycopg.IsolationLevel.REPEATABLE_READ)
    old.execute("SELECT count(*) FROM events")
    run_sql(EVENT)

    old.execute(EVENT)
    old.commit()

    assert kept_totals(LivePersonTotals) == counted_totals()
    totals.fold_marked_people()
    assert_exact()


def write_busily(bot: psycopg.Connection, forwards: bool, failures: list[psycopg.Error]) -> None:
    people = range(1, 6) if forwards else range(5, 0, -1)
    try:
        for turn in range(15):
            for person in people:
                bot.execute(EVENT.replace("(1,", f"({person},"))
                if turn % 3 == 0:
                    bot.execute(BOOKING.replace("(1,", f"({person},"))
            bot.execute(
                "DELETE FROM events WHERE id = (SELECT max(id) FROM events WHERE xmin = pg_current_xact_id()::xid)"
            )
            bot.commit()
    except psycopg.Error as error:
        failures.append(error)


@pytest.mark.timeout(120)
def test_many_writers_of_the_same_people_never_deadlock_and_leave_exact_totals(connect):
    run_sql("INSERT INTO users (user_id) SELECT generate_series(1, 5)")
    failures: list[psycopg.Error] = []

    threads = [
        threading.Thread(target=write_busily, args=(connect(), number % 2 == 0, failures)) for number in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        totals.fold_marked_people()
    for thread in threads:
        thread.join()

    assert failures == []
    assert kept_totals(LivePersonTotals) == counted_totals()
    totals.fold_marked_people()
    assert_exact()


def test_whoever_names_somebody_does_not_wait_for_who_is_changing_them(connect):
    named = "INSERT INTO bookings (user_id, first_name) VALUES (1, 'Анна')"
    one, other = connect(), connect()
    one.execute("INSERT INTO users (user_id) VALUES (1)")
    one.commit()
    one.execute("UPDATE users SET language_code = 'en' WHERE user_id = 1")

    other.execute(named)
    other.commit()
    one.commit()
    before = TelegramUser.objects.get(pk=1).first_name
    other.execute(named)
    other.commit()

    assert (before, TelegramUser.objects.get(pk=1).first_name) == (None, "Анна")
