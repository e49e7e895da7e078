"""Settings out of the environment: a missing or wrong variable is named with its cure, before anything starts."""

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from hsl_dashboard import environment

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "long-enough-and-random-enough-for-a-test-5hP9qLx2Zr7Tn4Wk8",
    "ALLOWED_HOSTS": "dashboard.example.org",
    "DATABASE_URL": "postgres://user:password@database.example.org/name",
    "REDIS_URL": "rediss://:password@redis.example.org/0",
    "BOT_TOKEN": "1:token",
}


def run_check(**changes: str) -> "subprocess.CompletedProcess[str]":
    """``manage.py check --deploy`` in a production that differs by ``changes``; "" stands for a missing variable."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=environment.ROOT,
        # Empty rather than left out: what a developer has in .env must not come in.
        env={"PATH": os.environ["PATH"], "TELEGRAM_API_URL": "", "POSTGRES_HOST": "", **PRODUCTION, **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_is_sound() -> None:
    done = run_check()

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "BOT_TOKEN"])
def test_production_does_not_start_without_what_it_needs(name: str) -> None:
    done = run_check(**{name: ""})

    assert done.returncode == 1
    assert done.stderr.startswith(f"{name} is not set. Set it to ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("DEBUG", "maybe", "true or false"),
        ("DATABASE_URL", "mysql://host/name", "start with postgres://"),
        ("DATABASE_URL", "postgres://user:password@host", "names no database"),
        ("REDIS_URL", "localhost:6379", "starts with redis:// or rediss://"),
        ("TELEGRAM_API_URL", "api.telegram.org", "starts with https://"),
        ("TELEGRAM_MESSAGES_PER_SECOND", "fast", "a number of messages/s"),
        ("TELEGRAM_MESSAGES_PER_SECOND", "0", "at least 0.1 messages/s"),
        ("TIME_ZONE", "Moscow", "a name like Europe/Moscow"),
        ("LANGUAGE_CODE", "de", "ru or en"),
        ("CSRF_TRUSTED_ORIGINS", "dashboard.example.org", "starts with https://"),
        ("DATABASE_POOL", "8", "true or false"),
    ],
)
def test_a_wrong_variable_is_named_with_its_cure(
    name: str, value: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    readers = {
        "DEBUG": environment.debug,
        "DATABASE_URL": environment.database,
        "DATABASE_POOL": environment.database,
        "REDIS_URL": environment.redis_url,
        "TIME_ZONE": environment.time_zone,
        "CSRF_TRUSTED_ORIGINS": environment.trusted_origins,
        "LANGUAGE_CODE": lambda: environment.one_of(name, default="ru", choices=("ru", "en")),
        "TELEGRAM_API_URL": lambda: environment.address(name, default="", schemes=("https", "http")),
        "TELEGRAM_MESSAGES_PER_SECOND": lambda: environment.send_rate(paid=False, sandbox=False),
    }

    with pytest.raises(ImproperlyConfigured) as error:
        readers[name]()

    assert str(error.value).startswith(name)
    assert cure in str(error.value)


@pytest.mark.parametrize(
    ("rate", "where", "cure"),
    [
        ("31", {}, "Set it to 25, or TELEGRAM_PAID_BROADCAST to true"),
        ("1001", {"paid": True}, "1000 messages/s at most"),
    ],
)
def test_a_rate_that_telegram_would_refuse_stops_the_start(
    rate: str, where: dict[str, bool], cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_MESSAGES_PER_SECOND", rate)

    with pytest.raises(ImproperlyConfigured) as error:
        environment.send_rate(**{"paid": False, "sandbox": False, **where})

    assert str(error.value).startswith(f"TELEGRAM_MESSAGES_PER_SECOND is {rate}.")
    assert cure in str(error.value)


@pytest.mark.parametrize(("rate", "where"), [("30", {}), ("1000", {"paid": True}), ("5000", {"sandbox": True})])
def test_a_rate_that_is_free_paid_for_or_played_is_taken(
    rate: str, where: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_MESSAGES_PER_SECOND", rate)

    assert environment.send_rate(**{"paid": False, "sandbox": False, **where}) == float(rate)


@pytest.mark.parametrize(
    ("token", "address", "is_sandbox"),
    [("", "http://127.0.0.1:8081", True), ("1:token", "https://api.telegram.org", False)],
)
def test_without_a_token_development_talks_to_the_sandbox(token: str, address: str, is_sandbox: bool) -> None:
    asks = "from django.conf import settings; print(settings.TELEGRAM_API_URL, settings.TELEGRAM_SANDBOX)"
    development = {**PRODUCTION, "DEBUG": "true", "BOT_TOKEN": token, "TELEGRAM_API_URL": "", "POSTGRES_HOST": ""}
    done = subprocess.run(
        [sys.executable, "-c", asks],
        cwd=environment.ROOT,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "hsl_dashboard.settings", **development},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == [address, str(is_sandbox)]


def test_no_command_starts_at_a_rate_that_nobody_pays_for() -> None:
    done = run_check(TELEGRAM_MESSAGES_PER_SECOND="100")

    assert done.returncode == 1
    assert done.stderr.startswith("TELEGRAM_MESSAGES_PER_SECOND is 100.")


@pytest.mark.parametrize(
    ("url", "sslmode"),
    [
        ("postgres://u:p@database.example.org/name", "require"),
        ("postgres://u:p@database.example.org/name?sslmode=verify-full", "verify-full"),
        ("postgres://u:p@127.0.0.1/name", None),
        ("postgres:///name?host=/run/postgresql", None),
    ],
)
def test_a_database_elsewhere_is_spoken_to_over_tls(
    url: str, sslmode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert environment.database()["OPTIONS"].get("sslmode") == sslmode


def test_the_parts_of_an_address_do_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("DATABASE_POOL", "true")
    for name, value in {"HOST": "database.example.org", "DB": "school", "USER": "bot", "PASSWORD": "secret"}.items():
        monkeypatch.setenv(f"POSTGRES_{name}", value)

    database = environment.database()

    assert (database["HOST"], database["NAME"], database["USER"]) == ("database.example.org", "school", "bot")
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 8


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"REDIS_URL": "redis://redis.example.org/0"}, "hsl_dashboard.W002"),
        ({"TELEGRAM_SANDBOX": True}, "hsl_dashboard.W003"),
    ],
)
def test_a_risky_setting_is_warned_about(changes: dict[str, object], warning: str, settings: Settings) -> None:
    settings.TELEGRAM_SANDBOX = False
    for name, value in changes.items():
        setattr(settings, name, value)

    found = [message.id for message in run_checks(include_deployment_checks=True) if message.id]

    assert [name for name in found if name.startswith("hsl_dashboard.")] == [warning]


@pytest.mark.parametrize(
    ("named", "origins", "hosts", "address"),
    [
        ("https://school.test/", ["https://other.test"], ["other.test"], "https://school.test"),
        ("", ["http://localhost:8241"], ["localhost"], "http://localhost:8241"),
        ("", [], [".example.org", "*", "[::1]", "dashboard.example.org"], "https://dashboard.example.org"),
        ("", [], ["*"], ""),
    ],
)
def test_messages_to_staff_know_the_dashboards_address(
    named: str, origins: list[str], hosts: list[str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHBOARD_URL", named)

    assert environment.dashboard_url(origins=origins, hosts=hosts) == address
