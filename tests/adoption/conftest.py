"""Fresh databases of the bot, each a copy of one that was loaded from the dump."""

import os
from collections.abc import Callable, Iterator
from itertools import count

import psycopg
import pytest
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


@pytest.fixture(scope="session")
def adopted_template(template: Database, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    """The dump taken over, once."""
    database = _create(_name("adopted"), template=template.name)
    with django_db_blocker.unblock():
        database.adopt()
    yield database
    _drop(database)


@pytest.fixture
def adopted(new_database: Callable[..., Database], adopted_template: Database) -> Database:
    """A database that was taken over."""
    return new_database(template=adopted_template.name)
