"""Undoing a bulk change: all rows at once, but those that somebody has changed since."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.labels import NOTHING, Labels
from bookings.models import Booking, BookingChange, BulkChange, BulkRow, Stream, status_label
from bookings.notices import hold_notices, take_back_notices
from bookings.services.places import StreamFull
from bookings.services.statuses import event_of_status
from bookings.services.undoing import BULK
from users.models import Event, PersonTag, UndoableAct, User
from users.undo.services import WINDOW, UndoKind, UndoRefused, UndoTooLate, offer_undo

# A bulk change that is being made: what it queues waits no longer than this, should its process die.
AT_WORK = timedelta(minutes=10)
NAMED = 5  # rows that were changed since, in the sentence

Kind, State = BulkChange.Kind, BulkRow.State


def begin_bulk_undo(change: BulkChange, *, by: User, at: datetime) -> UndoableAct:
    """Remember a bulk change before its first row: its messages and the rules wait from then on."""
    return offer_undo(kind=BULK, by=by, at=at, done={"change": str(change.pk), "rows": []}, window=AT_WORK)


def offer_bulk_undo(act: UndoableAct, rows: Iterable[int], *, at: datetime) -> None:
    """Begin the window when the last row is made: ``rows`` are those that this act changed."""
    changed = list(BulkRow.objects.filter(pk__in=rows, state=State.DONE).values("pk", "booking_id"))
    bookings = [row["booking_id"] for row in changed if row["booking_id"]]
    last = _last_changes(bookings)
    act.done["rows"] = [
        {"row": row["pk"], "booking": row["booking_id"], "change": last.get(row["booking_id"])} for row in changed
    ]
    act.expires_at = at + WINDOW
    act.save(update_fields=["done", "expires_at"])
    hold_notices(bookings=bookings, by=act.done_by, at=act.done_at, until=act.expires_at)


def _last_changes(bookings: Iterable[int]) -> dict[int | None, int]:
    rows = BookingChange.objects.filter(booking__in=bookings).values("booking").annotate(last=Max("pk"))
    return dict(rows.values_list("booking_id", "last"))


def undo_bulk(act: UndoableAct, by: User, at: datetime) -> str:
    """Give each row what it had, in the transaction of ``undo_act``."""
    change = BulkChange.objects.get(pk=act.done["change"])
    known = {row["row"]: row["change"] for row in act.done["rows"]}
    rows = list(BulkRow.objects.filter(pk__in=known).order_by("position"))
    if not rows:
        raise UndoRefused(_("Nothing was changed: there is nothing to undo."))
    if change.kind == Kind.TAG:
        people = [row.telegram_user_id for row in rows]
        PersonTag.objects.filter(telegram_user__in=people, tag__name__iexact=change.value).delete()
        undone: list[BulkRow] = rows
        theirs: list[_Theirs] = []
    else:
        undone, theirs = _undo_bookings(change, act, rows, known, at=at)
    BulkRow.objects.filter(pk__in=[row.pk for row in undone]).update(state=State.UNDONE)
    return _in_words(undone, theirs)


@dataclass(frozen=True)
class _Theirs:
    """A booking that somebody changed after the bulk change: it stays as they left it."""

    booking: int
    ours: str
    theirs: str


def _undo_bookings(
    change: BulkChange, act: UndoableAct, rows: list[BulkRow], known: dict[int, int | None], *, at: datetime
) -> tuple[list[BulkRow], list[_Theirs]]:
    numbers = sorted({row.booking_id for row in rows if row.booking_id})
    # In the order of their numbers, as everybody who locks many does.
    locked = Booking.objects.select_for_update(no_key=True).order_by("pk").filter(pk__in=numbers)
    bookings = {booking.pk: booking for booking in locked}
    last, labels = _last_changes(numbers), Labels.read()
    undone, theirs = [], []
    for row in rows:
        booking = bookings.get(row.booking_id or 0)
        if booking is None or last.get(booking.pk) != known[row.pk] or not _is_as_left(change, booking):
            theirs.append(_theirs_of(change, row, booking, labels))
        else:
            undone.append(row)
    if not undone:
        raise UndoRefused(_in_words([], theirs))
    mine = [row.booking_id for row in undone if row.booking_id]
    if not take_back_notices(bookings=mine, by=act.done_by, at=act.done_at):
        raise UndoTooLate
    if change.kind == Kind.STATUS:
        _write_statuses(change, undone, bookings, known, at=at)
    else:
        _write("course_stream", "text", [(row.booking_id, row.seen_stream) for row in undone])
    _require_places(mine, since=act.done_at)
    return undone, theirs


def _is_as_left(change: BulkChange, booking: Booking) -> bool:
    left = str(booking.confirmed) if change.kind == Kind.STATUS else booking.course_stream or ""
    return left == change.value


def _theirs_of(change: BulkChange, row: BulkRow, booking: Booking | None, labels: Labels) -> _Theirs:
    if change.kind == Kind.STATUS:
        ours, theirs = status_label(int(change.value)), status_label(booking.confirmed) if booking else NOTHING
    else:
        course = booking.course_id if booking else None
        ours, theirs = (
            labels.stream(course, change.value),
            labels.stream(course, booking.course_stream if booking else None),
        )
    return _Theirs(row.booking_id or 0, ours, theirs)


def _write_statuses(
    change: BulkChange,
    rows: list[BulkRow],
    bookings: dict[int, Booking],
    known: dict[int, int | None],
    *,
    at: datetime,
) -> None:
    newest = max((known[row.pk] or 0 for row in rows), default=0)
    _write("confirmed", "integer", [(row.booking_id, row.seen_status) for row in rows])
    mine = {row.booking_id for row in rows}
    events = [
        event_of_status(bookings[row.booking_id or 0], was=int(change.value), to=row.seen_status, at=at, undoes=True)
        for row in rows
    ]
    Event.objects.bulk_create(events)
    back = BookingChange.objects.filter(booking__in=mine, pk__gt=newest)
    both = [*back.values_list("pk", flat=True), *(number for row in rows if (number := known[row.pk]))]
    BookingChange.objects.filter(pk__in=both).update(undone_at=at)


def _write(column: str, kind: str, values: list[tuple[int | None, object]]) -> None:
    """Write a value into each booking by one statement; its triggers see every row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE bookings SET {column} = v.value FROM unnest(%s::integer[], %s::{kind}[]) AS v(id, value)"  # noqa: S608 - a column of ours
            " WHERE bookings.id = v.id",
            [*map(list, zip(*values, strict=True))],
        )


