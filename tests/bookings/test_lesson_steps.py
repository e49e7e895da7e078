"""How far registrations led: recounted in plain Python on the dump and on random schools; marks, order, folds."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from bookings.lessons.steps import fold_steps, rebuild_steps, some_wait, steps_differences
from bookings.models import Booking, FreeLessonRegistration, LessonSteps
from hsl_dashboard.db import run_sql
from tests import bot_database
from tests.factories import BookingFactory, EventFactory, FreeLessonRegistrationFactory, TelegramUserFactory
from users.models import CountingMark, Event, PersonTotals
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db

NEVER = datetime(1, 1, 2, tzinfo=UTC)
AT = datetime(2026, 11, 2, 20, 59, 59, tzinfo=UTC)  # 23:59:59 in Moscow


def expected() -> dict[int, tuple[Any, ...]]:
    """Recount every registration from rows, without any SQL of ours."""
    clicks, bookings = defaultdict(list), defaultdict(list)
    for user_id, at, details in Event.objects.filter(event_type="lesson_link_clicked").values_list(
        "telegram_user_id", "created_at", "details"
    ):
        if at is not None and isinstance(details, dict):
            inner = details.get("lesson") if isinstance(details.get("lesson"), dict) else {}
            clicks[user_id].append((at, {details.get("lesson_type"), inner.get("lesson_type")} - {None}))
    for user_id, at, confirmed in Booking.objects.values_list("telegram_user_id", "created_at", "confirmed"):
        if at is not None:
            bookings[user_id].append((at, confirmed))
    found = {}
    for row in FreeLessonRegistration.objects.all():
        since = row.registered_at or NEVER
        came = [at for at, kinds in clicks[row.telegram_user_id] if at >= since and row.lesson_type in kinds]
        booked = [(at, confirmed) for at, confirmed in bookings[row.telegram_user_id] if at >= since]
        found[row.pk] = (
            row.telegram_user_id,
            row.lesson_type or "",
            row.lesson_date,
            row.registered_at,
            bool(row.notification_sent),
            min(came, default=None),
            min((at for at, _confirmed in booked), default=None),
            any(confirmed == 2 for _at, confirmed in booked),
        )
    return found


def counted() -> dict[int, tuple[Any, ...]]:
    names = "user_id", "lesson_type", "lesson_on", "registered_at", "reminded", "attended_at", "booked_at", "confirmed"
    return {pk: tuple(rest) for pk, *rest in LessonSteps.objects.values_list("pk", *names)}


def test_the_dump_is_counted_as_plain_python_counts_it():
    bot_database.load("users", "courses", "bookings", "events", "free_lesson_registrations")

    fold_steps()

    steps = counted()
    assert steps == expected()
    assert len(steps) > 1000
    assert sum(step[5] is not None for step in steps.values()) > 50
    assert sum(step[7] for step in steps.values()) > 20
    assert list(steps_differences()) == []


KINDS = ["cursor_lesson", "vibecoding_lesson", None]


def moment(dice: Random) -> datetime | None:
    return dice.choice([None, AT + timedelta(seconds=dice.choice([-86_400, -1, 0, 1, 2, 86_400]))])


def register(dice: Random, person) -> None:
    FreeLessonRegistration.objects.get_or_create(
        telegram_user=person,
        lesson_type=dice.choice(KINDS),
        lesson_date=dice.choice([None, "2026-11-03", "2026-11-04"]),
        defaults={"email": "anna@example.test", "registered_at": moment(dice)},
    )


def click(dice: Random, person) -> None:
    kind = dice.choice(KINDS)
    details = dice.choice([{"lesson_type": kind}, {"lesson": {"lesson_type": kind}}, "x", None, [kind]])
    EventFactory.create(
        telegram_user=person, event_type="lesson_link_clicked", details=details, created_at=moment(dice)
    )


def book(dice: Random, person) -> None:
    BookingFactory.create(telegram_user=person, confirmed=dice.choice([None, -1, 0, 1, 2]), created_at=moment(dice))


def change(dice: Random, person) -> None:
    run_sql("UPDATE bookings SET confirmed = %s WHERE user_id = %s", [dice.choice([None, -1, 2]), person.pk])
    run_sql("UPDATE events SET created_at = %s WHERE user_id = %s", [moment(dice), person.pk])


def delete(dice: Random, person) -> None:
    table = dice.choice(["bookings", "events", "free_lesson_registrations"])
    run_sql(f"DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table} WHERE user_id = %s)", [person.pk])


def fold(_dice: Random, _person) -> None:
    fold_steps()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_written_is_counted_after_a_fold(seed):
    dice = Random(seed)
    people = TelegramUserFactory.create_batch(6)

    for _ in range(80):
        dice.choice([register, register, click, click, book, change, delete, fold])(dice, dice.choice(people))
    fold_steps()

    assert counted() == expected()
    assert list(steps_differences()) == []


def test_registrations_that_move_to_another_person_go_along():
    row = FreeLessonRegistrationFactory.create(registered_at=AT)
    other = EventFactory.create(
        event_type="lesson_link_clicked", details={"lesson_type": "cursor_lesson"}, created_at=AT
    ).telegram_user
    fold_steps()

    run_sql("UPDATE free_lesson_registrations SET user_id = %s WHERE id = %s", [other.pk, row.pk])
    fold_steps()

    assert LessonSteps.objects.get(pk=row.pk).attended_at == AT
    run_sql("DELETE FROM users WHERE user_id = %s", [other.pk])
    fold_steps()
    assert LessonSteps.objects.count() == 0


def test_events_of_other_kinds_mark_nobody():
    FreeLessonRegistrationFactory.create()
    fold_steps()
    person = FreeLessonRegistration.objects.get().telegram_user

    EventFactory.create(telegram_user=person, event_type="start_command")

    assert not some_wait()
    fold_marked_people()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM lesson_steps_pending")
        assert cursor.fetchone() == (0,)


def test_who_counts_the_person_first_hands_their_registrations_on():
    row = FreeLessonRegistrationFactory.create(registered_at=AT)
    fold_steps()
    EventFactory.create(
        telegram_user=row.telegram_user, event_type="lesson_link_clicked", details={"lesson_type": row.lesson_type},
        created_at=AT,
    )  # fmt: skip
    booking = BookingFactory.create(telegram_user=row.telegram_user, created_at=AT)

    assert fold_marked_people() == 0

    assert some_wait()
    assert list(steps_differences()) == []
    fold_steps()
    steps = LessonSteps.objects.get()
    assert (steps.attended_at, steps.booked_at) == (AT, booking.created_at)
    assert not some_wait()


def test_who_counts_the_registrations_first_leaves_the_person_marked():
    row = FreeLessonRegistrationFactory.create(registered_at=AT)
    assert list(steps_differences()) == []
    since = CountingMark.objects.get(about="free_lesson_registrations").marked_at

    fold_steps()

    assert not some_wait()
    assert set(CountingMark.objects.filter(pk=row.telegram_user_id).values_list("about", "marked_at")) == {
        (None, since)
    }
    fold_marked_people()
    assert PersonTotals.objects.get(pk=row.telegram_user_id).lessons == 1


@pytest.mark.parametrize("day", ["infinity", "-infinity", "20000-01-01"])
def test_a_date_outside_the_calendar_is_none(day):
    row = FreeLessonRegistrationFactory.create()

    run_sql(
        "UPDATE free_lesson_registrations SET lesson_date = %s, registered_at = %s WHERE id = %s", [day, day, row.pk]
    )
    fold_steps()

    steps = LessonSteps.objects.get()
    assert (steps.lesson_on, steps.registered_at) == (None, None)


def test_what_is_wrong_is_found_and_the_rebuild_mends_it(capsys):
    row = FreeLessonRegistrationFactory.create()
    fold_steps()
    LessonSteps.objects.update(confirmed=True)

    with pytest.raises(CommandError, match="lesson_steps: 1"):
        call_command("rebuild_statistics", check=True)

    assert f"registration {row.pk}" in capsys.readouterr().out
    rebuild_steps()
    assert list(steps_differences()) == []


@pytest.mark.owner
def test_emptying_events_marks_everybody():
    row = FreeLessonRegistrationFactory.create(registered_at=AT)
    EventFactory.create(
        telegram_user=row.telegram_user, event_type="lesson_link_clicked", created_at=AT,
        details=json.loads('{"lesson": {"lesson_type": "cursor_lesson"}}'),
    )  # fmt: skip
    fold_steps()
    assert LessonSteps.objects.get().attended_at == AT

    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("TRUNCATE events")
    fold_steps()

    assert LessonSteps.objects.get().attended_at is None
