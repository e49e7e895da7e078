"""Bulk changes of bookings or people: choosing, preparing and previewing them; ``bulk_making`` makes them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from bookings.models import Booking, BulkChange, BulkRow, Stream, status_of
from bookings.notices import notice_text
from bookings.services.bulk_words import planned_move
from bookings.services.editing import (
    Values,
    described_codes,
    future,
    notice_kind,
)
from hsl_dashboard.db import among
from hsl_dashboard.web.mentions import read_mention, split_mentions
from users.models import PersonTag, TelegramUser, User
from users.services import MAX_TAGS

# Rows: some seconds in one request. Who needs more narrows the list and goes on with the rest.
AT_ONCE = 5_000
MAX_PASTED = 200_000  # characters: so many @names

Kind, State = BulkChange.Kind, BulkRow.State
StreamKey = tuple[int | None, str]  # course id, code


class TooMany(Exception):
    """More rows than one change may have; ``found`` of them."""

    def __init__(self, found: int) -> None:
        super().__init__(found)
        self.found = found


@dataclass(frozen=True)
class Target:
    """What a change is for: a booking, a person, or a pasted word that matches nobody; ``problem`` says why."""

    person: TelegramUser | None = None
    booking: Booking | None = None
    typed: str = ""
    problem: str = ""


# Targets --------------------------------------------------------------------------------------------------------------


def targets_of_bookings(bookings: Iterable[Booking]) -> list[Target]:
    return [Target(booking.telegram_user, booking) for booking in bookings]


def targets_of_people(people: Iterable[TelegramUser]) -> list[Target]:
    """Pair each person with their latest active booking, which a change of status or stream applies to."""
    people = list(people)
    latest: dict[int, Booking] = {}
    theirs = Booking.objects.active().filter(telegram_user__in=among(person.pk for person in people))
    for booking in theirs.with_person().newest_first():
        latest.setdefault(booking.telegram_user_id, booking)
    return [Target(person, latest.get(person.pk)) for person in people]


def targets_of_pasted(text: str) -> list[Target]:
    """Read a mix of @names, t.me links and ids; duplicates and unknown people get a problem in words.

    Raises:
        TooMany: more than AT_ONCE words.
    """
    words = list(split_mentions(text[:MAX_PASTED]))
    if len(words) > AT_ONCE:
        raise TooMany(len(words))
    mentions = {word: read_mention(word) for word in words}
    names = {word: mention.possible_username.lower() for word, mention in mentions.items()}
    by_id = TelegramUser.objects.in_bulk({mention.user_id for mention in mentions.values() if mention.user_id})
    by_name: dict[str, list[TelegramUser]] = {}
    named = TelegramUser.objects.alias(plain=Lower("username")).filter(plain__in=set(names.values()) - {""})
    for person in named.order_by("user_id"):
        by_name.setdefault((person.username or "").lower(), []).append(person)
    found = {
        word: [by_id[mention.user_id]] if mention.user_id in by_id else by_name.get(names[word], [])
        for word, mention in mentions.items()
    }
    with_bookings = {
        t.person.pk: t for t in targets_of_people({p.pk: p for ps in found.values() for p in ps}.values()) if t.person
    }
    targets, seen = [], set()
    for word in words:
        people = found[word]
        if not people:
            targets.append(Target(typed=word, problem=_("No such person.")))
        elif len(people) > 1:
            targets.append(Target(typed=word, problem=_("Several people have this @username: enter the id instead.")))
        elif people[0].pk in seen:
            targets.append(Target(people[0], typed=word, problem=_("Named twice: counted once.")))
        else:
            seen.add(people[0].pk)
            known = with_bookings[people[0].pk]
            targets.append(Target(known.person, known.booking, word))
    return targets


# Prepare --------------------------------------------------------------------------------------------------------------


def prepare_bulk_change(
    *, kind: str, value: str, targets: Sequence[Target], by: User, at: datetime, next_address: str = ""
) -> BulkChange:
    """Store what would happen to each target; nothing is changed yet.

    Raises:
        TooMany: more than AT_ONCE targets.
    """
    if len(targets) > AT_ONCE:
        raise TooMany(len(targets))
    change = BulkChange(kind=kind, value=value, made_by=by, prepared_at=at, next=next_address)
    plan = {Kind.STATUS: _plan_status, Kind.STREAM: _plan_stream, Kind.TAG: _plan_tag}[Kind(kind)]
    planned = plan(change, targets, by)
    with transaction.atomic():
        change.save(force_insert=True)
        BulkRow.objects.bulk_create(planned)
    return change


def _row(change: BulkChange, position: int, target: Target, problem: str, *, needs_reason: bool = False) -> BulkRow:
    booking = target.booking if change.kind != Kind.TAG else None
    problem = target.problem or problem
    return BulkRow(
        change=change,
        position=position,
        telegram_user=target.person,
        booking=booking,
        typed=target.typed,
        seen_status=booking.confirmed if booking else None,
        seen_stream=booking.course_stream if booking else None,
        needs_reason=needs_reason and not problem,
        state=State.REFUSED if problem else State.READY,
        note=problem,
    )


def _plan_status(change: BulkChange, targets: Sequence[Target], by: User) -> list[BulkRow]:
    rows = []
    for position, target in enumerate(targets):
        if target.booking is None:
            rows.append(_row(change, position, target, _("The person has no active bookings")))
        else:
            refusal, needs_reason = planned_move(target.booking, to=int(change.value), by=by)
            rows.append(_row(change, position, target, refusal, needs_reason=needs_reason))
    return rows


def _plan_stream(change: BulkChange, targets: Sequence[Target], by: User) -> list[BulkRow]:
    known = {course: described_codes(course) for course in {t.booking.course_id for t in targets if t.booking}}
    rows = []
    for position, target in enumerate(targets):
        if target.booking is None:
            problem = _("The person has no active bookings")
        elif (target.booking.course_stream or "") == change.value:
            problem = _("The person is already in this stream")
        elif change.value and change.value not in known[target.booking.course_id]:
            problem = _("This course has no described stream with this code.")
        else:
            problem = ""
        rows.append(_row(change, position, target, problem))
    return rows


def _plan_tag(change: BulkChange, targets: Sequence[Target], by: User) -> list[BulkRow]:
    people = [target.person.pk for target in targets if target.person]
    tags: dict[int, set[str]] = {}
    names = PersonTag.objects.filter(telegram_user__in=people).values_list("telegram_user_id", "tag__name")
    for user_id, name in names:
        tags.setdefault(user_id, set()).add(name.lower())
    rows, seen = [], set()
    for position, target in enumerate(targets):
        mine = tags.get(target.person.pk, set()) if target.person else set()
        problem = ""
        if target.person and target.person.pk in seen:
            problem = _("Named twice: counted once.")
        elif change.value.lower() in mine:
            problem = _("The person already has this tag.")
        elif len(mine) >= MAX_TAGS:
            problem = _("A person can have at most %(limit)s tags.") % {"limit": MAX_TAGS}
        if target.person:
            seen.add(target.person.pk)
        rows.append(_row(change, position, target, problem))
    return rows


def overbooking_of(change: BulkChange) -> list[tuple[Stream, int]]:
    """List the streams that the change would overbook, with their future number of confirmed bookings."""
    if change.finished_at:
        return []
    confirmed: Counter[StreamKey] = Counter()
    unpaid: Counter[StreamKey] = Counter()
    for key, takes_a_place in _arrivals(change):
        (confirmed if takes_a_place else unpaid)[key] += 1
    result = []
    courses = {course_id for course_id, _code in (*confirmed, *unpaid)}
    for stream in Stream.objects.exclude(capacity=None).filter(course__in=courses).in_order():
        key, places = (stream.course_id, stream.code), stream.capacity or 0
        if confirmed[key] or unpaid[key]:
            will_be = Booking.objects.for_stream(stream).confirmed().count() + confirmed[key]
            # Who has not paid takes no place, and needs a free one to come in: the guard of a single booking.
            if will_be > places or (unpaid[key] and will_be >= places):
                result.append((stream, will_be))
    return result


def _arrivals(change: BulkChange) -> Iterator[tuple[StreamKey, bool]]:
    """Yield the stream into which each row would come, and whether it takes a place there."""
    ready = change.rows.filter(state=State.READY)
    if change.kind == Kind.STATUS and change.value == str(int(Booking.Status.CONFIRMED)):
        for course_id, code in ready.values_list("booking__course_id", "booking__course_stream"):
            yield (course_id, code or ""), True
    if change.kind == Kind.STREAM and change.value:
        for course_id, confirmed in ready.values_list("booking__course_id", "booking__confirmed"):
            if confirmed != Booking.Status.CANCELLED:
                yield (course_id, change.value), confirmed == Booking.Status.CONFIRMED


# In words ------------------------------------------------------------------------------------------------------------


def values_after(change: BulkChange, now: Values) -> Values:
    """Give the values of a booking after the change."""
    if change.kind == Kind.STATUS:
        return replace(now, confirmed=int(change.value))
    return replace(now, course_stream=change.value or None)


def first_notice(change: BulkChange) -> str:
    """Write the message to the first student; empty if the change sends none."""
    rows = change.rows.select_related("booking__telegram_user").filter(state=State.READY)
    booking = next((row.booking for row in rows[:1]), None)
    if booking is None or change.kind == Kind.TAG:
        return ""
    now = Values.of(booking)
    to = values_after(change, now)
    return notice_text(booking=future(booking, to), kind=notice_kind(to.differs(now), to))


def value_label(change: BulkChange) -> str:
    """Name the value of a change for staff."""
    if change.kind == Kind.STATUS:
        status = status_of(int(change.value))
        return str(status.label) if status is not None else change.value
    if change.kind == Kind.STREAM:
        return described_codes(None).get(change.value, change.value) or _("No stream")
    return change.value
