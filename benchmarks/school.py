"""A school of half a million people for the benchmarks: made by SQL in a database of its own, once, in minutes."""

import argparse
import os
import re
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

PEOPLE = 500_000  # the size that the targets are set for, with two bookings, twenty events and one text a person

WORDS = re.compile(r"\w+")
NAMES = WORDS.findall("""
    Анна Мария Елена Ольга Наталья Екатерина Дарья Алиса Полина Софья Ксения Вероника Юлия Татьяна Светлана
    Александр Дмитрий Максим Иван Артём Михаил Никита Егор Кирилл Андрей Сергей Фёдор Пётр Семён Глеб Арсений
    Тимур Айгерим Данияр Оксана Богдан John Emma Ёжи Лев
""")
SURNAMES = WORDS.findall("""
    Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев
    Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов
    Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв Щукин
    Эйхенбаум Шевченко Ким Ли Smith
""")

# Triggers and keys are off while the rows go in; indexes are made afterwards, in one pass each.
# ``%(people)s`` is how many there are.
STEPS = {
    "courses": "INSERT INTO courses (id, name, button_text) VALUES (1, 'Вайб кодинг', 'В'), (2, 'EXTRA', 'E')"
    " ON CONFLICT DO NOTHING",
    "people": f"""
        INSERT INTO users (user_id, username, first_name, last_name, language_code, first_seen_at, updated_at)
        SELECT 100000000 + i::bigint * 7919,
            CASE WHEN random() < 0.8 THEN 'user_' || substr(md5(i::text), 1, 8) END,
            (%(names)s::text[])[1 + floor(random() ^ 1.5 * {len(NAMES)})::int],
            CASE WHEN random() < 0.7 THEN (%(surnames)s::text[])[1 + floor(random() ^ 1.5 * {len(SURNAMES)})::int] END,
            (ARRAY['ru','ru','ru','ru','ru','ru','ru','ru','en','kk','uk','uz',NULL])[1 + floor(random() * 13)::int],
            now() - random() ^ 1.5 * interval '3 years', now()
        FROM generate_series(1, %(people)s) AS i
    """,
    "numbers": "CREATE TEMP TABLE numbered AS SELECT row_number() OVER (ORDER BY md5(user_id::text)) AS i, user_id,"
    " first_seen_at FROM users",
    "numbers' key": "CREATE UNIQUE INDEX ON numbered (i) INCLUDE (user_id, first_seen_at)",
    "bookings": """
        INSERT INTO bookings (
            user_id, course_id, confirmed, created_at, discount_percent, referral_code, course_stream
        )
        SELECT n.user_id, 1 + (random() < 0.1)::int,
            (ARRAY[0,1,1,2,2,2,-1,-1,-1,7])[1 + floor(random() * 9.02)::int],
            n.first_seen_at + random() * (now() - n.first_seen_at),
            CASE WHEN code <= 40 THEN 10 + code %% 3 * 20 ELSE 0 END, CASE WHEN code <= 40 THEN 'CODE' || code END,
            (ARRAY['3rd_stream','4th_stream','5th_stream','6th_stream','7th_stream','8th_stream','8th_stream',
                'mentoring','9th_stream',NULL])[1 + floor(random() ^ 1.2 * 9.1)::int]
        FROM (
            SELECT 1 + floor(random() ^ 1.4 * %(people)s * 0.6)::bigint AS i, 1 + floor(random() * 80)::int AS code
            FROM generate_series(1, 2 * %(people)s)
        ) AS chosen
        JOIN numbered AS n USING (i)
    """,
    "events": """
        INSERT INTO events (user_id, event_type, details, created_at)
        SELECT n.user_id,
            (ARRAY['start_command','view_program','booking_created','lesson_link_clicked','session_reset'])
                [1 + floor(random() ^ 2 * 5)::int],
            CASE WHEN random() < 0.3 THEN jsonb_build_object('course_id', 1) END,
            CASE WHEN recent THEN now() - random() * interval '7 days'
                ELSE n.first_seen_at + random() ^ 2 * (now() - n.first_seen_at) END
        FROM (
            SELECT recent,
                1 + floor(random() ^ 2 * %(people)s * CASE WHEN recent THEN 0.06 ELSE 1 END)::bigint AS i
            FROM (SELECT i %% 20 = 0 AS recent FROM generate_series(1, 20 * %(people)s) AS i) AS made OFFSET 0
        ) AS chosen
        JOIN numbered AS n USING (i)
    """,
    # What students write, and the receipts they send: some 500,000 texts of 100,000 people.
    "texts": """
        INSERT INTO events (user_id, event_type, details, created_at)
        SELECT n.user_id, CASE WHEN kind < 0.9 THEN 'student_response' ELSE 'alternative_payment_proof' END,
            jsonb_build_object('message_type', 'text', 'booking_status', 1, 'message_text', 'Вопрос № ' || i),
            CASE WHEN kind < 0.05 THEN now() - random() * interval '14 days'
                ELSE n.first_seen_at + random() * (now() - n.first_seen_at) END
        FROM (
            SELECT 1 + floor(random() ^ 1.5 * %(people)s * 0.2)::bigint AS i, random() AS kind
            FROM generate_series(1, %(people)s)
        ) AS chosen
        JOIN numbered AS n USING (i)
    """,
    "texts in conversations": """
        INSERT INTO messaging_studenttext (event_id, user_id, written_at)
        SELECT id, user_id, LEAST(created_at, now()) FROM events WHERE details->>'message_text' <> ''
    """,
    "registrations": """
        INSERT INTO free_lesson_registrations (user_id, email, registered_at, lesson_type, lesson_date)
        SELECT n.user_id,
            substr(md5(n.user_id::text), 1, 10) || (ARRAY['@mail.ru','@gmail.com','@yandex.ru'])[1 + i %% 3],
            n.first_seen_at + random() * (now() - n.first_seen_at),
            (ARRAY['cursor_lesson','ai_lesson'])[1 + i %% 5 / 4],
            date '2026-01-01' + (random() * 300)::int
        FROM (
            SELECT 1 + floor(random() * %(people)s * 0.4)::bigint AS i FROM generate_series(1, %(people)s)
        ) AS chosen
        JOIN numbered AS n USING (i)
        ON CONFLICT DO NOTHING
    """,
    "streams": "INSERT INTO bookings_stream (course_id, code, name, is_current, price, currency)"
    " SELECT 1, n || 'th_stream', n || '-й поток', false, n * 1000, 'RUB' FROM generate_series(4, 9) AS n"
    " ON CONFLICT (course_id, code) DO UPDATE SET price = EXCLUDED.price, currency = EXCLUDED.currency",
    "payments": """
        INSERT INTO bookings_payment (booking_id, amount, currency, received_at)
        SELECT id, 1000 + id %% 9000, CASE WHEN course_stream LIKE '%%th_stream' THEN 'RUB' ELSE 'USD' END,
            created_at + interval '1 hour'
        FROM bookings WHERE confirmed = 2 AND id %% 5 < 3
    """,
    "coupons": "INSERT INTO referral_coupons (code, discount_percent, max_activations, current_activations, created_by)"
    " SELECT 'CODE' || n, 10 + n %% 3 * 20, 100000, 1000, 1 FROM generate_series(1, 40) AS n ON CONFLICT DO NOTHING",
    "blocks": "INSERT INTO blocked_users (user_id) SELECT user_id FROM numbered WHERE i %% 33 = 0",
}


