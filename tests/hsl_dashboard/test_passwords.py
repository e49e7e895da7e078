"""Passwords of PostgreSQL and Redis: as they are written, or percent-encoded in an address, and never printed."""

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from redis import Redis

from demo.servers.keeper import Valkey
from hsl_dashboard.environment.reading import ROOT
from tests.hsl_dashboard.production import PRODUCTION, start

# Every character that means something in a URL, a shell, a .env or a connection string.
HOSTILE = "p/s?s#w[o]r@d:1%2F %$x${y} \\'\"é&=+"


@pytest.mark.parametrize(
    "password",
    [
        "secr/et",
        "secr?et",
        "secr[et",
        "secr]et",
        "secr#et",
        "secr@et",
        "secr:et",
        "secr%et",
        "secr et",
        "#secret",
        "secret/",
        "secr\\et",
        "sécret",
    ],
)
@pytest.mark.parametrize(
    ("name", "instead", "url"),
    [
        ("DATABASE_URL", "POSTGRES_PASSWORD", "postgres://bot:{}@database.example.org:5432/school"),
        ("REDIS_URL", "REDIS_PASSWORD", "redis://:{}@redis.example.org:6379/0"),
    ],
)
def test_F10_a_password_that_is_not_encoded_stops_the_start_and_is_not_printed(
    name: str, instead: str, url: str, password: str, read
) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        read(**{name: url.format(password)})

    said = str(error.value)
    assert said.startswith(f"{name} has a user name or password that is not percent-encoded")
    assert f"set {instead}, which is taken as it is written" in said
    assert not any(part in said for part in ("secr", "écr", "et@", "example.org"))
    assert error.value.__cause__ is None and error.value.__suppress_context__


@pytest.mark.parametrize(
    "changes",
    [
        {
            "DATABASE_URL": "postgres://bot:zq1/xj2@xj3.example.org/school",
            "REDIS_URL": "redis://:zq1[xj2@xj3.example.org",
            "TELEGRAM_WEBHOOK_SECRET": "zq1/xj2",
        },
        {"DATABASE_URL": "postgres://bot:zq1@xj3.example.org:xj2/school", "REDIS_URL": "redis://:zq1@xj3:xj2"},
    ],
)
def test_no_program_prints_a_part_of_a_password(changes: dict[str, str]) -> None:
    done = start("-m", "celery", "-A", "hsl_dashboard", "worker", **changes)

    assert all(name in done.stderr for name in changes)
    assert not any(part in done.stdout + done.stderr for part in ("zq1", "xj2", "xj3"))


def test_an_encoded_password_is_decoded(read) -> None:
    database = read(DATABASE_URL=f"postgres://bot:{quote(HOSTILE, safe='')}@127.0.0.1:5433/school").database()

    assert (database["USER"], database["PASSWORD"], database["HOST"]) == ("bot", HOSTILE, "127.0.0.1")
    assert (database["PORT"], database["NAME"]) == ("5433", "school")


@pytest.mark.parametrize(
    "changes",
    [
        {"DATABASE_URL": "", "POSTGRES_HOST": "127.0.0.1", "POSTGRES_USER": "bot", "POSTGRES_DB": "school"},
        {"DATABASE_URL": "postgres://bot@127.0.0.1/school"},
    ],
)
def test_F10_the_databases_password_is_taken_as_it_is_written(changes: dict[str, str], read) -> None:
    database = read(POSTGRES_PASSWORD=f" {HOSTILE} ", **changes).database()

    assert (database["USER"], database["PASSWORD"], database["NAME"]) == ("bot", f" {HOSTILE} ", "school")


def test_a_password_in_the_address_comes_before_the_variable(read) -> None:
    """docker-compose.yml has a POSTGRES_PASSWORD of its own, when DATABASE_URL is the bot's."""
    changed = read(POSTGRES_PASSWORD="other", REDIS_PASSWORD="other")

    assert changed.database()["PASSWORD"] == "password"
    assert changed.redis_url() == PRODUCTION["REDIS_URL"]


def test_postgresql_lets_in_whoever_has_a_hostile_password(read, transactional_db: None) -> None:
    server = settings.DATABASES["default"]
    login = {name: str(server[key]) for name, key in (("host", "HOST"), ("port", "PORT"), ("dbname", "NAME"))}
    with psycopg.connect(**login, user=server["USER"], password=server["PASSWORD"], autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE ROLE hostile LOGIN PASSWORD {}").format(HOSTILE))
        try:
            database = read(
                DATABASE_URL=f"postgres://hostile@{login['host']}:{login['port']}/{login['dbname']}",
                POSTGRES_PASSWORD=HOSTILE,
            ).database()
            let_in = {name.lower(): database[name] for name in ("HOST", "PORT", "USER", "PASSWORD")}
            with psycopg.connect(**let_in, dbname=database["NAME"]) as hostile:
                assert hostile.execute("SELECT current_user").fetchone() == ("hostile",)
        finally:
            connection.execute("DROP ROLE hostile")


@contextlib.contextmanager
def redis_that_asks_for(password: str, folder: Path) -> Iterator[int]:
    """A Valkey of its own; its port."""
    (folder / "log").mkdir()
    valkey = Valkey(folder / "valkey", folder / "log", time.monotonic() + 30)
    valkey.start()
    try:
        with Redis.from_url(valkey.url) as redis:
            redis.config_set("requirepass", password)
        yield urlsplit(valkey.url).port or 0
    finally:
        valkey.stop()


@pytest.mark.parametrize("in_url", [False, True], ids=["REDIS_PASSWORD", "REDIS_URL"])
def test_broker_cache_and_limiter_all_enter_the_same_redis(in_url: bool, tmp_path: Path) -> None:
    with redis_that_asks_for(HOSTILE, tmp_path) as port:
        login = f":{quote(HOSTILE, safe='')}@" if in_url else ""
        done = start(
            "-c",
            ENTER_REDIS,
            DJANGO_SETTINGS_MODULE="hsl_dashboard.settings",
            REDIS_URL=f"  redis://{login}127.0.0.1:{port}/3 ",
            REDIS_PASSWORD="" if in_url else HOSTILE,
        )

    assert (done.stdout.split(), done.stderr) == (["broker", "cache", "limiter"], "")


ENTER_REDIS = """
import asyncio, django
django.setup()
from django.core.cache import cache
from hsl_dashboard.celery import app
from messaging.delivery.limiter import connect_limiter

async def ping():
    redis = connect_limiter().redis
    await redis.ping()
    await redis.aclose()

with app.connection_for_write() as broker:
    broker.ensure_connection(max_retries=1)
    broker.default_channel.client.ping()
    print("broker")
cache.set("key", "value")
print(cache.get("key") and "cache")
asyncio.run(ping())
print("limiter")
"""


def test_the_containers_get_the_passwords_as_they_are_written(read) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    addresses = {
        name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value)
        for name, value in compose["services"]["web"]["environment"].items()
    }

    inside = read(**addresses, POSTGRES_PASSWORD=HOSTILE, REDIS_PASSWORD=HOSTILE)

    assert (inside.database()["HOST"], inside.database()["PASSWORD"]) == ("postgres", HOSTILE)
    assert inside.owner_database() is None  # G8: only the service that migrates connects as the owner
    assert inside.redis_url() == f"redis://:{quote(HOSTILE, safe='')}@valkey:6379/0"
