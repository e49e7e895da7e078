"""Broadcasts and recipients as the pages show them: names instead of codes, and what one may read."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _

from bookings.labels import Labels
from messaging.audiences import Audience, InStream, UnknownCriterion
from messaging.history import staff_name
from messaging.markup import Problem, parse_html
from messaging.models import Broadcast
from messaging.preview import render
from messaging.privacy import GROUP, may_read
from messaging.reasons import describe
from messaging.statistics import Numbers, numbers_of
from users.models import User

SNIPPET = 100  # characters: what the previous dashboard showed

State = Broadcast.State


@dataclass(frozen=True)
class BroadcastRow:
    """A broadcast in a list or on its own page."""

    broadcast: Broadcast
    numbers: Numbers
    audience: str
    readable: bool

    @property
    def key(self) -> str:
        return str(self.broadcast.pk)

    @property
    def author(self) -> str:
        return staff_name(self.broadcast.created_by)

    @cached_property
    def snippet(self) -> str:
        """The first words without their tags; a text that Telegram would refuse stands as it was written."""
        parsed = parse_html(self.broadcast.message_text)
        text = self.broadcast.message_text if parsed.problems else parsed.text
        words = " ".join(text.split())
        return words if len(words) <= SNIPPET else f"{words[: SNIPPET - 1]}…"

    @property
    def problems(self) -> tuple[Problem, ...]:
        return parse_html(self.broadcast.message_text).problems

    @property
    def state_reason(self) -> str:
        return describe(self.broadcast.state_reason)

    @property
    def is_running(self) -> bool:
        return self.broadcast.state == State.SENDING

    @property
    def is_over(self) -> bool:
        return self.broadcast.state in {State.FINISHED, State.CANCELLED}

    @property
    def is_to_come(self) -> bool:
        return self.broadcast.state in {State.DRAFT, State.SCHEDULED, State.HELD}


def broadcast_rows(broadcasts: Iterable[Broadcast], *, labels: Labels, by: User) -> list[BroadcastRow]:
    """Prepare broadcasts for a list: one query for all their numbers."""
    broadcasts = list(broadcasts)
    numbers = numbers_of(broadcasts)
    return [BroadcastRow(one, numbers[one.pk], audience_words(one, labels), may_read(one, by)) for one in broadcasts]


def audience_words(broadcast: Broadcast, labels: Labels) -> str:
    """Whom it is for, in a few words."""
    streams = _streams(broadcast, labels)
    if streams:
        return ", ".join(streams)
    if broadcast.recipient_type != GROUP:
        return _("Individually")
    group = broadcast.recipient_group or ""
    return labels.stream(None, group) if group and "," not in group else _("Several groups")


def _streams(broadcast: Broadcast, labels: Labels) -> list[str]:
    """The streams, where the question names nothing but streams."""
    try:
        audience = Audience.from_json(broadcast.audience) if broadcast.audience else Audience()
    except (UnknownCriterion, TypeError, ValueError):
        return []
    if not all(isinstance(one, InStream) for one in audience.include):
        return []
    return list(dict.fromkeys(labels.stream(course, code) for course, code in audience.streams))


def shown_text(broadcast: Broadcast) -> str:
    """The text as it arrives; as it was written where Telegram would refuse it."""
    parsed = parse_html(broadcast.message_text)
    return broadcast.message_text if parsed.problems else render(parsed)
