"""The synthetic copy of the bot's database, dirty rows included, for tests that count it."""

import gzip
import re
from pathlib import Path

from django.apps import apps
from django.db import connection

from bookings.models import Course
from tests.database_roles import owner_role
from tests.migrations import migration
from users.totals import fold_marked_people

DUMP = Path(__file__).parent / "data" / "bot_database.sql.gz"
# A statement ends where the next one begins: names in it hold semicolons and quotes of their own.
STATEMENT = re.compile(r"^INSERT INTO (\w+) .*?\);\n(?=INSERT INTO |SELECT setval|COMMIT)", re.DOTALL | re.MULTILINE)


def load(*tables: str) -> None:
    """Insert the dump's rows of these tables as the bot would, describe the streams as a migration does, and count."""
    text = gzip.decompress(DUMP.read_bytes()).decode()
    Course.objects.all().delete()
    with owner_role(), connection.cursor() as cursor:  # the bot sets sequences
        for statement in STATEMENT.finditer(text):
            if statement[1] in tables:
                cursor.execute(statement[0])
        for table in tables:
            if table not in {"users", "blocked_users"}:  # their keys are people
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT max(id) FROM " + table + "))", [table]
                )
    migration("bookings", "describe_streams").describe_streams(apps, None)
    fold_marked_people()
