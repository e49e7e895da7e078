"""Events lose their details day by day, except those that numbers are counted by."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pgtrigger
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import run_sql, sql_value
from hsl_dashboard.web.days import day_begins, school_day
from users.models import SealedDay
from users.person.own import COUNTED_DETAILS, counted_details
from users.retention.rules import Batches, KeepingRule, counted_values, last_countable_day

# Triggers that would have the day counted again: it is sealed, and its counts stay the same.
SILENT = ("users.Event:numbers_update", "users.Event:person_totals_update")
DUE = f"""
    e.created_at >= %(begins)s AND e.created_at < %(ends)s AND e.details NOT IN ('{{}}', 'null')
    AND {counted_details("e.details", "%(keys)s", "%(values)s")} IS DISTINCT FROM e.details
"""
# The next rows of a day: events_newest_first read backwards. Those that are emptied already cost a look.
WINDOW = """
    SELECT e.id, e.created_at FROM events AS e
    WHERE e.created_at >= %(begins)s AND e.created_at < %(ends)s AND (e.created_at, e.id) > (%(at)s, %(id)s)
    ORDER BY e.created_at NULLS FIRST, e.id LIMIT %(size)s
"""
COUNT = f"SELECT count(*) FROM events AS e WHERE {DUE}"  # noqa: S608
EMPTY = f"""
    WITH due AS MATERIALIZED (
        SELECT e.id FROM events AS e WHERE e.id = ANY (%(ids)s) AND {DUE} ORDER BY e.id FOR UPDATE
    )
    UPDATE events AS e SET details = {counted_details("e.details", "%(keys)s", "%(values)s")}
    FROM due WHERE e.id = due.id
"""  # noqa: S608
# Until the transaction ends: pgtrigger's triggers, and audit_row of users/sql.
FORGETTING = "SELECT set_config('pgtrigger.ignore', %s, true), set_config('hsl_dashboard.forgetting', %s, true)"
OLDEST = "SELECT min(created_at) FROM events WHERE created_at >= %s AND created_at < %s"


def forget_details(before: datetime, batches: Batches) -> Iterator[int]:
    """Seal each day that ends before a moment, oldest first, and empty its events; a day is done once."""
    last = last_countable_day(timezone.now())
    while last is not None and (day := _next_day(before, batches)) and day <= last:
        batches.run(partial(_seal, day))
        yield from _empty_day(day, batches)
        if batches.is_over:
            return
        batches.run(partial(_finish, day))


def count_details(before: datetime) -> int:
    """Count the events that would lose something."""
    begins, ends = _begins(), day_begins(school_day(before))
    number = sql_value(COUNT, _values() | {"begins": begins, "ends": ends})
    return int(number)


def _begins() -> datetime:
    """Where the days begin that are not done: rows that came into a sealed day afterwards keep their details."""
    done = SealedDay.objects.exclude(emptied_at=None).order_by("-day").values_list("day", flat=True).first()
    return day_begins(done + timedelta(days=1)) if done else day_begins(date(2015, 1, 1))


def _seal(day: date, _size: int) -> None:
    SealedDay.objects.get_or_create(day=day)


def _finish(day: date, _size: int) -> None:
    SealedDay.objects.filter(day=day).update(emptied_at=timezone.now())


def _next_day(before: datetime, batches: Batches) -> date | None:
    params = [_begins(), day_begins(school_day(before))]
    [[oldest]] = batches.run(lambda _size: run_sql(OLDEST, params))
    return school_day(oldest) if oldest else None


def _empty_day(day: date, batches: Batches) -> Iterator[int]:
    params = _values() | {"begins": day_begins(day), "ends": day_begins(day + timedelta(days=1))}
    place: dict[str, Any] | None = {"at": params["begins"], "id": 0}
    while place and not batches.is_over:
        emptied, place = batches.forget(partial(_empty_window, params | place))
        yield emptied


def _empty_window(params: dict[str, Any], size: int) -> tuple[int, dict[str, Any] | None]:
    """Empty the next events of a day; give how many and where to go on, None at the day's end."""
    rows = run_sql(WINDOW, params | {"size": size})
    if not rows:
        return 0, None
    with connection.cursor() as cursor:
        # The audit has one line for the whole act: one for each event would keep what is to be forgotten.
        cursor.execute(FORGETTING, ["{" + ",".join(_silent()) + "}", "on"])
        cursor.execute(EMPTY, params | {"ids": [number for number, _at in rows]})
        emptied = cursor.rowcount
        cursor.execute(FORGETTING, ["{}", ""])
    number, at = rows[-1]
    return emptied, {"at": at, "id": number} if len(rows) == size else None


def _silent() -> list[str]:
    return [trigger.get_pgid(model) for model, trigger in pgtrigger.registered(*SILENT)]


def _values() -> dict[str, Any]:
    return {"keys": COUNTED_DETAILS, "values": [json.dumps(value, ensure_ascii=False) for value in counted_values()]}


EVENT_DETAILS = KeepingRule(
    name="event_details",
    setting="KEEP_EVENT_DETAILS_DAYS",
    label=_("Details of events"),
    count=count_details,
    forget=forget_details,
)