def prepare() -> int:
    """Read how many people are asked for, and point the settings at their own database, which is made if need be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"fewer than {PEOPLE:,}, for a quick look")
    people: int = parser.parse_known_args()[0].people
    os.environ.setdefault("DEBUG", "true")
    from demo.servers import embedded

    name = "hsl_benchmark" if people == PEOPLE else f"hsl_benchmark_{people}"
    elsewhere = os.environ.get("BENCHMARK_DATABASE_URL")
    url = _own_database(elsewhere or embedded.database_url(), name, may_begin_anew=not elsewhere)
    os.environ["DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "hsl_dashboard.settings"
    import django

    django.setup()
    return people


def build(people: int) -> None:
    """Migrate, and fill the tables if nobody is there yet."""
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM users)")
        if cursor.fetchone()[0]:
            return
        print(f"Making {people:,} people, {2 * people:,} bookings and {20 * people:,} events (once) ...", flush=True)
        _fill(cursor, people)
    started = time.monotonic()
    call_command("rebuild_statistics", verbosity=0)
    print(f"  rebuild_statistics {time.monotonic() - started:.0f} s", flush=True)
    from messaging.inbox.folding import fold_texts

    while fold_texts() > 0:
        pass
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _fill(cursor: Any, people: int) -> None:
    indexes = _secondary_indexes(cursor)
    for name in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    cursor.execute("SET session_replication_role = replica")
    cursor.execute("SET work_mem = '512MB'; SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
    cursor.execute("SELECT setseed(0.42)")
    steps = STEPS | {f"index {name}": definition for name, definition in indexes.items()}
    values = {"people": people, "names": NAMES, "surnames": SURNAMES}
    for name, query in steps.items():
        started = time.monotonic()
        cursor.execute(query, values if name in STEPS else None)
        print(f"  {name} {time.monotonic() - started:.0f} s", flush=True)
    cursor.execute("SET session_replication_role = origin")
    cursor.execute("RESET ALL")
    cursor.execute("ANALYZE")


def _secondary_indexes(cursor: Any) -> dict[str, str]:
    cursor.execute(
        "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
        " WHERE i.indrelid IN ('bookings'::regclass, 'events'::regclass, 'users'::regclass) AND NOT i.indisunique"
    )
    return dict(cursor.fetchall())


def _own_database(url: str, name: str, *, may_begin_anew: bool) -> str:
    from demo.servers.outdated import begin_anew_if_outdated, migrations_that_are_gone

    with psycopg.connect(url, autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            server.execute(f"CREATE DATABASE {name}")
    own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    if may_begin_anew:
        if said := begin_anew_if_outdated(own):
            print(said)
    elif gone := migrations_that_are_gone(own):
        # A server that is not this clone's may be shared, and a school of this size takes long to make.
        raise SystemExit(
            f"The database {name} of BENCHMARK_DATABASE_URL was made by migrations that this clone does not have"
            f" ({gone[0]}, for one). Nothing was changed: measure from the clone that made it, or drop it yourself."
        )
    return own


if __name__ == "__main__":
    build(prepare())
