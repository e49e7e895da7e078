"""Letters of rules on their whole way: the bot's own connection, the outbox, the engine, the sandbox, the booking."""

from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import connection, connections
from django.utils import timezone

from bookings.models import Booking, FreeLessonRegistration, Stream
from bookings.notices import last_notice
from messaging.automations import firing
from messaging.delivery import lifecycle
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.models import Broadcast, Outbox, Recipient
from tests import bot
from tests.factories import AutomationFactory, BookingFactory, StreamFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kept_counts")]


@pytest.fixture
def bots_connection(transactional_db):
    settings = connection.get_connection_params()
    names = ("host", "port", "dbname", "user", "password")
    with psycopg.connect(**{name: settings[name] for name in names if settings.get(name)}, autocommit=True) as opened:
        yield opened


@pytest.fixture(autouse=True)
def whatever_the_hour(engine, monkeypatch):
    """The engine is ready, and it is never night."""
    for module in ("models.automations", "automations.firing"):
        monkeypatch.setattr(f"messaging.{module}.is_quiet", lambda at: False)
    yield
    connections.close_all()


def noon() -> datetime:
    """Tomorrow's: what happens now is past by then, and not yet too late."""
    return timezone.localtime().replace(hour=12, minute=0) + timedelta(days=1)


def send(broadcast: int) -> None:
    run_queue(SendQueue(broadcast), seconds=5)


def test_from_the_bots_update_to_the_students_phone(telegram, bots_connection):
    AutomationFactory.create(kind="booking_confirmed", template="Привет, {first_name|друг}! {{скобки}} <b>Ура</b>")
    bot.store_user(bots_connection, 777, first_name="Б<о>б")
    bot.store_user(bots_connection, 778)
    telegram.block(778)
    first = BookingFactory.create(telegram_user_id=777)
    second = BookingFactory.create(telegram_user_id=778)
    for booking in (first, second):
        bot.change_status(bots_connection, booking.pk, 2)

    firing.fire_automations(at=noon())
    [broadcast] = firing.hand_over(at=timezone.now())
    send(broadcast)
    firing.settle(at=timezone.now())

    sent = [(entry.chat_id, entry.text) for entry in telegram.ledger(accepted=True)]
    assert sent == [(777, "Привет, Б&lt;о&gt;б! {скобки} <b>Ура</b>")]
    told, missed = Booking.objects.get(pk=first.pk), Booking.objects.get(pk=second.pk)
    assert (told.notified_about, told.notice_error) == ("booking_confirmed", "")
    assert told.notified_at is not None
    assert (missed.notified_at, missed.notice_error) == (None, Recipient.Reason.BLOCKED)
    assert sorted(Outbox.objects.values_list("state", flat=True)) == ["delivered", "failed"]
    assert Broadcast.objects.get().recipient_type == "automation"


# Each rule with what the bot does for it: its template, its offset, the statement, and the day on which it is due.
RULES = [
    ("booking_confirmed", 5, "UPDATE bookings SET confirmed = 2", "Анна, 8-й поток"),
    ("booking_cancelled", 0, "UPDATE bookings SET confirmed = -1", "Анна, 8-й поток"),
    ("payment_reminder", 1, "UPDATE bookings SET confirmed = 1", "Анна, 8-й поток"),
    ("course_start", 3, "UPDATE bookings SET confirmed = 2", "Анна, 8-й поток"),
    (
        "free_lesson",
        3,
        "INSERT INTO free_lesson_registrations (user_id, email, lesson_date) VALUES (%(person)s, 'a@b.c', %(day)s)",
        "Анна, ?",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[0])
def test_every_rule_reaches_the_student_and_staff_see_it(telegram, bots_connection, rule):
    kind, offset, does, words = rule
    AutomationFactory.create(kind=kind, offset=offset, template="{first_name|друг}, {stream|?}")
    at = noon() + timedelta(days=1)
    starts_on = at.date() + timedelta(days=2)
    Stream.objects.filter(pk=StreamFactory.create().pk).update(name="8-й поток", starts_on=starts_on)
    booking = BookingFactory.create(confirmed=0)
    bots_connection.execute(does, {"person": booking.telegram_user_id, "day": starts_on})

    assert firing.fire_automations(at=at) == 1
    for broadcast in firing.hand_over(at=timezone.now()):
        send(broadcast)
    firing.settle(at=timezone.now())
    assert firing.fire_automations(at=at + timedelta(minutes=1)) == 0

    assert [(entry.chat_id, entry.text) for entry in telegram.ledger()] == [(booking.telegram_user_id, words)]
    if kind == "free_lesson":
        assert FreeLessonRegistration.objects.get().notification_sent is True
        return
    booking.refresh_from_db()
    notice = last_notice(booking)
    assert notice and notice.at and not notice.error
    assert booking.notified_about == kind


def test_a_letter_in_the_engine_that_is_overtaken_before_its_call_does_not_go_out(telegram, bots_connection):
    AutomationFactory.create(kind="booking_confirmed", template="Подтверждено")
    AutomationFactory.create(kind="booking_cancelled", template="Отменено")
    overtaken, stays = BookingFactory.create(), BookingFactory.create()
    for booking in (overtaken, stays):
        bot.change_status(bots_connection, booking.pk, 2)
    firing.fire_automations(at=noon())
    [confirmed] = firing.hand_over(at=timezone.now())
    bot.change_status(bots_connection, overtaken.pk, -1)  # Redis was away for an hour, say

    firing.fire_automations(at=noon())
    [cancelled] = firing.hand_over(at=timezone.now())
    send(confirmed)
    send(cancelled)
    firing.settle(at=timezone.now())

    said = {(entry.chat_id, entry.text) for entry in telegram.ledger()}
    assert said == {(stays.telegram_user_id, "Подтверждено"), (overtaken.telegram_user_id, "Отменено")}
    row = Recipient.objects.get(message=confirmed, telegram_user=overtaken.telegram_user_id)
    assert (row.state, row.reason) == ("skipped", "outdated")
    overtaken.refresh_from_db()
    assert (overtaken.notified_about, overtaken.notice_error) == ("booking_cancelled", "")
    states = Outbox.objects.order_by("pk").values_list("telegram_user", "state")
    assert set(states) == {
        (overtaken.telegram_user_id, "cancelled"),
        (overtaken.telegram_user_id, "delivered"),
        (stays.telegram_user_id, "delivered"),
    }


def test_what_the_engine_has_not_sent_by_night_waits_for_the_morning(telegram, bots_connection, monkeypatch):
    AutomationFactory.create(kind="booking_confirmed", template="Подтверждено")
    booking = BookingFactory.create()
    bot.change_status(bots_connection, booking.pk, 2)
    firing.fire_automations(at=noon())
    [broadcast] = firing.hand_over(at=timezone.now())
    night, day = noon().replace(hour=23), noon() + timedelta(days=1)

    with monkeypatch.context() as night_falls:
        night_falls.setattr("messaging.models.automations.is_quiet", lambda at: True)
        send(broadcast)
        assert telegram.ledger() == []
    assert lifecycle.waiting_for_a_runner(at=night, wanted=1) == ([], [])
    assert lifecycle.waiting_for_a_runner(at=day, wanted=1) == ([broadcast], [])
    send(broadcast)

    assert [entry.text for entry in telegram.ledger()] == ["Подтверждено"]