def _require_places(mine: list[int], *, since: datetime) -> None:
    """Refuse to come back into a stream that others have filled meanwhile."""
    back = Booking.objects.filter(pk__in=mine).confirmed().exclude(course_stream=None)
    coming = Counter(back.values_list("course_id", "course_stream"))
    for stream in Stream.objects.exclude(capacity=None).filter(code__in={code for _course, code in coming}):
        if (stream.course_id, stream.code) in coming:
            for taken in _overfilled(stream, mine, since=since):
                raise StreamTaken(StreamFull(stream=stream, taken=taken))


def _overfilled(stream: Stream, mine: list[int], *, since: datetime) -> Iterator[int]:
    confirmed = Booking.objects.for_stream(stream).confirmed()
    taken = confirmed.count()
    came = BookingChange.objects.filter(changed_at__gte=since, status=Booking.Status.CONFIRMED, undone_at=None)
    if taken > (stream.capacity or 0) and confirmed.exclude(pk__in=mine).filter(changes__in=came).exists():
        yield taken


class StreamTaken(UndoRefused):
    """Others have taken the places meanwhile."""

    def __init__(self, full: StreamFull) -> None:
        super().__init__(str(full))


def _in_words(undone: list[BulkRow], theirs: list[_Theirs]) -> str:
    words = []
    if undone:
        said = ngettext("Undone: %(count)d row is as it was.", "Undone: %(count)d rows are as they were.", len(undone))
        words.append(said % {"count": len(undone)})
    if theirs:
        not_undone = ngettext(
            "Not undone, because changed since: %(count)d row.",
            "Not undone, because changed since: %(count)d rows.",
            len(theirs),
        )
        words.append(not_undone % {"count": len(theirs)})
        each = _("№ %(number)s: “%(ours)s” is now “%(theirs)s”.")
        words += [each % {"number": row.booking, "ours": row.ours, "theirs": row.theirs} for row in theirs[:NAMED]]
    return " ".join(words)


# Its rows may be bookings or people: what staff may not change, they could not have changed.
UNDO_BULK = UndoKind(BULK, "bookings.view_booking", undo_bulk)
