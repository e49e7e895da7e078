"""Settings out of the environment: a missing or wrong variable is named with its cure, before anything starts."""

from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from hsl_dashboard.environment.variables import Environment
from tests.hsl_dashboard.production import run_check, start

REQUIRED = ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "BOT_TOKEN"]


def test_production_is_sound() -> None:
    done = run_check()

    assert (done.returncode, done.stderr) == (0, "")


# What is missing or wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REQUIRED)
def test_production_does_not_start_without_what_it_needs(name: str, read) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^{name} is not set\. Set it to .+$"):
        read(**{name: ""})


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("DEBUG", "maybe", "true or false"),
        ("DATABASE_URL", "mysql://host/name", "start with postgres://"),
        ("DATABASE_URL", "postgres://user:password@host", "names no database"),
        ("DATABASE_URL", "postgres://user:password@host:port/name", "Write it as postgres://"),
        ("DATABASE_URL", "postgres://host/name?nonsense=1", "Write it as postgres://"),
        ("REDIS_URL", "localhost:6379", "starts with redis:// or rediss://"),
        ("REDIS_URL", "redis://", "starts with redis:// or rediss://"),
        ("REDIS_URL", "redis://host:port", "starts with redis:// or rediss://"),
        ("REDIS_URL", "redis://host/cache", "the number of a database"),
        ("TELEGRAM_API_URL", "api.telegram.org", "starts with https://"),
        ("TELEGRAM_MESSAGES_PER_SECOND", "fast", "a number of messages/s"),
        ("TELEGRAM_MESSAGES_PER_SECOND", "0", "at least 0.1"),
        ("TELEGRAM_MESSAGES_PER_SECOND", "inf", "a number of messages/s"),
        ("TELEGRAM_MESSAGES_PER_SECOND", "31", "Set it to 25, or TELEGRAM_PAID_BROADCAST to true"),
        ("TELEGRAM_CALL_TIMEOUT", "0", "at least 1"),
        ("BOT_USERNAME", "https://t.me/hsl_bot", "the @name of a bot"),
        ("TELEGRAM_WEBHOOK_SECRET", "short", "16 to 256 letters"),
        ("PAYMENT_WEBHOOK_SECRETS", "short", "at least 32 characters"),
        ("PAYMENT_WEBHOOK_SECRETS", ",".join(["a" * 32, "b" * 32, "c" * 32]), "one or two secrets"),
        ("TIME_ZONE", "Moscow", "a name like Europe/Moscow"),
        ("LANGUAGE_CODE", "de", "ru or en"),
        ("CSRF_TRUSTED_ORIGINS", "https://a.example.org, dashboard.example.org", "starts with https://"),
        ("DATABASE_POOL", "8", "true or false"),
        ("ALERT_EMAILS", "duty@example.org, duty", "'duty', which is no e-mail address"),
        ("ALERT_EMAILS", "duty@example.org; boss@example.org", "Name them with commas between"),
    ],
)
def test_a_wrong_variable_is_named_with_its_cure(name: str, value: str, cure: str, read) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        read(**{name: value})

    assert str(error.value).startswith(name)
    assert cure in str(error.value)
    assert "\n" not in str(error.value)  # nothing else is blamed


@pytest.mark.parametrize(
    "command",
    [
        ("manage.py", "check"),
        ("-m", "celery", "-A", "hsl_dashboard", "worker"),
        ("-m", "celery", "-A", "hsl_dashboard", "beat"),
        ("-m", "gunicorn", "hsl_dashboard.wsgi", "--bind=127.0.0.1:0", "--no-control-socket"),
    ],
    ids=["manage.py", "worker", "beat", "gunicorn"],
)
def test_every_program_names_all_that_is_wrong_in_one_go(command: tuple[str, ...]) -> None:
    done = start(*command, SECRET_KEY="", REDIS_URL="redis://:p#ss@host", TIME_ZONE="Moscow", LANGUAGE_CODE="de")

    # Where there is a traceback, its last line begins with the name of the exception.
    lines = [line.removeprefix("django.core.exceptions.ImproperlyConfigured: ") for line in done.stderr.splitlines()]
    wrong = ["SECRET_KEY", "REDIS_URL", "TIME_ZONE", "LANGUAGE_CODE"]
    assert done.returncode != 0
    assert list(dict.fromkeys(line.split()[0] for line in lines if line.startswith(tuple(wrong)))) == wrong
    if command[0] == "manage.py":
        assert len(lines) == len(wrong)


