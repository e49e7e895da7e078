"""Administrators are told what is wrong, once, and when it is over; not through what is wrong."""

import shutil
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisGone

from bookings.models import Booking
from demo.sandbox.client import SandboxClient
from hsl_dashboard.availability import heartbeats, tallies
from messaging.alerts import checks, watch
from messaging.alerts.checks import look, signups
from messaging.alerts.watch import AlertWatch
from messaging.delivery.bot import Letter, Outcome, TelegramBot, Verdict
from messaging.models import Incident, TelegramLink
from tests.factories import BookingFactory, TelegramUserFactory, UserFactory
from users.models import BlockedUser, TelegramUser, User

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 30, 12, tzinfo=timezone.get_default_timezone())  # a Monday
ROUND = timedelta(seconds=15)


@pytest.fixture(autouse=True)
def _alerts(settings, monkeypatch):
    """Alerts are on, this machine's disk is out of the question, and every round is its own."""
    settings.ALERTS = True
    settings.DASHBOARD_URL = "https://d.example.org"
    settings.ALERT_DISK_PERCENT = 0
    monkeypatch.setattr(heartbeats, "is_first_within", lambda *_args: True)


@pytest.fixture
def account(staff: User) -> TelegramUser:
    """An administrator's own account, linked."""
    person = TelegramUserFactory.create()
    TelegramLink.objects.create(user=staff, telegram_user=person, linked_at=NOW)
    return person


def trouble(monkeypatch: pytest.MonkeyPatch, **found: str | None) -> None:
    monkeypatch.setattr(watch, "look", lambda _at: found)


def told(telegram: SandboxClient) -> list[str]:
    """The first line of each alert that has arrived, without its markup."""
    return [
        entry.text.splitlines()[0].replace("<b>", "").replace("</b>", "") for entry in telegram.ledger(accepted=True)
    ]


def test_a_trouble_is_told_once_and_so_is_its_end(telegram, account, monkeypatch):
    alerts = AlertWatch()
    trouble(monkeypatch, disk="4 %")
    for number in range(3):
        alerts.go_round(NOW + number * ROUND)
    trouble(monkeypatch, disk=None)
    for number in range(3, 12):
        alerts.go_round(NOW + number * ROUND)

    assert told(telegram) == [
        "Тревога: Диск почти заполнен: свободно 4 %",
        "Снова в порядке: Диск почти заполнен: свободно 4 %",
    ]
    assert {entry.chat_id for entry in telegram.ledger()} == {account.pk}
    assert "https://d.example.org/system/" in telegram.ledger()[0].text
    [incident] = Incident.objects.all()
    assert (incident.began_at, incident.ended_at) == (NOW, NOW + 6 * ROUND)  # a minute after it was last seen


def test_a_trouble_that_comes_and_goes_is_one(telegram, account, monkeypatch):
    alerts = AlertWatch()
    for number, value in enumerate(["4 %", None, "3 %", None, "4 %"]):
        trouble(monkeypatch, disk=value)
        alerts.go_round(NOW + number * ROUND)

    assert len(told(telegram)) == 1


def test_what_is_not_known_leaves_an_incident_as_it_is(telegram, account, monkeypatch):
    alerts = AlertWatch()
    trouble(monkeypatch, signups="3/40")
    alerts.go_round(NOW)
    trouble(monkeypatch)
    alerts.go_round(NOW + timedelta(hours=1))

    assert Incident.objects.get().ended_at is None


def test_a_check_that_is_switched_off_ends_what_it_found_without_a_word(telegram, account, monkeypatch, settings):
    alerts = AlertWatch()
    trouble(monkeypatch, errors="20")
    alerts.go_round(NOW)
    settings.ALERT_ERRORS = 0
    trouble(monkeypatch)
    alerts.go_round(NOW + ROUND)

    assert Incident.objects.get().ended_at == NOW + ROUND
    assert len(told(telegram)) == 1


