"""Making a bulk change: some hundred rows at a time, by the rules of a single change, with a result for each row."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pghistory
from django.db import transaction
from django.utils.translation import gettext as _

from bookings.models import Booking, BookingChange, BulkChange, BulkRow, Stream
from bookings.notices import NoticeKind, hold_notices, notice_of_status, queue_notices
from bookings.services.bulk_undo import begin_bulk_undo, offer_bulk_undo
from bookings.services.bulk_words import why_not
from bookings.services.places import FreePlaces, StreamFull
from bookings.services.statuses import (
    BookingChanged,
    BookingGone,
    MovedBooking,
    StatusNotChanged,
    require_move,
    write_events_of_statuses,
)
from hsl_dashboard.db import among
from users.models import UndoableAct, User
from users.services import MAX_TAG_LENGTH, add_tag_to_people

# Rows of one transaction: it holds their locks for half a second, and the bot may wait for one of them so long.
BATCH = 500

Kind, State = BulkChange.Kind, BulkRow.State
Refused = dict[int, str]  # id of a row: why it was not changed


@dataclass(frozen=True)
class Terms:
    """On which terms a change is made: ``overbook`` goes beyond the places of a stream, with the reason."""

    by: User
    at: datetime
    reason: str = ""
    overbook: bool = False
    notify: bool = False

    @property
    def go_beyond_places(self) -> bool:
        return self.overbook and bool(self.reason.strip())


def make_bulk_change(*, change: BulkChange, terms: Terms) -> UndoableAct:
    """Make the change batch by batch; the rows of a batch, their results and their messages are one transaction.

    Calling it again, also after an interruption, changes only the rows that have no result yet. What it gives can be
    undone for some seconds from its end.
    """
    began = time.monotonic()
    act = begin_bulk_undo(change, by=terms.by, at=terms.at)
    BulkChange.objects.filter(pk=change.pk, reason="").update(reason=terms.reason)
    BulkChange.objects.filter(pk=change.pk, finished_at=None).update(notify=terms.notify)
    ready = list(change.rows.filter(state=State.READY).order_by("position").values_list("pk", flat=True))
    for batch in _batches(ready):
        _make_batch(batch, change, terms, until=act.expires_at)
    BulkChange.objects.filter(pk=change.pk, finished_at=None).update(finished_at=terms.at)
    offer_bulk_undo(act, ready, at=terms.at + timedelta(seconds=time.monotonic() - began))
    change.refresh_from_db()
    return act


def _batches(rows: list[int]) -> Iterator[list[int]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _make_batch(batch: list[int], change: BulkChange, terms: Terms, *, until: datetime) -> None:
    origin = {"origin": BookingChange.Origin.BULK, "bulk_change": str(change.pk)}
    with transaction.atomic(), pghistory.context(user=terms.by.pk, reason=terms.reason.strip(), **origin):
        # The claim: a second request waits here for the first one's commit, then finds the rows already done.
        claimed = BulkRow.objects.select_for_update(no_key=True).filter(pk__in=among(batch), state=State.READY)
        rows = list(claimed.order_by("position"))
        make = {Kind.STATUS: _change_statuses, Kind.STREAM: _change_streams, Kind.TAG: _add_tag}[Kind(change.kind)]
        refused = make(rows, change, terms)
        done = [row for row in rows if row.pk not in refused]
        BulkRow.objects.filter(pk__in=among(row.pk for row in done)).update(state=State.DONE)
        for note in set(refused.values()):
            same = [row for row, why in refused.items() if why == note]
            BulkRow.objects.filter(pk__in=among(same)).update(state=State.FAILED, note=note)
        told = [row.booking_id for row in done if row.booking_id]
        if terms.notify and told:
            hold_notices(bookings=told, by=terms.by, at=terms.at, until=until)


def _locked_bookings(rows: Sequence[BulkRow]) -> dict[int, Booking]:
    # In the order of their numbers, as everybody who locks many does.
    locked = Booking.objects.select_for_update(no_key=True, of=("self",)).with_person().order_by("pk")
    return {
        booking.pk: booking for booking in locked.filter(pk__in=among(row.booking_id for row in rows if row.booking_id))
    }


def _allowed(
    rows: Sequence[BulkRow], check: Callable[[BulkRow, Booking | None], Booking]
) -> tuple[list[Booking], Refused]:
    """Ask of each row whether its booking may be changed; ``check`` gives it as it will be, or raises."""
    bookings, going, refused = _locked_bookings(rows), [], {}
    for row in rows:
        try:
            going.append(check(row, bookings.get(row.booking_id or 0)))
        except StatusNotChanged as why:
            refused[row.pk] = why_not(why)
        except (_NotMoved, StreamFull) as why:
            refused[row.pk] = str(why)
    return going, refused


def _change_statuses(rows: Sequence[BulkRow], change: BulkChange, terms: Terms) -> Refused:
    to = int(change.value)
    places = FreePlaces(beyond=terms.go_beyond_places)
    moved: list[MovedBooking] = []

    def check(row: BulkRow, booking: Booking | None) -> Booking:
        require_move(was=row.seen_status, to=to, by=terms.by, reason=terms.reason)
        if booking is None:
            raise BookingGone
        if booking.confirmed != row.seen_status:
            raise BookingChanged(theirs=booking.confirmed, yours=to)
        if to == Booking.Status.CONFIRMED:
            places.take(booking.course_id, booking.course_stream, is_confirmed=True)
        moved.append(MovedBooking(booking.pk, booking.confirmed, to))
        booking.confirmed = to
        return booking

    going, refused = _allowed(rows, check)
    Booking.objects.filter(pk__in=among(booking.pk for booking in going)).update(confirmed=to)
    write_events_of_statuses(moved, at=terms.at)
    _tell(going, notice_of_status(to), terms)
    return refused


class _NotMoved(Exception):
    """A booking stays in its stream; the sentence says why."""


def _change_streams(rows: Sequence[BulkRow], change: BulkChange, terms: Terms) -> Refused:
    to = change.value
    described = set[int | None](Stream.objects.filter(code=to).values_list("course_id", flat=True))
    if described:
        described.add(None)  # a booking without a course may have any described code
    places = FreePlaces(beyond=terms.go_beyond_places)

    def check(row: BulkRow, booking: Booking | None) -> Booking:
        if booking is None:
            raise BookingGone
        now = booking.course_stream or ""
        if now != (row.seen_stream or ""):
            raise _NotMoved(_("Somebody else has just changed it."))
        if now == to:
            raise _NotMoved(_("The person is already in this stream"))
        if to and booking.course_id not in described:
            raise _NotMoved(_("This course has no described stream with this code."))
        if booking.is_active:
            places.take(booking.course_id, to, is_confirmed=booking.status == Booking.Status.CONFIRMED)
        booking.course_stream = to or None
        return booking

    going, refused = _allowed(rows, check)
    Booking.objects.filter(pk__in=among(booking.pk for booking in going)).update(course_stream=to or None)
    _tell(going, NoticeKind.MOVED, terms)
    return refused


def _tell(bookings: Sequence[Booking], kind: NoticeKind, terms: Terms) -> None:
    if terms.notify:
        queue_notices(bookings=bookings, kind=kind, by=terms.by, at=terms.at)


def _add_tag(rows: Sequence[BulkRow], change: BulkChange, terms: Terms) -> Refused:
    people = {row.telegram_user_id: row.pk for row in rows if row.telegram_user_id}
    refused = add_tag_to_people(people=list(people), name=change.value[:MAX_TAG_LENGTH], by=terms.by)
    return {people[person]: why for person, why in refused.items()}
