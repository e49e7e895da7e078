"""What the page of automations shows of each rule: whom it will reach today, and its recent messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from messaging.automations.due import count_due, find_due
from messaging.automations.firing import known_values
from messaging.automations.notifying import explain
from messaging.content.markup import parse_html
from messaging.content.placeholders import MissingValue, describe_missing, personalise
from messaging.models import Automation, Outbox
from messaging.quiet_hours import end_of_day, is_quiet
from users.models import TelegramUser

SAMPLE = 5  # people named as an example
LAST = 5  # messages shown
LATELY = timedelta(days=30)


@dataclass(frozen=True)
class Reach:
    """Whom a rule will still reach today: how many, some of them, and what the first one lacks."""

    count: int
    people: list[TelegramUser]
    missing: str = ""

    @property
    def more(self) -> int:
        return self.count - len(self.people)


@dataclass(frozen=True)
class RuleFacts:
    """A rule as staff read it."""

    rule: Automation
    reach: Reach
    last: list[tuple[Outbox, str]]  # with why it did not arrive
    delivered: int
    failed: int
    open: int
    waiting: int = 0  # in the quiet hours: due now, and told when they end

    @property
    def text(self) -> str:
        """The words without their tags, placeholders as they are written."""
        return parse_html(self.rule.template).text


def reach_of(rule: Automation, *, at: datetime) -> Reach:
    """Find who will still get the rule's message before the end of the day."""
    until = end_of_day(at)
    due = find_due(rule, at=until, limit=SAMPLE)
    found = TelegramUser.objects.in_bulk([message.person_id for message in due])
    people = [found[message.person_id] for message in due if message.person_id in found]
    count = count_due(rule, at=until) if len(due) == SAMPLE else len(due)
    if not due:
        return Reach(count, people)
    try:
        personalise(rule.template, known_values(due[:1])[0])
    except MissingValue as missing:
        return Reach(count, people, missing=describe_missing(missing.name))
    return Reach(count, people)


def facts_of(rules: list[Automation], *, at: datetime) -> list[RuleFacts]:
    """Gather it for every rule."""
    counts = (
        Outbox.objects.filter(rule__in=rules, queued_at__gt=at - LATELY)
        .values_list("rule", "state")
        .annotate(letters=Count("pk"))
        .order_by()
    )
    by_rule: dict[int, dict[str, int]] = {}
    for rule_id, state, letters in counts:
        by_rule.setdefault(rule_id or 0, {})[state] = letters
    last = _last_letters(rules)
    return [_facts(rule, by_rule.get(rule.pk, {}), last.get(rule.pk, []), at=at) for rule in rules]


def _last_letters(rules: list[Automation]) -> dict[int, list[Outbox]]:
    """Read the newest messages of each rule (one query, a slice of the index for each)."""
    slices = [Outbox.objects.filter(rule=rule).order_by("-id").values("pk")[:LAST] for rule in rules]
    if not slices:
        return {}
    newest = slices[0].union(*slices[1:], all=True) if len(slices) > 1 else slices[0]
    by_rule: dict[int, list[Outbox]] = {}
    for letter in Outbox.objects.filter(pk__in=newest).select_related("telegram_user").order_by("-id"):
        by_rule.setdefault(letter.rule_id or 0, []).append(letter)
    return by_rule


def _facts(rule: Automation, counts: dict[str, int], last: list[Outbox], *, at: datetime) -> RuleFacts:
    state = Outbox.State
    return RuleFacts(
        rule=rule,
        reach=reach_of(rule, at=at),
        last=[(letter, explain(letter.reason)) for letter in last],
        delivered=counts.get(state.DELIVERED, 0),
        failed=counts.get(state.FAILED, 0),
        waiting=count_due(rule, at=at) + counts.get(state.QUEUED, 0) if rule.is_on and is_quiet(at) else 0,
        open=sum(counts.get(open_state, 0) for open_state in (state.QUEUED, state.SENT, state.UNCERTAIN)),
    )