def test_workers_that_redis_has_not_heard_of_since_it_is_back_are_no_trouble(telegram, account, monkeypatch):
    alerts = AlertWatch()
    trouble(monkeypatch, redis="")
    alerts.go_round(NOW)
    back = {"redis": None, "worker-default": "12:00", "beat": "12:00", "tick": "12:00"}
    trouble(monkeypatch, **back)
    alerts.go_round(NOW + ROUND)
    trouble(monkeypatch, **dict.fromkeys(back))
    alerts.go_round(NOW + 2 * ROUND)
    assert list(Incident.objects.values_list("kind", flat=True)) == ["redis"]

    trouble(monkeypatch, **dict.fromkeys(back))
    alerts.go_round(NOW + 5 * ROUND)
    trouble(monkeypatch, **back)
    alerts.go_round(NOW + 6 * ROUND)
    assert Incident.objects.filter(kind="worker-default").exists()


def test_an_alert_that_telegram_does_not_answer_is_sent_twice_and_no_more(account, monkeypatch):
    """Whether it arrived nobody knows; each round another one would be a flood."""
    letters, asked = [], set()

    async def send(_bot: object, letter: Letter) -> Outcome:
        letters.append(letter)
        return Outcome(Verdict.UNCERTAIN)

    def is_first(name: str, _seconds: float) -> bool:
        is_new = name == "alerts" or name not in asked
        asked.add(name)
        return is_new

    monkeypatch.setattr(TelegramBot, "send", send)
    monkeypatch.setattr(heartbeats, "is_first_within", is_first)
    alerts = AlertWatch()
    trouble(monkeypatch, disk="4 %")
    for number in range(5):
        alerts.go_round(NOW + number * ROUND)

    assert len(letters) == 2 and Incident.objects.get().told_at


def test_two_processes_tell_it_once(telegram, account, monkeypatch):
    trouble(monkeypatch, disk="4 %")
    for alerts in (AlertWatch(), AlertWatch()):
        alerts.go_round(NOW)

    assert len(told(telegram)) == 1


def test_what_telegram_did_not_take_is_told_again(telegram, account, monkeypatch, settings):
    trouble(monkeypatch, disk="4 %")
    alerts, there = AlertWatch(), settings.TELEGRAM_API_URL
    settings.TELEGRAM_API_URL = "http://127.0.0.1:9"
    alerts.go_round(NOW)
    assert Incident.objects.get().told_at is None
    settings.TELEGRAM_API_URL = there
    alerts.go_round(NOW + ROUND)

    assert len(told(telegram)) == 1


def test_who_is_told(telegram, account, monkeypatch, settings):
    """Administrators who linked an account, if the bot reaches it; and the addresses of the settings."""
    settings.HAS_EMAIL, settings.ALERT_EMAILS = True, ["duty@example.org"]
    for number, rights in enumerate(([], ["users.view_user"], ["users.view_user"])):
        person = TelegramUserFactory.create()
        user = UserFactory.create(username=f"colleague-{number}", permissions=rights)
        TelegramLink.objects.create(user=user, telegram_user=person, linked_at=NOW)
    BlockedUser.objects.create(telegram_user=person)
    trouble(monkeypatch, redis="")

    AlertWatch().go_round(NOW)

    reached = {entry.chat_id for entry in telegram.ledger(accepted=True)}
    colleague = TelegramLink.objects.get(user__username="colleague-1").telegram_user_id
    assert reached == {account.pk, colleague}
    [letter] = mail.outbox
    assert letter.to == ["duty@example.org"] and letter.subject.startswith("Тревога: Redis не отвечает")


def test_switched_off_nothing_is_looked_at(telegram, account, monkeypatch, settings):
    settings.ALERTS = False
    trouble(monkeypatch, disk="4 %")

    AlertWatch().go_round(NOW)

    assert told(telegram) == [] and not Incident.objects.exists()


# PostgreSQL, which cannot be told through PostgreSQL -----------------------------------------------------------------


