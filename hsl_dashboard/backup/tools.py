"""pg_dump and pg_restore, which come with PostgreSQL and are called as programs."""

import os
import shutil
import subprocess

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo


class BackupFailed(Exception):
    """A backup or a restore did not happen; the text says why and what to do."""


def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs against the database that Django is connected to.

    Raises:
        BackupFailed: it is not there, or did not succeed; with what it said.
    """
    found = shutil.which(program, path=settings.POSTGRES_TOOLS or None)
    if found is None:
        raise BackupFailed(
            f"{program} is not here. Install PostgreSQL's client programs (postgresql-client), as new as the server, "
            "or set POSTGRES_TOOLS to the folder that they are in."
        )
    connection.ensure_connection()
    info = connection.connection.info
    _refuse_pooler(info.backend_pid)
    place = make_conninfo(**info.get_parameters())
    # The list of processes shows arguments to everybody, and the environment to nobody else.
    environment = os.environ | ({"PGPASSWORD": info.password} if info.password else {})
    done = subprocess.run(
        [found, f"--dbname={place}", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupFailed(f"{program} failed: {done.stderr.strip() or f'exit code {done.returncode}'}")


def _refuse_pooler(announced: int) -> None:
    """Stop before PostgreSQL's programs change connections that PgBouncer would lend to others next.

    pg_dump empties the search_path of its session. A pooler makes up the number of the server's process.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        if cursor.fetchone() != (announced,):
            raise BackupFailed(
                "DATABASE_URL leads to a pooler such as PgBouncer. Let this process connect to PostgreSQL itself: "
                "a backup made through the pooler would break the pages that it serves."
            )
