"""Leads: why somebody is one, and the recount of everybody after the rules have changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pghistory
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from hsl_dashboard.db import run_sql
from users.models import LeadRules, PersonTotals, User
from users.models.events import NOT_THEIR_OWN

PEOPLE_AT_ONCE = 2_000  # people: a batch is counted in well under a second, and holds its locks no longer
BEFORE_EVERYBODY = -(2**63)

FIELDS = ("window_days", "hot_events", "hot_days", "warm_events", "warm_days", "cool_events")
ACTIVITY = """
    SELECT wanted.user_id, a.events, a.days FROM unnest(%(people)s::bigint[]) AS wanted (user_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS events, count(DISTINCT (e.created_at AT TIME ZONE %(zone)s)::date) AS days FROM events AS e
        WHERE e.user_id = wanted.user_id AND e.event_type <> ALL (%(not_own)s)
            AND e.created_at >= (school_today() - %(before)s::integer)::timestamp AT TIME ZONE %(zone)s
    ) AS a
"""


class RulesEdited(Exception):
    """Somebody else changed the rules first; nothing was written."""


@dataclass(frozen=True)
class LeadReason:
    """Own events in the window, and on how many of its days: the reason for a temperature."""

    events: int
    days: int


def lead_activity(people: Iterable[int], rules: LeadRules) -> dict[int, LeadReason]:
    """Count why these people are as warm as they are (one query)."""
    values: dict[str, Any] = {
        "people": list(people),
        "zone": settings.TIME_ZONE,
        "not_own": list(NOT_THEIR_OWN),
        "before": rules.window_days - 1,
    }
    if not values["people"]:
        return {}
    return {user_id: LeadReason(events, days) for user_id, events, days in run_sql(ACTIVITY, values)}


def rules_explained(rules: LeadRules) -> str:
    """Say in words when somebody is hot, warm, cool or cold."""
    return _(
        "Events that people caused themselves count, those of staff and of the bot do not. Days counted, with today"
        " (Moscow time): %(window_days)d. Hot: events at least %(hot_events)d, on different days at least %(hot_days)d."
        " Warm: events at least %(warm_events)d, days at least %(warm_days)d. Cool: events at least %(cool_events)d."
        " All others are cold. People with a confirmed booking are not leads."
    ) % {name: getattr(rules, name) for name in FIELDS}


def values_of(rules: LeadRules) -> dict[str, int]:
    return {name: getattr(rules, name) for name in FIELDS}


def change_lead_rules(*, to: dict[str, int], seen: dict[str, int], by: User) -> None:
    """Set the rules; beat counts everybody again. ``seen`` are the rules that ``by`` decided on.

    Raises:
        RulesEdited: as above.
    """
    with transaction.atomic(), pghistory.context(user=by.pk):
        LeadRules.objects.bulk_create([LeadRules(pk=1)], ignore_conflicts=True)
        # One conditional UPDATE: of two who edit the same rules, the second is told.
        if not LeadRules.objects.filter(pk=1, **seen).update(**to, recounted_to=BEFORE_EVERYBODY):
            raise RulesEdited


def apply_lead_rules(*, batches: int | None = None) -> bool:
    """Count the next people by the changed rules; say whether all are.

    The place is kept in the row of the rules: a worker that dies loses one batch, and a change begins anew.
    """
    done = 0
    while batches is None or done < batches:
        rules = LeadRules.read()
        last = rules.recounted_to
        if last is None:
            return True
        ids = PersonTotals.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        people = list(ids[:PEOPLE_AT_ONCE])
        run_sql("SELECT person_totals_recount(%s)", [people])
        here = LeadRules.objects.filter(Q(**values_of(rules)), pk=1, recounted_to=last)
        here.update(recounted_to=people[-1] if len(people) == PEOPLE_AT_ONCE else None)
        done += 1
    return not LeadRules.read().is_recounting