def test_without_postgresql_a_process_tells_it_and_its_end(telegram, account, monkeypatch, django_assert_num_queries):
    first, second = AlertWatch(), AlertWatch()
    trouble(monkeypatch)
    first.go_round(NOW)  # it knows now whom to tell; the other one asks Redis
    with monkeypatch.context() as away, django_assert_num_queries(0):
        away.setattr(watch, "_database_answers", lambda: False)
        for number in range(1, 5):
            second.go_round(NOW + number * ROUND)
            first.go_round(NOW + number * ROUND)
        assert [line.startswith("Тревога: PostgreSQL") for line in told(telegram)] == [True]
    first.go_round(NOW + 5 * ROUND)
    second.go_round(NOW + 6 * ROUND)

    assert [line.partition(":")[0] for line in told(telegram)] == ["Тревога", "Снова в порядке"]
    incident = Incident.objects.get(kind="postgresql")
    assert (incident.began_at, incident.ended_at) == (NOW + 2 * ROUND, NOW + 5 * ROUND)


def test_one_round_without_postgresql_is_a_restart(telegram, account, monkeypatch):
    alerts = AlertWatch()
    trouble(monkeypatch)
    alerts.go_round(NOW)
    with monkeypatch.context() as away:
        away.setattr(watch, "_database_answers", lambda: False)
        alerts.go_round(NOW + ROUND)
    alerts.go_round(NOW + 2 * ROUND)

    assert told(telegram) == []


def test_rounds_that_a_process_missed_on_two_days_are_two_restarts(telegram, account, monkeypatch):
    """Redis lets others through meanwhile: a process need not have seen that PostgreSQL was back."""
    alerts = AlertWatch()
    trouble(monkeypatch)
    alerts.go_round(NOW)
    monkeypatch.setattr(watch, "_database_answers", lambda: False)
    alerts.go_round(NOW + ROUND)
    alerts.go_round(NOW + timedelta(days=1))
    assert told(telegram) == []
    alerts.go_round(NOW + timedelta(days=1) + ROUND)
    assert len(told(telegram)) == 1


def test_without_redis_and_postgresql_each_process_tells_it_once(telegram, account, monkeypatch, settings):
    alerts = AlertWatch()
    trouble(monkeypatch)
    alerts.go_round(NOW)
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    with monkeypatch.context() as away:
        away.setattr(watch, "_database_answers", lambda: False)
        for number in range(1, 5):
            alerts.go_round(NOW + number * ROUND)
    alerts.go_round(NOW + 5 * ROUND)

    assert [line.partition(":")[0] for line in told(telegram)] == ["Тревога", "Снова в порядке"]


# What is looked at ---------------------------------------------------------------------------------------------------


def test_where_everything_works_nothing_is_found():
    assert {kind: value for kind, value in look(NOW).items() if value is not None} == {}
    assert set(look(NOW)) == {
        "redis",
        "worker-default",
        "worker-telegram",
        "beat",
        "tick",
        "failures",
        "errors",
        "signups",
    }


def test_a_worker_that_is_gone_is_found_and_its_ticks_are_not_asked_for():
    redis = heartbeats.connect(heartbeats.settings.REDIS_URL)
    for key in redis.hkeys(heartbeats.KEY):
        if key.startswith("default "):
            redis.hset(heartbeats.KEY, key, f"{NOW.timestamp()} 0.0")

    found = look(NOW)

    assert found["worker-default"] == "30.11.2026 12:00" and "tick" not in found


def test_a_minute_without_a_tick_is_found(settings):
    redis = heartbeats.connect(heartbeats.settings.REDIS_URL)
    redis.hset(heartbeats.TICKS, checks.TICK, str(redis.time()[0] - 61))
    assert look(NOW)["tick"]
    settings.ALERT_TICK_SECONDS = 120
    assert look(NOW)["tick"] is None
    settings.ALERT_TICK_SECONDS = 0
    assert "tick" not in look(NOW)


@pytest.mark.parametrize(
    ("sent", "failed", "uncertain", "found"),
    [(70, 30, 0, "30/100"), (70, 20, 10, "30/100"), (71, 29, 0, None), (0, 19, 0, None)],
)
def test_a_share_of_refused_messages_is_found(sent: int, failed: int, uncertain: int, found: str | None):
    tallies.add_up(
        {("telegram", "sent"): sent, ("telegram", "failed"): failed, ("telegram", "uncertain"): uncertain},
    )

    assert look(NOW)["failures"] == found


