"""Eight connections write whatever the bot and a person with psql might, while beat counts: then nothing differs."""

import random
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from analytics.rollups import number_differences, refresh_numbers
from bookings.services.counts import booking_count_differences, fold_booking_counts
from tests.sizes import LONG, sample

WRITERS = 8
PEOPLE = 40
# Dice stand between the braces: a person, a moment back in time, a status.
WRITES = (
    *["INSERT INTO events (user_id, event_type, details) VALUES ({person}, '{kind}', '{{\"course_id\": 1}}')"] * 6,
    "INSERT INTO events (user_id, event_type, created_at) VALUES ({person}, '{kind}', now() - {ago})",
    "INSERT INTO bookings (user_id, course_id, confirmed) VALUES ({person}, 1, {status})",
    "INSERT INTO bookings (user_id, confirmed, created_at) VALUES ({person}, {status}, now() - {ago})",
    "INSERT INTO free_lesson_registrations (user_id, email, lesson_date) VALUES ({person}, '', '2026-11-0{number}')",
    "INSERT INTO users (user_id) VALUES ({person}) ON CONFLICT (user_id) DO UPDATE SET updated_at = now()",
    "UPDATE bookings SET confirmed = {status} WHERE user_id = {person}",
    "UPDATE bookings SET created_at = created_at - {ago} WHERE user_id = {person}",
    "UPDATE events SET created_at = now() - {ago} WHERE id = (SELECT max(id) FROM events WHERE user_id = {person})",
    "UPDATE users SET first_seen_at = now() - {ago} WHERE user_id = {person}",
    "UPDATE events SET user_id = {other} WHERE user_id = {person}",
    "DELETE FROM events WHERE id = (SELECT min(id) FROM events WHERE user_id = {person})",
    "DELETE FROM bookings WHERE id = (SELECT min(id) FROM bookings WHERE user_id = {person})",
    "DELETE FROM users WHERE user_id = {person}",
)
KINDS = ("start_command", "view_program", "payment_proof_uploaded", "lesson_link_clicked", "payment_approved")


def write_at_random(seed: int, until: float, done: list[int], failures: list[psycopg.Error]) -> None:
    dice = random.Random(seed)
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with psycopg.connect(**parameters, autocommit=True) as bot:
        while time.monotonic() < until:
            statement = dice.choice(WRITES).format(
                person=dice.randint(1, PEOPLE),
                other=dice.randint(1, PEOPLE),
                kind=dice.choice(KINDS),
                status=dice.choice(["-1", "0", "1", "2", "7", "NULL"]),
                ago=f"interval '{dice.randint(0, 60)} days {dice.randint(0, 86_399)} seconds'",
                number=dice.randint(1, 9),
            )
            try:
                bot.execute(statement)
                done.append(1)
            except psycopg.errors.DeadlockDetected:
                continue  # two of them change the rows of the same people, with or without us
            except (psycopg.errors.ForeignKeyViolation, psycopg.errors.UniqueViolation):
                continue  # the person is gone, or has registered
            except psycopg.Error as error:
                failures.append(error)
                return


@pytest.mark.timeout(600 if LONG else 120)
def test_after_random_writes_of_eight_connections_nothing_differs(transactional_db):
    refresh_numbers(timezone.now())
    done: list[int] = []
    failures: list[psycopg.Error] = []
    until = time.monotonic() + sample(4, 60)
    threads = [threading.Thread(target=write_at_random, args=(seed, until, done, failures)) for seed in range(WRITERS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        refresh_numbers(timezone.now())
        fold_booking_counts()
        time.sleep(0.2)
    for thread in threads:
        thread.join()

    # As beat does it a little later: then nobody is too new to be compared.
    later = timezone.now() + timedelta(minutes=20)
    refresh_numbers(later)

    assert failures == []
    assert len(done) > 100
    assert list(number_differences(later)) == []
    assert list(booking_count_differences()) == []
