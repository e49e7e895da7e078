"""Fresh databases of the bot, each a copy of one that was loaded from the dump."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import psycopg
import pytest
from django.db import connection
from psycopg import sql
from pytest_django import DjangoDbBlocker

from tests.adoption.databases import Database

_numbers = count(1)


def _name(kind: str) -> str:
    return f"adopt_{kind}_{os.getpid()}_{next(_numbers)}"


def _create(name: str, *, template: str = "template0") -> Database:
    with psycopg.connect(Database("postgres").conninfo, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    return Database(name)


def _drop(database: Database) -> None:
    with psycopg.connect(Database("postgres").conninfo, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.name)))


@pytest.fixture(scope="session")
def template() -> Iterator[Database]:
    """The dump, loaded once."""
    database = _create(_name("dump"))
    database.load_dump()
    database.run("ANALYZE")
    yield database
    _drop(database)


@pytest.fixture
def new_database(django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[..., Database]]:
    """Make databases that go with the test."""
    made = []

    def make(*, template: str = "template0") -> Database:
        made.append(_create(_name("test"), template=template))
        return made[-1]

    with django_db_blocker.unblock():
        yield make
    for database in made:
        _drop(database)


@pytest.fixture
def live(new_database: Callable[..., Database], template: Database) -> Database:
    """A live database of the bot, as the dump has it."""
    return new_database(template=template.name)


@dataclass
class Takeover:
    """One takeover of the dump: what stands now, and what the command printed."""

    database: Database
    output: str


@pytest.fixture(scope="session")
def takeover(template: Database, django_db_blocker: DjangoDbBlocker) -> Iterator[Takeover]:
    """The dump taken over, once for all tests that read what came of it: it takes 12 s."""
    database = _create(_name("adopted"), template=template.name)
    with django_db_blocker.unblock():
        output = database.adopt()
    yield Takeover(database, output)
    _drop(database)


@pytest.fixture
def adopted(new_database: Callable[..., Database], takeover: Takeover) -> Database:
    """A database that was taken over."""
    return new_database(template=takeover.database.name)


@pytest.fixture
def migrated(db: None) -> Database:
    """The test database itself, which migrate made: to look at."""
    return Database(connection.settings_dict["NAME"])
