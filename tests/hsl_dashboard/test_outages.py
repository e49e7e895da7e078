"""G3: a lock, a slow report, a lost or read-only database are said in words, in time, and in both languages."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from celery.signals import beat_init, worker_init, worker_process_init
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from psycopg import errors

from hsl_dashboard.availability import limits
from hsl_dashboard.availability.limits import TimeLimits
from hsl_dashboard.availability.outages import AWAY, BUSY, READ_ONLY, SLOW, outage_of
from hsl_dashboard.availability.patience import PatientConnection
from hsl_dashboard.celery import limit_statements
from hsl_dashboard.db import run_sql
from hsl_dashboard.environment.connections import with_defaults
from hsl_dashboard.web.middleware import limit_pages
from tests.factories import BookingFactory, UserFactory

BOOKINGS = "/bookings/"


@pytest.fixture
def visitor(transactional_db, monkeypatch) -> Client:
    """Somebody whose pages do not end the test when they fail."""
    monkeypatch.setattr("hsl_dashboard.availability.outages._busy_until", 0.0)  # what a test finds busy ends with it
    client = Client(raise_request_exception=False)
    client.force_login(UserFactory.create(is_superuser=True, is_staff=True))
    BookingFactory.create()
    return client


@contextmanager
def other_session() -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    parameters = {**connection.get_connection_params(), "autocommit": False}
    with psycopg.connect(**parameters) as other:
        yield other
        other.rollback()


@contextmanager
def locked(table: str) -> Iterator[None]:
    with other_session() as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")  # type: ignore[arg-type]
        yield


@pytest.mark.parametrize("in_transaction", [True, False])
def test_G3_the_first_statement_carries_the_limits(transactional_db, in_transaction):
    asked = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting(%s)"
    idle = ["idle_in_transaction_session_timeout"]

    def ask() -> tuple[str, ...]:
        with connection.cursor() as cursor:
            cursor.execute(asked, idle)
            return tuple(cursor.fetchone())

    with limits.within(TimeLimits(statement=7, lock=2, idle=9)):
        if in_transaction:
            with transaction.atomic():
                first, second = ask(), ask()
        else:
            first, second = ask(), ask()

    assert first == second == ("7s", "2s", "9s")
    with limits.within(limits.NONE):
        # Nothing of it stays in the session, which PgBouncer gives to the next one.
        assert ask() == ("0", "0", "0")


def test_G3_pages_workers_and_commands_have_limits_each_their_own(rf, monkeypatch):
    seen = []
    monkeypatch.setattr(limits, "_of_the_process", limits.COMMAND)
    monkeypatch.setattr("hsl_dashboard.availability.outages._busy_until", 0.0)

    def page(_request: HttpRequest) -> HttpResponse:
        seen.append(limits.current())
        return HttpResponse()

    limit_pages(page)(rf.get("/"))
    seen.append(limits.current())
    for starts in (worker_init, worker_process_init, beat_init):
        assert limit_statements in starts._live_receivers(None)
    limit_statements()
    seen.append(limits.current())

    assert seen == [limits.PAGE, limits.COMMAND, limits.WORKER]
    assert all((limit.lock, limit.idle) > (0, 0) for limit in (limits.PAGE, limits.WORKER, limits.COMMAND))


def test_G3_limits_change_no_answer(transactional_db):
    with limits.within(limits.PAGE), connection.cursor() as cursor:
        cursor.execute("SELECT n FROM generate_series(1, 3) AS n WHERE n <> %s", [2])

        assert (cursor.rowcount, [column.name for column in cursor.description]) == (2, ["n"])
        assert cursor.fetchall() == [(1,), (3,)]
        cursor.execute("VACUUM bookings")  # refuses to stand behind another statement


def test_G3_a_transaction_that_idles_is_ended(transactional_db):
    def idle() -> None:
        with limits.within(TimeLimits(1, 1, 0.1)), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            time.sleep(0.5)
            cursor.execute("SELECT 1")

    with pytest.raises(DatabaseError) as failure:
        idle()

    assert outage_of(failure.value) is AWAY
    connection.close()


@pytest.mark.parametrize(("language", "words"), [("ru", "Эти данные сейчас заняты"), ("en", "This data is busy")])
def test_G3_a_lock_stops_the_pages_that_need_it_and_only_for_seconds(visitor, monkeypatch, language, words):
    visitor.cookies["django_language"] = language
    monkeypatch.setattr("hsl_dashboard.web.middleware.PAGE", TimeLimits(statement=15, lock=0.3, idle=30))

    with locked("bookings"):
        began = time.monotonic()
        stopped = visitor.get(BOOKINGS)
        took = time.monotonic() - began
        other = visitor.get("/messages/templates/")

    assert stopped.status_code == 503
    assert (stopped["Retry-After"], stopped["Cache-Control"]) == ("5", "no-store")
    assert words in stopped.text
    assert took < 5
    assert other.status_code == 200
    assert visitor.get(BOOKINGS).status_code == 200


def test_G3_while_something_is_locked_the_next_pages_do_not_wait_as_long(visitor, monkeypatch):
    monkeypatch.setattr("hsl_dashboard.web.middleware.PAGE", TimeLimits(statement=15, lock=2, idle=30))
    took = []

    with locked("bookings"):
        for _ in range(2):
            began = time.monotonic()
            assert visitor.get(BOOKINGS).status_code == 503
            took.append(time.monotonic() - began)

    assert took[0] >= 2 > took[1]
    assert visitor.get(BOOKINGS).status_code == 200


def test_G3_a_page_waits_less_than_five_seconds_for_anything_that_is_not_its_own_work():
    pool, options = settings.DATABASES["default"], settings.DATABASES["default"]["OPTIONS"]

    assert limits.PAGE.lock < 5
    assert options["connect_timeout"] < 5
    assert pool["CONN_HEALTH_CHECKS"] is True


def test_G3_a_slow_report_says_so(visitor, monkeypatch):
    monkeypatch.setattr("hsl_dashboard.web.middleware.PAGE", TimeLimits(statement=0.2, lock=3, idle=30))
    slowly(monkeypatch)

    response = visitor.get("/data-quality/")

    assert response.status_code == 504
    assert "Retry-After" not in response
    assert "слишком" in response.text


def slowly(monkeypatch) -> None:
    """Let a page of counts take a second in the database."""

    def find_problems(**_options):
        run_sql("SELECT pg_sleep(1)")

    monkeypatch.setattr("bookings.views.quality.find_problems", find_problems)


def test_G3_without_the_database_a_page_says_so_at_once(visitor, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OperationalError("connection refused")

    connection.close()
    with monkeypatch.context() as without:
        without.setattr(connection, "get_new_connection", refuse)
        response = visitor.get(BOOKINGS)

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "База данных не отвечает" in response.text


def test_G3_a_server_that_never_answers_is_waited_for_only_as_long_as_the_work_may_last(transactional_db, monkeypatch):
    monkeypatch.setattr(limits, "GRACE", 0.2)
    parameters = {**connection.get_connection_params(), "autocommit": True, "cursor_factory": psycopg.ClientCursor}
    began = time.monotonic()

    # A plain cursor tells the server nothing of the limits: it is as silent as a frozen one.
    with (
        PatientConnection.connect(**parameters) as server,
        limits.within(TimeLimits(statement=0.2, lock=1, idle=1)),
        pytest.raises(psycopg.OperationalError) as failure,
    ):
        server.execute("SELECT pg_sleep(20)")

    assert time.monotonic() - began < 5
    assert outage_of(failure.value) is AWAY
    assert server.closed


def test_G3_an_export_may_wait_longer_than_its_page(transactional_db):
    with limits.within(limits.PAGE), limits.transaction_within(limits.EXPORT):
        inside = connection.connection.patience

    assert (inside, connection.connection.patience) == (limits.EXPORT.patience, None)


def test_G3_connections_of_pages_and_of_the_pool_are_patient(transactional_db):
    connection.ensure_connection()

    assert isinstance(connection.connection, PatientConnection)
    assert (
        with_defaults({"HOST": "", "OPTIONS": {}}, pool=True)["OPTIONS"]["pool"]["connection_class"]
        is PatientConnection
    )


def test_G3_a_fault_of_ours_is_still_one(visitor, monkeypatch):
    def fail(**_options):
        raise ValueError("ours")

    monkeypatch.setattr("bookings.views.quality.find_problems", fail)

    assert visitor.get("/data-quality/").status_code == 500


def caused(kind: type[Exception], cause: Exception) -> Exception:
    error = kind()
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (caused(OperationalError, errors.LockNotAvailable()), BUSY),
        (caused(OperationalError, errors.DeadlockDetected()), BUSY),
        (caused(OperationalError, errors.QueryCanceled()), SLOW),
        (caused(OperationalError, errors.AdminShutdown()), AWAY),
        (caused(OperationalError, errors.TooManyConnections()), AWAY),
        (caused(OperationalError, errors.DiskFull()), READ_ONLY),
        (errors.ReadOnlySqlTransaction(), READ_ONLY),
        (errors.UniqueViolation(), None),
        (ValueError(), None),
        (None, None),
    ],
)
def test_G3_outages_are_told_from_faults(error, outage):
    assert outage_of(error) is outage


def test_G3_thirty_clicking_clients_and_a_lock(visitor, live_server, monkeypatch):
    """The pages that need the table are 503; the others and the probe answer meanwhile."""
    monkeypatch.setattr("hsl_dashboard.web.middleware.PAGE", TimeLimits(statement=15, lock=1, idle=30))
    cookies = {"Cookie": f"sessionid={visitor.cookies['sessionid'].value}"}
    answers: list[tuple[str, int, float]] = []
    until = time.monotonic() + 4

    def click(address: str) -> Callable[[], None]:
        def clicking() -> None:
            while time.monotonic() < until:
                began = time.monotonic()
                status = status_of(live_server.url + address, cookies)
                answers.append((address, status, time.monotonic() - began))

        return clicking

    addresses = [BOOKINGS] * 20 + ["/messages/templates/"] * 9 + ["/health/live"]
    threads = [threading.Thread(target=click(address)) for address in addresses]
    with locked("bookings"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert {status for address, status, _ in answers if address == BOOKINGS} == {503}
    assert {status for address, status, _ in answers if address != BOOKINGS} == {200}
    assert len({address for address, _, _ in answers}) == 3
    assert status_of(live_server.url + BOOKINGS, cookies) == 200


def status_of(url: str, headers: dict[str, str]) -> int:
    try:
        with urlopen(Request(url, headers=headers), timeout=30) as response:
            return int(response.status)
    except HTTPError as error:
        error.close()
        return error.code