def test_rates_that_telegram_would_refuse_even_for_stars(read) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"is 1001\. Telegram takes 1000 messages/s at most"):
        read(TELEGRAM_MESSAGES_PER_SECOND="1001", TELEGRAM_PAID_BROADCAST="true")


@pytest.mark.parametrize(
    "changes",
    [
        {"TELEGRAM_MESSAGES_PER_SECOND": "30"},
        {"TELEGRAM_MESSAGES_PER_SECOND": "1000", "TELEGRAM_PAID_BROADCAST": "true"},
        {"TELEGRAM_MESSAGES_PER_SECOND": "5000", "TELEGRAM_API_URL": "http://127.0.0.1:8081"},
    ],
    ids=["free", "paid for", "played"],
)
def test_a_rate_that_is_free_paid_for_or_played_is_taken(changes: dict[str, str], read) -> None:
    rate = read(**changes).TELEGRAM_MESSAGES_PER_SECOND

    assert rate == float(changes["TELEGRAM_MESSAGES_PER_SECOND"])


def test_F10_spaces_around_an_address_mean_nothing(read) -> None:
    stripped = read(
        DATABASE_URL=" postgres://user:password@database.example.org/name ",
        REDIS_URL="\tredis://redis.example.org:6379/0 ",
        TELEGRAM_API_URL=" https://telegram.example.org/ ",
    )

    assert stripped.database()["HOST"] == "database.example.org"
    assert stripped.redis_url() == "redis://redis.example.org:6379/0"
    assert stripped.TELEGRAM_API_URL == "https://telegram.example.org"


@pytest.mark.parametrize("quoted", ["'{}'", '"{}"', "{}"])
def test_a_file_of_variables_is_not_interpolated(quoted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = "p/s?s#w[o]r@d:1%2F$x${HOME}&=+"
    (tmp_path / ".env").write_text(f"DEBUG=true\nREDIS_URL=redis://host\nREDIS_PASSWORD={quoted.format(password)}\n")
    monkeypatch.setattr("hsl_dashboard.environment.reading.ROOT", tmp_path)
    for name in Environment.model_fields:
        monkeypatch.delenv(name, raising=False)

    assert password == Environment.read().REDIS_PASSWORD


def test_the_environment_wins_over_the_file_and_empty_means_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("DEBUG=true\nLANGUAGE_CODE=en\nTIME_ZONE=Asia/Tokyo\nSOMETHING_ELSE=1\n")
    monkeypatch.setattr("hsl_dashboard.environment.reading.ROOT", tmp_path)
    for name in Environment.model_fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANGUAGE_CODE", "")
    monkeypatch.setenv("TIME_ZONE", "Europe/Berlin")

    read = Environment.read()

    assert (read.DEBUG, read.LANGUAGE_CODE, read.TIME_ZONE) == (True, "ru", "Europe/Berlin")


# What depends on others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("token", "address"), [("", "http://127.0.0.1:8081"), ("1:token", "https://api.telegram.org")])
def test_without_a_token_development_talks_to_the_sandbox(token: str, address: str, read) -> None:
    assert address == read(DEBUG="true", BOT_TOKEN=token).TELEGRAM_API_URL


@pytest.mark.parametrize(
    ("url", "sslmode"),
    [
        ("postgres://u:p@database.example.org/name", "require"),
        ("postgres://u:p@database.example.org/name?sslmode=verify-full", "verify-full"),
        ("postgres://u:p@127.0.0.1/name", None),
        ("postgres:///name?host=/run/postgresql", None),
    ],
)
def test_a_database_elsewhere_is_spoken_to_over_tls(url: str, sslmode: str | None, read) -> None:
    assert read(DATABASE_URL=url).database()["OPTIONS"].get("sslmode") == sslmode


def test_the_folder_of_a_socket_is_a_host(read) -> None:
    database = read(DATABASE_URL="postgres:///name?host=/run/postgresql&port=5433&connect_timeout=3").database()

    assert (database["HOST"], database["PORT"], database["NAME"]) == ("/run/postgresql", "5433", "name")
    assert database["OPTIONS"]["connect_timeout"] == "3"


PARTS = {"DATABASE_URL": "", "POSTGRES_HOST": "database.example.org", "POSTGRES_DB": "school", "POSTGRES_USER": "bot"}


def test_the_parts_of_an_address_do_as_well(read) -> None:
    database = read(**PARTS, POSTGRES_PASSWORD="secret").database()

    assert (database["HOST"], database["NAME"], database["USER"]) == ("database.example.org", "school", "bot")
    assert (database["PASSWORD"], database["PORT"]) == ("secret", 5432)
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 8
    assert "pool" not in read(**PARTS, POSTGRES_PASSWORD="secret", DATABASE_POOL="no").database()["OPTIONS"]


def test_the_parts_need_a_password(read) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^POSTGRES_PASSWORD is not set\. Set it to .+$"):
        read(**PARTS)


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"REDIS_URL": "redis://redis.example.org/0"}, "hsl_dashboard.W002"),
        ({"TELEGRAM_SANDBOX": True}, "hsl_dashboard.W003"),
        ({"ALERT_EMAILS": ["duty@example.org"], "HAS_EMAIL": False}, "hsl_dashboard.W004"),
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
    named: str, origins: list[str], hosts: list[str], address: str, read
) -> None:
    told = read(DASHBOARD_URL=named, CSRF_TRUSTED_ORIGINS=",".join(origins), ALLOWED_HOSTS=",".join(hosts) or "*")

    assert told.dashboard_url() == address


