"""The two roles of the tests: everything runs as the application's, and says so where it must be the owner's.

As in production: what web and workers may not do, a test finds out. The owner's is asked for by ``pytest.mark.owner``,
for a whole test, or by ``owner_role()``, for a few statements that change tables, history or grants.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.backends.signals import connection_created

from hsl_dashboard.db import run_sql, sql_value
from hsl_dashboard.grants import grant_statements

APPLICATION = "hsl_test_application"


def prepare_application() -> None:
    """Make the role in this server, with the owner's password, and give it its rights in this database."""
    with connection.cursor() as cursor:
        quoted = _quoted_password(cursor)
        # Other processes of this run may do the same at this moment: roles belong to the whole server.
        for statement in (f"CREATE ROLE {APPLICATION} LOGIN", f"ALTER ROLE {APPLICATION} PASSWORD {quoted}"):
            with suppress(DatabaseError):
                cursor.execute(statement)
        for statement in grant_statements(APPLICATION):
            cursor.execute(statement)


def application_url() -> str:
    """The address of this test's database for processes of their own, which sign in as the application."""
    database = connection.settings_dict
    place = "{HOST}:{PORT}/{NAME}".format(**database)
    return f"postgresql://{APPLICATION}:{quote(database['PASSWORD'], safe='')}@{place}"


@contextmanager
def application_role() -> Iterator[None]:
    """Let this connection, and all that are opened meanwhile by any thread, be the application's."""
    connection_created.connect(_become_application, dispatch_uid=APPLICATION)
    if connection.connection is not None:
        _become_application(connection=connection)
    try:
        yield
    finally:
        connection_created.disconnect(dispatch_uid=APPLICATION)
        # In a transaction that failed, its end takes the role back.
        if connection.connection is not None and not connection.connection.closed:
            with suppress(DatabaseError):
                _set_role("NONE")


@contextmanager
def owner_role() -> Iterator[None]:
    """Do as the owner of the tables what the application may not."""
    role = sql_value("SELECT current_setting('role')")
    _set_role("NONE")
    try:
        yield
    finally:
        _set_role(role)


def _become_application(connection: Any, **_kwargs: Any) -> None:
    # Tests open databases of their own too, where the role has no rights.
    if connection.settings_dict["NAME"] == connections["default"].settings_dict["NAME"]:
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {APPLICATION}")


def _set_role(role: str) -> None:
    run_sql(f"SET ROLE {role}")


def _quoted_password(cursor: Any) -> str:
    cursor.execute("SELECT quote_literal(%s)", [settings.DATABASES["default"]["PASSWORD"]])
    return str(cursor.fetchone()[0])
