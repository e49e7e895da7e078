"""What our triggers cost the bot: rows inserted about random people and about one, with the triggers and without."""

import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

CONNECTIONS = 4  # at once, kept for all rounds as the bot keeps its pool; that pool is smaller
WARMING = 20  # rows on a new connection before it counts: it draws up every trigger once
ROUNDS, SECONDS = 8, 1  # rounds with and without take turns, so that a busy machine slows both
PEOPLE = 20_000  # drawn at random from everybody: their pages are not in memory because the last insert was theirs
NEWCOMERS = 8_000_000_000  # ids from here on are of people whom the benchmark makes
HISTORY = 20_000  # events of the one person with very many

# As the bot writes them; the parameter is a person, who is new only in ``users``.
INSERTS = {
    "users": "INSERT INTO users (user_id, username, first_name, language_code) VALUES (%s, 'anna', 'Анна', 'ru')",
    "bookings": "INSERT INTO bookings (user_id, username, first_name, course_id) VALUES (%s, 'anna', 'Анна', 1)",
    "events": "INSERT INTO events (user_id, event_type, details) VALUES (%s, 'start_command', '{}')",
    "free_lesson_registrations": "INSERT INTO free_lesson_registrations (user_id, username, first_name, email,"
    " lesson_type) VALUES (%s, 'anna', 'Анна', 'anna@example.test', 'cursor_lesson')",
}


def measure(url: str, table: str, *, about: int | None = None, kept: bool = True) -> tuple[float, float]:
    """Inserts a second with and without our triggers on ``table``; what was inserted is taken away again.

    They are ``about`` one person, or about people at random. Connections are ``kept``, or new ones in each round.
    """
    key = "user_id" if table == "users" else "id"
    with psycopg.connect(url, autocommit=True) as control:
        people = [row[0] for row in control.execute("SELECT user_id FROM users ORDER BY random() LIMIT %s", [PEOPLE])]
        highest = sql.SQL("SELECT coalesce(max({}), 0) FROM {}").format(sql.Identifier(key), sql.Identifier(table))
        (last,) = control.execute(highest).fetchall()[0]
        chosen = count(max(last + 1, NEWCOMERS)) if table == "users" else _at_random([about] if about else people)
        done = {"ENABLE": 0, "DISABLE": 0}
        pool = ExitStack()
        try:
            for number in range(ROUNDS):
                for how in done:
                    if not kept:
                        pool.close()
                    if not kept or (number, how) == (0, "ENABLE"):
                        bots = _connect(pool, url)
                    _switch_triggers(control, table, how)
                    if kept:
                        for bot in bots:
                            _write(bot, INSERTS[table], chosen, rows=WARMING)
                    done[how] += _insert(bots, INSERTS[table], chosen)
        finally:
            pool.close()
            _switch_triggers(control, table, "ENABLE")
            delete = sql.SQL("DELETE FROM {} WHERE {} > %s").format(sql.Identifier(table), sql.Identifier(key))
            control.execute(delete, [last])
    return done["ENABLE"] / ROUNDS / SECONDS, done["DISABLE"] / ROUNDS / SECONDS


def index_entries(url: str, table: str) -> int:
    """How many indexes of ``table`` there are: at most so many entries are written with each row."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_index WHERE indrelid = %s::regclass", [table])
        return int(found.fetchall()[0][0])


def _connect(pool: ExitStack, url: str) -> list[Connection]:
    """Open the bot's connections; ``pool`` closes them."""
    return [pool.enter_context(psycopg.connect(url, autocommit=True)) for _ in range(CONNECTIONS)]


def _at_random(people: list[int]) -> Iterator[int]:
    while True:
        yield random.choice(people)


def _switch_triggers(control: Connection, table: str, how: str) -> None:
    # USER: ours, and not those by which PostgreSQL keeps the foreign keys.
    control.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(table), sql.SQL(how)))


def _write(bot: Connection, statement: str, people: Iterator[int], *, rows: int) -> None:
    for _ in range(rows):
        bot.execute(statement, [next(people)])


def _insert(bots: Sequence[Connection], statement: str, people: Iterator[int]) -> int:
    """Insert from all connections for some seconds; give how many rows it became."""
    counts = [0] * len(bots)
    drawing = threading.Lock()
    deadline = time.monotonic() + SECONDS

    def write(number: int) -> None:
        while time.monotonic() < deadline:
            with drawing:
                person = next(people)
            bots[number].execute(statement, [person])
            counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(len(bots))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def main() -> None:
    from benchmarks import school

    school.build(school.prepare())
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        people = connection.execute("SELECT count(*) FROM users").fetchall()[0][0]
    print(f"Rows a second on {CONNECTIONS} connections, about random people of {people:,}:")
    print(f"  {'table':<36} {'indexes':>7} {'with our triggers':>18} {'without':>8} {'ratio':>6}")
    for kept in (True, False):
        print("  on connections that are kept:" if kept else "  on new connections in each round:")
        for table in INSERTS:
            _print(f"{table}", index_entries(url, table), *measure(url, table, kept=kept))
    with _somebody_with_a_history(url) as person:
        _print(f"events of one with {HISTORY:,}", index_entries(url, "events"), *measure(url, "events", about=person))
    _count_the_marked()


def _print(what: str, indexes: int, with_triggers: float, without: float) -> None:
    print(
        f"  {what:<36} {indexes:>7} {with_triggers:>18.0f} {without:>8.0f} {with_triggers / without:>6.2f}", flush=True
    )


@contextmanager
def _somebody_with_a_history(url: str) -> Iterator[int]:
    person = NEWCOMERS - 1
    with psycopg.connect(url, autocommit=True) as control:
        control.execute(
            "INSERT INTO events (user_id, event_type, created_at)"
            " SELECT %s, 'start_command', now() - i * interval '1 hour' FROM generate_series(1, %s) AS i",
            [person, HISTORY],
        )
        yield person
        control.execute("DELETE FROM users WHERE user_id = %s", [person])


def _count_the_marked() -> None:
    from users.totals import fold_marked_people, marked_people

    people, started = marked_people(), time.monotonic()
    fold_marked_people()
    took = time.monotonic() - started
    print(f"Counted {people:,} marked people in {took:.1f} s: {people / took:,.0f} a second.")


if __name__ == "__main__":
    main()
