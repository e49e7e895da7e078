"""Undoing a bulk change: all rows at once, but those that somebody has changed since."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.labels import NOTHING, Labels
from bookings.models import Booking, BookingChange, BulkChange, BulkRow, Stream, status_label
from bookings.notices import hold_notices
from bookings.services.places import StreamFull
from bookings.services.statuses import MovedBooking, write_events_of_statuses
from bookings.services.undoing import BULK, withdraw_queued
from hsl_dashboard.db import among, as_array, run_sql
from users.models import PersonTag, UndoableAct, User
from users.undo.services import WINDOW, UndoKind, UndoRefused, offer_undo

# A bulk change that is being made: what it queues waits no longer than this, should its process die.
AT_WORK = timedelta(minutes=10)
NAMED = 5  # rows that were changed since, in the sentence

Kind, State = BulkChange.Kind, BulkRow.State


def begin_bulk_undo(change: BulkChange, *, by: User, at: datetime) -> UndoableAct:
    """Remember a bulk change before its first row: its messages and the rules wait from then on."""
    return offer_undo(kind=BULK, by=by, at=at, done={"change": str(change.pk), "rows": []}, window=AT_WORK)


def offer_bulk_undo(act: UndoableAct, rows: Iterable[int], *, at: datetime) -> None:
    """Begin the window when the last row is made: ``rows`` are those that this act changed."""
    changed = list(BulkRow.objects.filter(pk__in=among(rows), state=State.DONE).values_list("pk", "booking_id"))
    bookings = [booking for _row, booking in changed if booking]
    last = _last_changes(bookings)
    act.done["rows"] = [{"row": row, "booking": booking, "change": last.get(booking)} for row, booking in changed]
    act.expires_at = at + WINDOW
    act.save(update_fields=["done", "expires_at"])
    hold_notices(bookings=bookings, by=act.done_by, at=act.done_at, until=act.expires_at)


def _last_changes(bookings: Iterable[int]) -> dict[int | None, int]:
    rows = BookingChange.objects.filter(booking__in=among(bookings)).values("booking").annotate(last=Max("pk"))
    return dict(rows.values_list("booking_id", "last"))


@dataclass(frozen=True)
class _Row:
    """A row that the act changed: whose it is, what it held before, and the record of its change."""

    pk: int
    telegram_user: int | None
    booking: int | None
    was_status: int | None
    was_stream: str | None
    change: int | None


@dataclass(frozen=True)
class _Now:
    """What a booking holds now, under its lock."""

    confirmed: int | None
    course: int | None
    stream: str | None


@dataclass(frozen=True)
class _Theirs:
    """A booking that somebody changed after the bulk change: it stays as they left it."""

    booking: int
    ours: str
    theirs: str


def undo_bulk(act: UndoableAct, by: User, at: datetime) -> str:
    """Give each row what it had, in the transaction of ``undo_act``."""
    change = BulkChange.objects.get(pk=act.done["change"])
    rows = _rows_of(act)
    if not rows:
        raise UndoRefused(_("Nothing was changed: there is nothing to undo."))
    if change.kind == Kind.TAG:
        people = [row.telegram_user for row in rows if row.telegram_user]
        PersonTag.objects.filter(telegram_user__in=among(people), tag__name__iexact=change.value).delete()
        undone, theirs = rows, list[_Theirs]()
    else:
        undone, theirs = _undo_bookings(change, act, rows, at=at)
    BulkRow.objects.filter(pk__in=among(row.pk for row in undone)).update(state=State.UNDONE)
    return _in_words(undone, theirs)


def _rows_of(act: UndoableAct) -> list[_Row]:
    known = {row["row"]: row["change"] for row in act.done["rows"]}
    rows = BulkRow.objects.filter(pk__in=among(known)).order_by("position")
    values = rows.values_list("pk", "telegram_user_id", "booking_id", "seen_status", "seen_stream")
    return [_Row(*row, change=known[row[0]]) for row in values]


def _undo_bookings(
    change: BulkChange, act: UndoableAct, rows: list[_Row], *, at: datetime
) -> tuple[list[_Row], list[_Theirs]]:
    numbers = [row.booking for row in rows if row.booking]
    # In the order of their numbers, as everybody who locks many does.
    locked = Booking.objects.select_for_update(no_key=True).order_by("pk").filter(pk__in=among(numbers))
    values = locked.values_list("pk", "confirmed", "course_id", "course_stream")
    bookings = {pk: _Now(confirmed, course, stream) for pk, confirmed, course, stream in values}
    last = _last_changes(numbers)
    undone, changed = list[_Row](), list[_Row]()
    for row in rows:
        now = bookings.get(row.booking or 0)
        as_left = now is not None and last.get(row.booking) == row.change and _holds(change, now)
        (undone if as_left else changed).append(row)
    labels = Labels.read()
    theirs = [_theirs_of(change, row, bookings.get(row.booking or 0), labels) for row in changed]
    if not undone:
        raise UndoRefused(_in_words([], theirs))
    mine = [row.booking for row in undone if row.booking]
    withdraw_queued(mine, act)
    _write_back(change, undone)
    if change.kind == Kind.STATUS:
        _void(undone, mine, was=int(change.value), at=at)
    _require_places(mine, since=act.done_at)
    return undone, theirs


def _holds(change: BulkChange, now: _Now) -> bool:
    return change.value == (str(now.confirmed) if change.kind == Kind.STATUS else now.stream or "")


def _theirs_of(change: BulkChange, row: _Row, now: _Now | None, labels: Labels) -> _Theirs:
    if change.kind == Kind.STATUS:
        ours, theirs = status_label(int(change.value)), status_label(now.confirmed) if now else NOTHING
    else:
        course = now.course if now else None
        ours, theirs = labels.stream(course, change.value), labels.stream(course, now.stream if now else None)
    return _Theirs(row.booking or 0, ours, theirs)


def _write_back(change: BulkChange, rows: list[_Row]) -> None:
    """Write what each booking held before, by one statement; its triggers see every row."""
    column, seen = ("confirmed", "seen_status") if change.kind == Kind.STATUS else ("course_stream", "seen_stream")
    run_sql(
        f"UPDATE bookings SET {column} = r.{seen} FROM bookings_bulkrow AS r"  # noqa: S608 - columns of ours
        " WHERE r.id = ANY (%s::bigint[]) AND bookings.id = r.booking_id",
        [as_array(row.pk for row in rows)],
    )


def _void(rows: list[_Row], mine: list[int], *, was: int, at: datetime) -> None:
    """Leave the bot's events, and let the changes with what took them back count for nothing."""
    moved = [MovedBooking(row.booking, was, row.was_status) for row in rows if row.booking]
    write_events_of_statuses(moved, at=at, undoes=True)
    ours = [row.change for row in rows if row.change]
    both = Q(pk__in=among(ours)) | Q(pk__gt=max(ours, default=0))
    BookingChange.objects.filter(both, booking__in=among(mine)).update(undone_at=at)


