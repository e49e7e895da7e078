"""A person, and connections beside Django's own, as the bot has."""

import psycopg
import pytest
from django.db import connection

from tests.factories import TelegramUserFactory


@pytest.fixture
def person(db):
    return TelegramUserFactory.create(first_name="Мария", last_name="Ковалёва", username="maria")


@pytest.fixture
def connect(transactional_db):
    """Open connections of their own, as the bot has; a statement that waits over two seconds fails."""
    opened = []

    def _connect(isolation=psycopg.IsolationLevel.READ_COMMITTED) -> psycopg.Connection:
        parameters = connection.get_connection_params()
        parameters.pop("cursor_factory", None)
        parameters.pop("context", None)
        parameters["options"] = "-c lock_timeout=2s -c statement_timeout=20s"
        opened.append(psycopg.connect(**parameters))
        opened[-1].isolation_level = isolation
        return opened[-1]

    yield _connect
    for each in opened:
        each.close()
