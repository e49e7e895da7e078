"""The tables of people and events as the bot sees them: defaults, triggers and keys live in the database."""

import pytest
from django.db import IntegrityError
from django.utils.timezone import now

from hsl_dashboard.db import run_sql
from tests.factories import EventFactory, TelegramUserFactory
from users.models import BlockedUser, Event, TelegramUser

pytestmark = pytest.mark.django_db
NEWCOMER = 9_100_000_000


def test_a_person_written_with_an_id_alone_is_seen_first_now():
    run_sql("INSERT INTO users (user_id) VALUES (%s)", [NEWCOMER])

    person = TelegramUser.objects.get(pk=NEWCOMER)
    assert person.first_seen_at is not None and person.updated_at is not None
    assert abs((now() - person.first_seen_at).total_seconds()) < 60
    assert person.first_seen_at == person.updated_at


def test_an_event_of_somebody_unknown_makes_the_person_from_its_details():
    run_sql(
        "INSERT INTO events (user_id, event_type, details) VALUES (%s, 'start_command', %s)",
        [NEWCOMER, '{"username": "anna", "first_name": "Анна"}'],
    )

    person = TelegramUser.objects.get(pk=NEWCOMER)
    assert (person.username, person.first_name) == ("anna", "Анна")
    assert person.first_seen_at == Event.objects.get().created_at


@pytest.mark.parametrize("details", [None, "[]", '"text"', "{}", '{"username": "", "first_name": null}'])
def test_an_event_without_a_name_in_it_makes_a_person_without_a_name(details):
    run_sql("INSERT INTO events (user_id, event_type, details) VALUES (%s, 'start_command', %s)", [NEWCOMER, details])

    person = TelegramUser.objects.get(pk=NEWCOMER)
    assert (person.username, person.first_name) == (None, None)


def test_a_person_whom_the_bot_knows_keeps_the_name_that_the_bot_gave():
    person = TelegramUserFactory.create(first_name="Анна")

    run_sql(
        "INSERT INTO events (user_id, event_type, details) VALUES (%s, 'start_command', %s)",
        [person.pk, '{"first_name": "Не Анна"}'],
    )

    assert TelegramUser.objects.get(pk=person.pk).first_name == "Анна"


def test_a_person_without_a_name_gets_the_first_one_that_a_row_tells():
    run_sql("INSERT INTO events (user_id, event_type) VALUES (%s, 'session_reset')", [NEWCOMER])

    run_sql("INSERT INTO bookings (user_id, username, first_name, course_id) VALUES (%s, '', ' ', 1)", [NEWCOMER])
    run_sql("INSERT INTO hackathon_registrations (user_id, username) VALUES (%s, 'anna')", [NEWCOMER])
    run_sql("INSERT INTO bookings (user_id, username, first_name, course_id) VALUES (%s, 'old', 'Анна', 1)", [NEWCOMER])
    run_sql(
        "INSERT INTO free_lesson_registrations (user_id, email, first_name) VALUES (%s, 'a@example.test', 'Другая')",
        [NEWCOMER],
    )

    person = TelegramUser.objects.get(pk=NEWCOMER)
    assert (person.username, person.first_name) == ("anna", "Анна")


def test_blocking_somebody_unknown_makes_the_person_and_says_who_blocked():
    run_sql("INSERT INTO blocked_users (user_id) VALUES (%s)", [NEWCOMER])

    block = BlockedUser.objects.get(telegram_user_id=NEWCOMER)
    assert block.reason == "bot_blocked_by_user"
    assert block.blocked_at is not None
    assert TelegramUser.objects.filter(pk=NEWCOMER).exists()


def test_moving_an_event_to_somebody_unknown_makes_that_person_too():
    event = EventFactory.create()

    run_sql("UPDATE events SET user_id = %s WHERE id = %s", [NEWCOMER, event.pk])

    assert TelegramUser.objects.filter(pk=NEWCOMER).exists()


def test_deleting_a_person_by_sql_deletes_what_they_did():
    event = EventFactory.create()
    run_sql("INSERT INTO blocked_users (user_id) VALUES (%s)", [event.telegram_user_id])
    other = EventFactory.create()

    run_sql("DELETE FROM users WHERE user_id = %s", [event.telegram_user_id])

    assert list(Event.objects.all()) == [other]
    assert not BlockedUser.objects.exists()


def test_deleting_a_person_through_django_does_the_same():
    event = EventFactory.create()

    event.telegram_user.delete()

    assert not Event.objects.exists()


def test_a_person_cannot_take_another_id_while_rows_have_the_old_one():
    event = EventFactory.create()

    with pytest.raises(IntegrityError, match="events_user_id_fkey"):
        run_sql("UPDATE users SET user_id = %s WHERE user_id = %s", [NEWCOMER, event.telegram_user_id])