def _require_places(mine: list[int], *, since: datetime) -> None:
    """Refuse to come back into a stream that others have filled meanwhile."""
    back = Booking.objects.filter(pk__in=among(mine)).confirmed().exclude(course_stream=None)
    coming = Counter(back.values_list("course_id", "course_stream"))
    for stream in Stream.objects.exclude(capacity=None).filter(code__in={code for _course, code in coming}):
        if (stream.course_id, stream.code) in coming:
            for taken in _overfilled(stream, mine, since=since):
                raise StreamTaken(StreamFull(stream=stream, taken=taken))


def _overfilled(stream: Stream, mine: list[int], *, since: datetime) -> Iterator[int]:
    confirmed = Booking.objects.for_stream(stream).confirmed()
    taken = confirmed.count()
    came = BookingChange.objects.filter(changed_at__gte=since, status=Booking.Status.CONFIRMED, undone_at=None)
    if taken > (stream.capacity or 0) and confirmed.exclude(pk__in=among(mine)).filter(changes__in=came).exists():
        yield taken


class StreamTaken(UndoRefused):
    """Others have taken the places meanwhile."""

    def __init__(self, full: StreamFull) -> None:
        super().__init__(str(full))


def _in_words(undone: list[_Row], theirs: list[_Theirs]) -> str:
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
