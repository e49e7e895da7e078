"""Broadcasts as the pages show them: names instead of codes, and whether one may read the text."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.labels import Labels
from bookings.notices import NoticeKind
from messaging.audiences.choices import GROUPS
from messaging.audiences.criteria import CRITERIA, Audience, Individuals, UnknownCriterion
from messaging.audiences.words import describe_audience
from messaging.broadcasts.journal import staff_name
from messaging.broadcasts.privacy import may_read
from messaging.broadcasts.statistics import Numbers, numbers_of
from messaging.content.markup import parse_html
from messaging.content.parsed import Problem
from messaging.content.placeholders import with_fallbacks
from messaging.models import Broadcast
from messaging.models.reasons import StateReason, describe_reason
from messaging.models.recipient_types import RecipientType
from users.models import User

SNIPPET = 100  # characters: what the previous dashboard showed
SHOWN = 3  # groups named in a list
TITLE = 60  # characters
# What the previous dashboard wrote for groups that are no stream.
OLD_GROUPS = {"non_course": "not_students", "hackathon": "hackathon"}

# Messages that have no audience to name.
OF_A_KIND: dict[str, Promise] = {
    RecipientType.REPORT: gettext_lazy("Report to the author"),
    RecipientType.APPROVAL: gettext_lazy("Request for approval"),
    RecipientType.NOTICE: gettext_lazy("Notice to a member of staff"),
    RecipientType.DIGEST: gettext_lazy("Morning digest"),
    RecipientType.TEST: gettext_lazy("Test to the author"),
    RecipientType.ANSWER: gettext_lazy("Answer to a student"),
    RecipientType.LINK_CODE: gettext_lazy("Code for linking Telegram"),
}

State = Broadcast.State


@dataclass(frozen=True)
class BroadcastRow:
    """A broadcast in a list or on its own page."""

    broadcast: Broadcast
    numbers: Numbers
    audience: str
    readable: bool

    @property
    def author(self) -> str:
        return staff_name(self.broadcast.created_by)

    @cached_property
    def snippet(self) -> str:
        """Its name, or its first words."""
        return self.broadcast.name or first_words(self.broadcast)

    @property
    def title(self) -> str:
        """What its page and its tab are called; a letter's number, for who may not read it."""
        if self.readable and self.snippet:
            return self.snippet if len(self.snippet) <= TITLE else f"{self.snippet[: TITLE - 1]}…"
        return _("Message № %(number)d") % {"number": self.broadcast.pk}

    @property
    def at(self) -> datetime | None:
        """When it started, or is scheduled to start."""
        broadcast = self.broadcast
        if broadcast.started_at:
            return broadcast.started_at
        return (not self.is_to_come and broadcast.sent_at) or broadcast.planned_at or broadcast.created_at

    @property
    def problems(self) -> tuple[Problem, ...]:
        return parse_html(self.broadcast.message_text).problems

    @property
    def state_reason(self) -> str:
        reason = self.broadcast.state_reason
        if self.broadcast.state == State.CANCELLED and reason.partition(": ")[0] == StateReason.STAFF:
            return reason.partition(": ")[2]  # staff cancelled it, and said why
        return describe_reason(reason)

    @property
    def is_running(self) -> bool:
        return self.broadcast.state == State.SENDING

    @property
    def is_over(self) -> bool:
        return self.broadcast.state in {State.FINISHED, State.CANCELLED}

    @property
    def is_to_come(self) -> bool:
        return self.broadcast.state in {State.SCHEDULED, State.HELD}


def first_words(broadcast: Broadcast) -> str:
    """The beginning of the text without its tags, or as written where Telegram would refuse it."""
    parsed = parse_html(broadcast.message_text)
    text = broadcast.message_text if parsed.problems else with_fallbacks(parsed.text)
    words = " ".join(text.split())
    return words if len(words) <= SNIPPET else f"{words[: SNIPPET - 1]}…"


def broadcast_rows(broadcasts: Iterable[Broadcast], *, labels: Labels, by: User) -> list[BroadcastRow]:
    """Prepare broadcasts for a list: one query for all their numbers."""
    broadcasts = list(broadcasts)
    numbers = numbers_of(broadcasts)
    return [broadcast_row(broadcast, numbers[broadcast.pk], labels=labels, by=by) for broadcast in broadcasts]


def broadcast_row(broadcast: Broadcast, numbers: Numbers, *, labels: Labels, by: User) -> BroadcastRow:
    """Prepare one broadcast, whose recipients are counted already."""
    return BroadcastRow(broadcast, numbers, audience_words(broadcast, labels), may_read(broadcast, by))


def audience_words(broadcast: Broadcast, labels: Labels) -> str:
    """Whom it is for, in a few words."""
    if broadcast.recipient_type == RecipientType.AUTOMATION:
        return _("Automation: %(rule)s") % {"rule": _rule(broadcast.recipient_group or "")}
    if own := OF_A_KIND.get(broadcast.recipient_type or ""):
        return str(own)
    if (audience := _audience(broadcast)) is not None:
        return describe_audience(audience, labels, most=SHOWN)
    if broadcast.recipient_type != RecipientType.GROUP:
        return _("Individually")
    return group_name(broadcast.recipient_group or "", labels)


def group_name(code: str, labels: Labels) -> str:
    """The name of a stream, or of a group of the previous dashboard."""
    if (group := OLD_GROUPS.get(code, code)) in GROUPS:
        return str(GROUPS[group][1])
    if code in CRITERIA:
        return _("Several groups")  # of one kind: the row does not say which
    return labels.stream(None, code) if code and "," not in code else _("Several groups")


def _rule(kind: str) -> str:
    return str(NoticeKind(kind).label) if kind in NoticeKind.values else kind


def _audience(broadcast: Broadcast) -> Audience | None:
    """The audience; None where it is individuals, who are not named in a list."""
    try:
        audience = Audience.from_json(broadcast.audience) if broadcast.audience else Audience()
    except (UnknownCriterion, TypeError, ValueError):
        return None
    is_named = all(isinstance(criterion, Individuals) for criterion in audience.include)
    return None if is_named else audience
