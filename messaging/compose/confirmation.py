"""The numbers on the last page before sending: recipients, exclusions with their reasons, duration."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from messaging.audiences.counts import at_most
from messaging.audiences.criteria import Audience, AudienceCount, count_audience, count_of
from messaging.content.content import Content
from messaging.content.lengths import find_too_long, room_for_values
from messaging.content.placeholders import FROM_BOOKING, StreamCode, find_missing, placeholders
from messaging.content.scanning import Scan, TextNeeds, scan_people
from messaging.models import Recipient
from messaging.quiet_hours import NIGHT, is_quiet, quiet_sentence
from users.models import TelegramUser

TYPED_ABOVE = 100  # recipients; above this one types the number
LARGE = 100_000  # people
SAMPLE = 6  # people shown
OF_A_GROUP = 500  # people of each group among whom those are looked for
LOOKED_AT = 60  # people among whom one without a name is looked for


@dataclass(frozen=True)
class Timing:
    """When it begins, for the form; how long it takes is counted on the last page."""

    starts_at: datetime
    is_scheduled: bool

    @classmethod
    def of(cls, content: Content, *, at: datetime) -> "Timing":
        return cls(content.starts_at or at, content.starts_at is not None)

    @property
    def is_quiet(self) -> bool:
        return is_quiet(self.starts_at)

    @property
    def quiet_sentence(self) -> str:
        return quiet_sentence(is_scheduled=self.is_scheduled)


@dataclass(frozen=True)
class Summary(Timing):
    """A message and its people, as they are at this moment."""

    count: AudienceCount
    without_value: int  # of those who would get it: a placeholder has no value
    too_long: tuple[int, ...] = ()  # ids of those whose own values make the message too long for Telegram

    @property
    def recipients(self) -> int:
        """How many get it."""
        return self.count.sent_to - self.without_value

    @property
    def reasons(self) -> dict[str, int]:
        """Codes of why people are left out, and how many."""
        reasons = dict(self.count.skipped)
        if self.without_value:
            reasons[Recipient.Reason.NO_VALUE] = self.without_value
        return reasons

    @property
    def skipped(self) -> list[tuple[str, int]]:
        """Why people are left out, in words, and how many."""
        return [(str(Recipient.Reason(reason).label), people) for reason, people in self.reasons.items()]

    @property
    def left_out(self) -> int:
        return sum(people for _reason, people in self.skipped)

    @property
    def duration(self) -> timedelta:
        """How long it takes at the rate that all messages share."""
        return timedelta(seconds=self.recipients / settings.TELEGRAM_MESSAGES_PER_SECOND)

    @property
    def seconds(self) -> int:
        return max(1, round(self.duration.total_seconds()))

    @property
    def minutes(self) -> int:
        return round(self.duration.total_seconds() / 60)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + self.duration

    @property
    def is_quiet(self) -> bool:
        """Whether any of it would arrive in the quiet hours."""
        return is_quiet(self.starts_at, until=self.ends_at)

    @property
    def night(self) -> dict[str, str]:
        """The quiet hours, for the button that waits for their end."""
        return NIGHT

    @property
    def number_is_typed(self) -> bool:
        return self.recipients > TYPED_ABOVE


@dataclass(frozen=True)
class Change:
    """A number that has changed since it was shown."""

    what: str
    before: int
    after: int


def changes_since(summary: Summary, *, recipients: int, reasons: dict[str, int]) -> list[Change]:
    """Compare with the numbers that were shown before."""
    left_out = (
        Change(str(reason.label), reasons.get(reason, 0), summary.reasons.get(reason, 0)) for reason in Recipient.Reason
    )
    found = (Change(_("Will receive it"), recipients, summary.recipients), *left_out)
    return [change for change in found if change.before != change.after]


def summarise(content: Content, *, at: datetime, lengths: bool = False) -> Summary:
    """Count the recipients at this moment; with ``lengths`` list for whom the message is too long, too."""
    audience, text = content.question, content.text
    without_fallback = frozenset(found.name for found in placeholders(text) if found.known and found.fallback is None)
    used, room = (room_for_values(text, kind=content.kind) if lengths else None) or ({}, 0)
    # Behind an «&» letters may make a reference, «&lt»: then their number does not say how long it is.
    needs = TextNeeds(without_fallback, used, room, by_value="&" in text)
    people, streams = audience.people(at=at), audience.streams
    scan = scan_people(people, needs, streams=streams, one_of=audience.one_of_streams) if needs.names else Scan()
    return Summary(
        count=count_of(audience, scan.reasons) if needs.names else count_audience(audience, at=at),
        without_value=_count_without_value(text, scan, streams=audience.streams),
        starts_at=content.starts_at or at,
        is_scheduled=content.starts_at is not None,
        too_long=find_too_long(text, scan.long, kind=content.kind),
    )


def _count_without_value(text: str, scan: Scan, *, streams: Iterable[StreamCode]) -> int:
    """Count those whom a missing value leaves out; only those who may lack a name are read."""
    missing = find_missing(text, scan.doubtful, streams=streams)
    by_booking = {person for found in missing if found.name in FROM_BOOKING for person in found.people}
    by_name = {person for found in missing if found.name not in FROM_BOOKING for person in found.people}
    return scan.lacking + len(by_name - by_booking)  # the others are counted already


def is_large(audience: Audience, *, at: datetime) -> bool:
    """Whether so many are in it that counting them exactly takes longer than a page may."""
    most = at_most(audience)
    return (most is None or most > LARGE) and audience.people(at=at)[: LARGE + 1].count() > LARGE


def sample_of(audience: Audience, *, at: datetime) -> list[TelegramUser]:
    """Some of the recipients; the last one has no name, if there is such a person, to show the fallbacks."""
    # Of a few of each group: to search a large audience for somebody without a name would be to read it.
    some, everybody = (audience.reached(at=at, most=most).order_by("-pk")[:LOOKED_AT] for most in (OF_A_GROUP, None))
    # A few may all be left out, for the hours since the last message perhaps.
    people = list(some) or list(everybody)
    nameless = [person for person in people if not person.first_name][:1]
    named = [person for person in people if person not in nameless]
    return [*named[: SAMPLE - len(nameless)], *nameless]