def test_the_owner_is_another_role_of_the_same_server(read) -> None:
    url = "postgres://owner@database.example.org/name"

    owner = read(OWNER_DATABASE_URL=url, OWNER_PASSWORD="p/ss", POSTGRES_PASSWORD="other").owner_database()

    assert owner is not None
    assert (owner["USER"], owner["PASSWORD"], owner["NAME"]) == ("owner", "p/ss", "name")
    assert "pool" not in owner["OPTIONS"]
    assert read().owner_database() is None


# Files of secrets -----------------------------------------------------------------------------------------------------


def test_a_secret_may_be_a_file_as_containers_have_it(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "BOT_TOKEN").write_text("1:of-the-file\n")
    (tmp_path / "POSTGRES_PASSWORD").write_text("with a space ${HOME}\n")
    monkeypatch.setattr("hsl_dashboard.environment.reading.SECRETS", tmp_path)

    environment = read(BOT_TOKEN="", DATABASE_URL="postgres://user@host/name")

    assert environment.BOT_TOKEN == "1:of-the-file"
    assert environment.database()["PASSWORD"] == "with a space ${HOME}"


@pytest.mark.parametrize("wrong", ["4", "24:00", "04:60", "half past four"])
def test_a_backup_has_a_time_of_day(read, wrong: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^BACKUP_AT is .* Set it to a time like 04:30\.$"):
        read(BACKUP_AT=wrong)


@pytest.mark.parametrize(
    ("url", "password", "server"),
    [
        ("smtp://mail.example.org", "", ("mail.example.org", 587, "", "", True, False)),
        ("smtp://a%40b:p%2Fs@mail.example.org:2525", "", ("mail.example.org", 2525, "a@b", "p/s", True, False)),
        ("smtps://dashboard@mail.example.org", "p/s", ("mail.example.org", 465, "dashboard", "p/s", False, True)),
        ("smtp://127.0.0.1:25", "", ("127.0.0.1", 25, "", "", False, False)),
        ("smtp://relay.internal:25?tls=off", "", ("relay.internal", 25, "", "", False, False)),
    ],
)
def test_any_mail_server_is_an_address(url: str, password: str, server: tuple[object, ...], read) -> None:
    mail = read(EMAIL_URL=url, EMAIL_PASSWORD=password).email()

    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert tuple(mail[f"EMAIL_{name}"] for name in names) == server
    assert mail["EMAIL_TIMEOUT"] == 10


def test_without_a_mail_server_no_message_stands_in_a_log(read) -> None:
    assert read(EMAIL_URL="").email() == {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
