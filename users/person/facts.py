"""Who a person is, and how warm a lead and why: what stands at the head of their page, in one query."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import JSONField, TextField
from django.db.models.expressions import RawSQL

from users.leads import rules_explained
from users.models import BlockedUser, LeadRules, LeadTemperature, PersonCounts, TelegramUser
from users.models.events import NOT_THEIR_OWN

TAGS_SUGGESTED = 300  # more than a school has

# The function person_temperature() decides by the same events and days; here they are said.
WEEK = """(
    SELECT jsonb_build_array(count(*), count(DISTINCT (e.created_at AT TIME ZONE %s)::date)) FROM events AS e
    WHERE e.user_id = users.user_id
        AND e.created_at >= (
            school_today() - (SELECT COALESCE(max(window_days), %s) FROM users_leadrules) + 1
        )::timestamp AT TIME ZONE %s
        AND e.event_type <> ALL (%s)
)"""
RULES = "(SELECT to_jsonb(r) FROM users_leadrules AS r)"
TAGS = """(
    SELECT COALESCE(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name) ORDER BY lower(t.name)), '[]')
    FROM users_persontag AS p JOIN users_tag AS t ON t.id = p.tag_id WHERE p.user_id = users.user_id
)"""
SUGGESTIONS = """(
    SELECT COALESCE(jsonb_agg(t.name ORDER BY lower(t.name)), '[]') FROM (
        SELECT name FROM users_tag WHERE id IN (SELECT tag_id FROM users_persontag) ORDER BY lower(name) LIMIT %s
    ) AS t
)"""

# By name, not by model: streams belong to an app above. The first course names a code best.
STREAM = """(
    SELECT s.name FROM bookings_stream AS s WHERE s.code = person_totals_live.latest_stream
    ORDER BY s.course_id LIMIT 1
)"""


@dataclass(frozen=True)
class PersonFacts:
    """A person with what is counted about them."""

    person: TelegramUser
    totals: PersonCounts | None
    block: BlockedUser | None
    week_events: int
    week_days: int
    latest_stream: str  # its name, else its code
    rules: LeadRules  # by which the week was counted
    tags: list[dict[str, Any]]  # id, name
    suggested_tags: list[str]

    @property
    def lead_explained(self) -> str:
        return rules_explained(self.rules)

    @property
    def temperature(self) -> LeadTemperature:
        return LeadTemperature(self.totals.temperature) if self.totals else LeadTemperature.COLD

    @property
    def blocked_by_staff(self) -> bool:
        """Whether staff wrote the reason; the bot's own word for it is its column's default."""
        return self.block is not None and self.block.reason not in {None, "", "bot_blocked_by_user"}


def read_facts(person_id: int) -> PersonFacts:
    """Read a person with their counts, block and tags (two queries).

    Raises:
        TelegramUser.DoesNotExist: nobody has this id.
    """
    zone = settings.TIME_ZONE
    usual = LeadRules(pk=1)
    found = (
        TelegramUser.objects.filter(pk=person_id)
        .select_related("livepersontotals", "block")
        .annotate(
            week=RawSQL(WEEK, [zone, usual.window_days, zone, list(NOT_THEIR_OWN)], JSONField()),  # noqa: S611 - SQL of ours
            rules=RawSQL(RULES, [], JSONField()),  # noqa: S611
            stream=RawSQL(STREAM, [], TextField()),  # noqa: S611
            tag_list=RawSQL(TAGS, [], JSONField()),  # noqa: S611
            suggestions=RawSQL(SUGGESTIONS, [TAGS_SUGGESTED], JSONField()),  # noqa: S611
        )
        .get()
    )
    totals = getattr(found, "livepersontotals", None)
    return PersonFacts(
        person=found,
        totals=totals,
        latest_stream=found.stream or (totals.latest_stream if totals else ""),
        block=getattr(found, "block", None),
        week_events=found.week[0],
        week_days=found.week[1],
        rules=LeadRules(**found.rules) if found.rules else usual,
        tags=found.tag_list,
        suggested_tags=found.suggestions,
    )
