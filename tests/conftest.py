"""Fixtures that every test may ask for."""

import gc
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.signals import setting_changed
from django.db import connection
from django.dispatch import receiver
from django.test import Client
from pytest_django import DjangoDbBlocker

from bookings.models import Booking
from demo.sandbox.client import SandboxClient, run_sandbox
from hsl_dashboard.availability import heartbeats
from hsl_dashboard.templatetags.frame import forget_drawn
from messaging.delivery.runner import close_process
from tests.database_roles import application_role, prepare_application
from tests.factories import BookingFactory, UserFactory
from tests.migrated import migrated_database
from tests.reset.kept import keep_rows
from tests.signing_in import signed_in
from tests.sizes import LONG
from tests.warm_redis import warm_up
from users.models import User

# They start servers of their own and wait for them: begun first, they never leave one process alone at the end.
SLOWEST = ("tests/chaos/", "tests/adoption/", "tests/test_containers.py")
EMPTIES_TABLES = {"transactional_db", "live_server"}


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Cut the tests into pieces that xdist may deal out: a file, or the part of it that empties all tables at its end.

    pytest-django puts these tests behind the others, and xdist keeps that order as long as no piece holds both.
    """
    left = [item for item in items if item.get_closest_marker("long")] if not LONG else []
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    for item in items:
        marker = item.get_closest_marker("django_db")
        empties = EMPTIES_TABLES & set(getattr(item, "fixturenames", ())) or (
            marker and marker.kwargs.get("transaction")
        )
        piece = f"{item.path.name}-last" if empties else item.path.name
        if "takeover" in getattr(item, "fixturenames", ()):
            piece = "takeover"  # one process makes it, for all of them
        item.add_marker(pytest.mark.xdist_group(piece))
    yield
    if getattr(config.option, "loadgroup", False) and any("@" not in item.nodeid for item in items):
        raise pytest.UsageError("pytest-xdist does not deal out whole pieces: does it know this pytest?")
    items.sort(key=lambda item: not item.nodeid.startswith(SLOWEST))


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays to the end: all modules and tests, looked at again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let pytest-django copy a database instead of running all migrations."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_database()


@receiver(setting_changed)
def _forget_drawn(setting: str, **_kwargs: Any) -> None:
    """Pieces that are drawn once a process name static files, by another name under other settings."""
    if setting == "STORAGES":
        forget_drawn()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The test database, with the application's role and, kept beside it, what the migrations wrote."""
    if not connection.settings_dict["NAME"].startswith("test_"):  # pytest-django makes none for these tests alone
        pytest.fail("None of these tests is marked as one of the database: run the whole file.")
    with django_db_blocker.unblock():
        keep_rows()
        prepare_application()


@pytest.fixture
def staff(db: None) -> User:
    """A member of staff who may do everything."""
    return UserFactory.create(username="anna", is_staff=True, is_superuser=True)


@pytest.fixture
def staff_client(staff: User) -> Client:
    return signed_in(staff)


@pytest.fixture
def booking(db: None) -> Booking:
    return BookingFactory.create()


@pytest.fixture(scope="session")
def telegram_process() -> Iterator[SandboxClient]:
    with run_sandbox() as client:
        yield client


@pytest.fixture
def telegram(telegram_process: SandboxClient, settings: Any) -> SandboxClient:
    """A sandbox without limits, latency, faults or memory, to which everything that is sent goes."""
    telegram_process.reset()
    settings.TELEGRAM_API_URL = telegram_process.url
    settings.BOT_TOKEN = telegram_process.token
    settings.TELEGRAM_CALL_TIMEOUT = 1.0
    return telegram_process


@pytest.fixture
def engine(telegram: SandboxClient, settings: Any) -> Iterator[SandboxClient]:
    """Telegram answers, Redis remembers an old slot, and the process' loop ends with the test."""
    settings.TELEGRAM_MESSAGES_PER_SECOND = 500.0
    close_process()
    warm_up(settings)
    yield telegram
    close_process()


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Each test starts with an empty Redis of its own: locks, limits and counts of others are not there."""
    empty_cache()


def empty_cache() -> None:
    """Forget what was kept, but that all processes are at work."""
    cache.clear()
    # As if workers and beat were at work: their absence is a test of its own.
    heartbeats.note(*heartbeats.QUEUES, heartbeats.BEAT)


@pytest.fixture(autouse=True)
def _as_application(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run every test that has the database as the application's role, unless it is marked as the owner's."""
    asks = request.node.get_closest_marker("django_db") or "_django_db_helper" in request.fixturenames
    if not asks or request.node.get_closest_marker("owner"):
        yield
        return
    request.getfixturevalue("_django_db_helper")  # first: it opens the test's transaction, and ends it last
    with application_role():
        yield