def test_pages_and_tasks_that_failed_are_found():
    tallies.add_up({("error", "page"): 12, ("error", "task"): 7})
    assert look(NOW)["errors"] is None
    tallies.add_up({("error", "task"): 1})
    assert look(NOW)["errors"] == "20"


def bookings(count: int, *, at: datetime) -> None:
    for row in BookingFactory.create_batch(count):
        Booking.objects.filter(pk=row.pk).update(created_at=at)


def test_bookings_are_compared_with_the_same_weekday_until_the_same_time():
    for week in range(1, 5):
        bookings(5 if week % 2 else 15, at=NOW - timedelta(weeks=week, hours=1))
        bookings(3, at=NOW - timedelta(weeks=week) + timedelta(hours=1))  # later that day
        bookings(2, at=NOW - timedelta(weeks=week, days=1, hours=1))  # another weekday
    bookings(4, at=NOW - timedelta(hours=2))
    assert signups(NOW) == (4, 10.0)
    assert look(NOW)["signups"] == "4/10"
    bookings(1, at=NOW - timedelta(hours=1))
    assert look(NOW)["signups"] is None


def test_a_weekday_that_brings_few_is_well_so_that_the_trouble_of_yesterday_ends():
    assert look(NOW)["signups"] is None


def test_a_disk_that_is_nearly_full_is_found(settings, monkeypatch):
    settings.ALERT_DISK_PERCENT = 10
    for free, found in ((9, "9 %"), (11, None)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _place, free=free: SimpleNamespace(free=free, total=100))
        assert look(NOW)["disk"] == found


def test_without_a_folder_of_backups_the_other_disk_is_looked_at(settings, tmp_path, monkeypatch):
    settings.ALERT_DISK_PERCENT, settings.BACKUP_DIR = 10, str(tmp_path / "none")

    def usage(place: object) -> SimpleNamespace:
        if str(place) == settings.BACKUP_DIR:
            raise FileNotFoundError
        return SimpleNamespace(free=9, total=100)

    monkeypatch.setattr(shutil, "disk_usage", usage)

    assert look(NOW)["disk"] == "9 %"


def test_a_backup_that_is_too_old_is_found(settings, tmp_path):
    settings.BACKUP_DIR = str(tmp_path)
    settings.ALERT_BACKUP_HOURS = 30
    assert look(timezone.now())["backup"] == "—"
    (tmp_path / "hsl-2026-11-30T013000Z.tar").touch()
    assert look(timezone.now())["backup"] is None
    assert look(timezone.now() + timedelta(hours=31))["backup"]


def test_without_redis_that_is_found_and_the_rest_is_not_known(monkeypatch, settings):
    settings.ALERT_SIGNUPS_PERCENT = 0  # PostgreSQL knows them

    def gone(*_args: object) -> Any:
        raise RedisGone

    monkeypatch.setattr(heartbeats, "read", gone)
    monkeypatch.setattr(tallies, "of_last", gone)

    assert look(NOW) == {"redis": ""}


# The page of the system ----------------------------------------------------------------------------------------------


def lines(client: Client) -> list[tuple[str, str]]:
    page = client.get("/system/")
    [section] = [found for label, found in page.context["sections"] if label == "Тревоги"]
    return [(str(line.name), str(line.value)) for line in section]


def test_the_page_of_the_system_tells_who_is_alerted_and_what_there_was(staff_client, account, settings):
    began = timezone.now() - timedelta(minutes=20)
    Incident.objects.create(kind="disk", value="4 %", began_at=began, seen_at=began)
    Incident.objects.create(
        kind="tick", value="12:00", began_at=began - timedelta(hours=2), seen_at=began, ended_at=began
    )

    who, going_on, over = lines(staff_client)

    assert who == ("Тревоги получают", "1 администратор в Telegram, 0 адресов почты")
    assert going_on[0] == "Диск почти заполнен: свободно 4 %" and "длится" in going_on[1]
    assert over[0].startswith("Регулярная проверка, что пора отправить, не выполняется с 12:00") and "2" in over[1]
    TelegramLink.objects.all().delete()
    assert "ALERT_EMAILS" in lines(staff_client)[0][1]
