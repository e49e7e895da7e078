"""What the people's totals cost the bot: events inserted by four connections, with the triggers and without them."""

import threading
import time

import psycopg

CONNECTIONS, SECONDS, EACH = 4, 5, 500  # the bot's own pool is smaller; a few hundred people are busy at once
INSERT = "INSERT INTO events (user_id, event_type, details) VALUES (%s, 'start_command', '{}')"


def measure(url: str) -> tuple[float, float]:
    """Inserts a second with and without the triggers on events; what was inserted is taken away again."""
    with psycopg.connect(url, autocommit=True) as control:
        (last,) = control.execute("SELECT max(id) FROM events").fetchall()[0]
        people = [row[0] for row in control.execute("SELECT user_id FROM users LIMIT %s", [EACH])]
        with_triggers = _insert(url, people, ignore=False)
        without = _insert(url, people, ignore=True)
        control.execute("DELETE FROM events WHERE id > %s", [last])
    return with_triggers, without


def _insert(url: str, people: list[int], *, ignore: bool) -> float:
    counts = [0] * CONNECTIONS
    deadline = time.monotonic() + SECONDS

    def write(number: int) -> None:
        with psycopg.connect(url, autocommit=True) as bot:
            if ignore:
                names = bot.execute("SELECT array_agg(tgname) FROM pg_trigger WHERE tgname LIKE '%person_totals%'")
                bot.execute("SELECT set_config('pgtrigger.ignore', %s::text, false)", [names.fetchall()[0][0]])
            while time.monotonic() < deadline:
                bot.execute(INSERT, [people[counts[number] * 7 % len(people)]])
                counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def main() -> None:
    from benchmarks import school

    school.build(school.prepare())
    import os

    with_triggers, without = measure(os.environ["DATABASE_URL"])
    print(f"events a second on {CONNECTIONS} connections: {with_triggers:.0f} with the totals, {without:.0f} without")
    print(f"ratio {with_triggers / without:.2f}")


if __name__ == "__main__":
    main()
