"""One takeover from beginning to end: look, refuse, plan, change step by step, prove."""

import time
from collections.abc import Callable, Iterator

from django.core.management.base import OutputWrapper
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from hsl_dashboard.adoption.columns import alignment_steps, table_steps
from hsl_dashboard.adoption.keys import index_step, key_steps, trigger_step
from hsl_dashboard.adoption.locks import AdoptionFailed, Patience, one_at_a_time, session_settings
from hsl_dashboard.adoption.migrations import foundation_step, migrate_step, record_step, tables_are_taken_over
from hsl_dashboard.adoption.overdue import hold_step
from hsl_dashboard.adoption.people import people_step
from hsl_dashboard.adoption.proof import as_table, compare, take_snapshots
from hsl_dashboard.adoption.refusals import obstacles, refuse_strangers
from hsl_dashboard.adoption.step import Step, Takeover
from hsl_dashboard.adoption.target import bot_tables
from hsl_dashboard.availability.limits import NONE, within

# A killed run's server process may still be building an index: it notices within a second or so.
WAIT_FOR_ANOTHER = 30  # seconds


# Each step has limits of its own, set for the session: those of every transaction would replace them.
@within(NONE)
def adopt(
    *,
    dry_run: bool,
    naive_timezone: str,
    limits: Patience,
    stdout: OutputWrapper,
    after_step: Callable[[Step], None] = lambda step: None,
) -> None:
    """Take over the database of the default connection, or say with ``dry_run`` what would be done.

    Raises:
        AdoptionFailed: why it cannot be taken over, or what a row lost; what was done until then stays and counts.
    """
    takeover = Takeover(bot_tables(MigrationLoader(connection)), naive_timezone, limits)
    refuse_strangers(takeover)
    if dry_run:
        with session_settings(default_transaction_read_only="on"):
            _tell_plan(takeover, stdout)
        return
    with (
        session_settings(
            # One role owns all, so that the bot may write what our triggers write on its behalf.
            role=takeover.catalog.tables["bookings"].owner,
            # A server process whose client was killed ends at once, not when its long statement is done.
            client_connection_check_interval="1s",
        ),
        one_at_a_time(wait=WAIT_FOR_ANOTHER),
    ):
        takeover.forget_catalog()  # another run may just have changed it
        _take_over(takeover, stdout, after_step)


def all_steps(takeover: Takeover) -> Iterator[Step]:
    """Every step that a database could need, in the order in which each relies on those before it."""
    if not tables_are_taken_over():
        tables = takeover.tables
        for table in tables:
            yield from table_steps(table)
        for table in tables:
            yield from alignment_steps(table, naive_timezone=takeover.naive_timezone)
        # From here on nobody new is missing, so that those who are can be counted and made.
        yield from (trigger_step(trigger) for table in tables for trigger in table.triggers)
        yield from (index_step(index) for table in tables for index in table.indexes)
        yield people_step()
        for table in tables:
            yield from key_steps(table)
        yield foundation_step()
        yield record_step()
    yield migrate_step()
    yield hold_step()


def _tell_plan(takeover: Takeover, stdout: OutputWrapper) -> list[Step]:
    plan = [step for step in all_steps(takeover) if step.needed(takeover)]
    if not plan:
        stdout.write("Nothing to do: this database is taken over.")
        return []
    stdout.write(f"{len(plan)} steps:")
    for number, step in enumerate(plan, 1):
        stdout.write(f"{number:4}. {step}")
    in_the_way = [] if tables_are_taken_over() else obstacles(takeover)
    if in_the_way:
        raise AdoptionFailed("Nothing was changed. In the way:\n" + "\n".join(f"  - {line}" for line in in_the_way))
    return plan


def _take_over(takeover: Takeover, stdout: OutputWrapper, after_step: Callable[[Step], None]) -> None:
    plan = {step.name for step in _tell_plan(takeover, stdout)}
    if not plan:
        return
    before = take_snapshots(takeover)
    # All of them, not the plan: each looks again, since one step can bring another along.
    for step in list(all_steps(takeover)):
        plan.discard(step.name)
        if step.needed(takeover):
            rows = step.rows(takeover)
            stdout.write(f"  {step.name}{f', about {rows:,} rows' if rows else ''} …", ending=" ")
            stdout.flush()
            started = time.perf_counter()
            _run(step, takeover)
            stdout.write(f"{time.perf_counter() - started:.1f} s, {len(plan)} left")
            after_step(step)
    comparisons = compare(takeover, before)
    stdout.write(as_table(comparisons))
    broken = [comparison for comparison in comparisons if not comparison.is_whole]
    if broken:
        raise AdoptionFailed(
            "Rows that were there before are gone or not the same: "
            + "; ".join(f"{c.table} {_first([*c.lost, *c.damaged])}" for c in broken)
            + ". No step deletes a row: look who else did, before anything else."
        )
    stdout.write("Every row that was there is there, and the same.")
    stdout.write("Start the dashboard and open /data-quality/takeover/: what was taken over, and what to decide next.")


def _run(step: Step, takeover: Takeover) -> None:
    try:
        step.run(takeover)
    except DatabaseError as error:
        raise AdoptionFailed(
            f"{step.name}: {str(error).strip()}\nRemove the cause and run this command again: it goes on from here."
        ) from error
    finally:
        takeover.forget_catalog()


def _first(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:10])) + (f" and {len(ids) - 10} more" if len(ids) > 10 else "")
