"""The step that makes the people whom the bot's rows name and its own table of people does not have."""

from dataclasses import dataclass

from django.db import connection, transaction

from hsl_dashboard.adoption.step import NO_LOCK, Step, Takeover
from hsl_dashboard.db import run_sql

BATCH = 500  # people a transaction: some milliseconds, so that nobody waits for it


@dataclass(frozen=True)
class NamingTable:
    """A table that names people; the rest are SQL expressions over its columns."""

    table: str
    username: str
    first_name: str
    seen_at: str


SOURCES = (
    NamingTable("bookings", "username", "first_name", "created_at"),
    NamingTable(
        "events",
        "coalesce(username, details->>'username')",
        "coalesce(first_name, details->>'first_name')",
        "created_at",
    ),
    NamingTable("free_lesson_registrations", "username", "first_name", "registered_at"),
    NamingTable("hackathon_registrations", "username", "NULL", "created_at"),
    NamingTable("message_recipients", "username", "NULL", "created_at"),
    NamingTable("referral_usage", "NULL", "NULL", "used_at"),
    NamingTable("blocked_users", "NULL", "NULL", "blocked_at"),
)

# Names: the newest that is not blank. First seen: the earliest row, but for clocks that ran before Telegram did.
_INSERT = """
    INSERT INTO users (user_id, username, first_name, first_seen_at, updated_at)
    SELECT user_id,
           (array_agg(username ORDER BY seen_at DESC NULLS LAST) FILTER (WHERE btrim(username) <> ''))[1],
           (array_agg(first_name ORDER BY seen_at DESC NULLS LAST) FILTER (WHERE btrim(first_name) <> ''))[1],
           coalesce(min(seen_at) FILTER (WHERE seen_at >= '2013-08-14'), now()),
           coalesce(max(seen_at) FILTER (WHERE seen_at >= '2013-08-14'), now())
    FROM ({rows}) seen
    GROUP BY user_id
    ON CONFLICT (user_id) DO NOTHING
"""


def people_step() -> Step:
    """Make the missing people, once the trigger makes those who come from now on."""
    return Step(
        "create missing people",
        "rows of the bot name people whom its table of people does not have",
        NO_LOCK,
        lambda takeover: any(count_missing(takeover).values()),
        create_missing_people,
    )


def count_missing(takeover: Takeover) -> dict[str, int]:
    """Count, for each table, the people it names whom ``users`` does not have."""
    return {source.table: len(_missing(source, takeover)) for source in _present(takeover)}


def create_missing_people(takeover: Takeover) -> None:
    """Make everybody who is missing, in batches that each commit by themselves."""
    sources = _present(takeover)
    missing = sorted(set().union(*(_missing(source, takeover) for source in sources)))
    rows = " UNION ALL ".join(_rows(source) for source in sources)
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_INSERT.format(rows=rows), {"people": batch})


def _present(takeover: Takeover) -> list[NamingTable]:
    return [source for source in SOURCES if source.table in takeover.catalog.tables]


def _missing(source: NamingTable, takeover: Takeover) -> set[int]:
    unknown = "NOT EXISTS (SELECT FROM users u WHERE u.user_id = t.user_id)"
    everybody = "users" not in takeover.catalog.tables  # the public bot makes no table of people
    return {
        row[0]
        for row in run_sql(
            f'SELECT DISTINCT user_id FROM "{source.table}" t WHERE user_id IS NOT NULL'
            f" AND {'true' if everybody else unknown}"
        )
    }


def _rows(source: NamingTable) -> str:
    return (
        f"SELECT user_id, {source.username}::text AS username, {source.first_name}::text AS first_name,"
        f' {source.seen_at} AS seen_at FROM "{source.table}" WHERE user_id = ANY(%(people)s::bigint[])'
    )
