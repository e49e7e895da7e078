"""What staff can do with a booking: move it to another status, by the school's rules."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import EllipsisType
from typing import Protocol

import pghistory
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, status_of
from bookings.notices import notice_of_status, queue_notice
from bookings.services.places import require_place
from hsl_dashboard.db import as_array, run_sql
from users.models import Event, User

Status = Booking.Status

# The customer's state diagram. None stands for NULL and for unrecognised numbers.
ALLOWED_MOVES: dict[Status | None, tuple[Status, ...]] = {
    Status.NEW: (Status.PENDING, Status.CONFIRMED, Status.CANCELLED),
    Status.PENDING: (Status.CONFIRMED, Status.CANCELLED),
    Status.CONFIRMED: (Status.CANCELLED,),
    Status.CANCELLED: (),
    None: (Status.PENDING, Status.CONFIRMED, Status.CANCELLED),
}
# Moves against the diagram: they need the permission and a reason.
OVERRIDES: dict[Status | None, tuple[Status, ...]] = {
    Status.CANCELLED: (Status.PENDING, Status.CONFIRMED),
    Status.CONFIRMED: (Status.PENDING,),
}
OVERRIDE_PERMISSION = "bookings.override_status"

# Staff never set "new": only the bot makes a booking.
SETTABLE = (Status.PENDING, Status.CONFIRMED, Status.CANCELLED)

# What the bot calls the statuses in the details of its events.
BOT_STATUS_NAMES: dict[int | None, str] = {
    Status.NEW: "pending",
    Status.PENDING: "payment_uploaded",
    Status.CONFIRMED: "approved",
    Status.CANCELLED: "cancelled",
}
STATUS_CHANGED = "booking_status_changed"

MAX_REASON_LENGTH = 500  # characters


class MayOverride(Protocol):
    """Anything with permissions: a member of staff, signed in or not."""

    def has_perm(self, perm: str, /) -> bool: ...


class StatusNotChanged(Exception):
    """The booking kept its status, and nothing was written."""


class TransitionNotAllowed(StatusNotChanged):
    """The school's rules do not let this booking go there, or not by this member of staff."""

    def __init__(self, *, was: int | None, to: int) -> None:
        super().__init__(f"{was} -> {to}")
        self.was, self.to = was, to


class ReasonMissing(StatusNotChanged):
    """A move against the diagram needs a reason, which the history keeps."""


class BookingChanged(StatusNotChanged):
    """Somebody else changed the booking first: ``theirs`` is its status now, ``yours`` the one asked for."""

    def __init__(self, *, theirs: int | None, yours: int) -> None:
        super().__init__(f"{theirs} instead of {yours}")
        self.theirs, self.yours = theirs, yours


class BookingGone(StatusNotChanged):
    """The booking has been deleted."""


@dataclass(frozen=True)
class Move:
    """A status that this member of staff may set, and what it requires."""

    to: Status
    needs_reason: bool
    is_final: bool  # undoing it takes the override permission

    @property
    def asks(self) -> bool:
        """Whether staff have to confirm it."""
        return self.needs_reason or self.is_final


def moves_for(confirmed: int | None, *, by: MayOverride) -> tuple[Move, ...]:
    """List the moves that ``by`` may make from a status, plain ones first."""
    was = status_of(confirmed)
    return tuple(Move(to, to in OVERRIDES.get(was, ()), _is_final(was, to, by=by)) for to in _next_statuses(was, by=by))


def change_booking_status(
    *,
    booking: Booking,
    to: int,
    by: User,
    at: datetime,
    reason: str = "",
    expected: int | EllipsisType | None = ...,
    overbook: bool = False,
    notify: bool = False,
) -> None:
    """Move a booking to another status, record who did it, and leave the event that the bot leaves.

    ``expected`` is the status that ``by`` saw when they decided; without it, the status ``booking`` was loaded with.
    ``overbook`` confirms it in a full stream, with a reason; ``notify`` queues a message to the student.

    Raises:
        TransitionNotAllowed: the move is not in ALLOWED_MOVES and ``by`` may not override it.
        ReasonMissing: the move is an override and ``reason`` is blank.
        BookingChanged: somebody else moved it first.
        BookingGone: there is no such booking any more.
        StreamFull: it would be confirmed in a full stream (bookings.services.places).
    """
    seen = booking.confirmed if isinstance(expected, EllipsisType) else expected
    require_move(was=seen, to=to, by=by, reason=reason)
    with transaction.atomic(), pghistory.context(user=by.pk, reason=reason.strip()):
        # One conditional UPDATE instead of read-then-save: two clicks cannot both win. The second waits for the
        # first one's commit, finds another status, and changes nothing.
        rows = Booking.objects.with_status(seen).filter(pk=booking.pk)
        if not rows.update(confirmed=to):
            raise _lost_against_somebody(booking, yours=to)
        event_of_status(booking, was=seen, to=to, at=at).save(force_insert=True)
        if to == Status.CONFIRMED:
            require_place(booking, overbook=overbook, reason=reason)
        if notify:
            queue_notice(booking=booking, kind=notice_of_status(to), by=by, at=at)
    booking.confirmed = to


def event_of_status(booking: Booking, *, was: int | None, to: int | None, at: datetime, undoes: bool = False) -> Event:
    """Give the event that the bot leaves when a booking gets another status; it is not saved yet."""
    return Event(
        telegram_user_id=booking.telegram_user_id,
        event_type=STATUS_CHANGED,
        details={
            "booking_id": booking.pk,
            "old_status": was,
            "new_status": to,
            "old_status_name": BOT_STATUS_NAMES.get(was, "unknown"),
            "new_status_name": BOT_STATUS_NAMES.get(to, "unknown"),
            **({"undoes": True} if undoes else {}),
        },
        created_at=at,
    )


# The same events for many bookings: what ``event_of_status`` gives for each.
WRITE_EVENTS = """
    INSERT INTO events (user_id, event_type, details, created_at)
    SELECT b.user_id, %(type)s, jsonb_build_object(
        'booking_id', b.id, 'old_status', moved.was, 'new_status', moved.became,
        'old_status_name', COALESCE(%(names)s::jsonb->>moved.was::text, 'unknown'),
        'new_status_name', COALESCE(%(names)s::jsonb->>moved.became::text, 'unknown')
    ) || %(more)s::jsonb, %(at)s
    FROM unnest(%(ids)s::integer[], %(was)s::integer[], %(became)s::integer[]) AS moved (id, was, became)
    JOIN bookings AS b USING (id)
"""


@dataclass(frozen=True)
class MovedBooking:
    """A booking that got another status."""

    booking: int
    was: int | None
    to: int | None


def write_events_of_statuses(moved: Sequence[MovedBooking], *, at: datetime, undoes: bool = False) -> None:
    """Leave the events of many bookings that got another status (one query)."""
    run_sql(
        WRITE_EVENTS,
        {
            "type": STATUS_CHANGED,
            "names": json.dumps(BOT_STATUS_NAMES),
            "more": json.dumps({"undoes": True} if undoes else {}),
            "at": at,
            "ids": as_array(move.booking for move in moved),
            "was": as_array(move.was for move in moved),
            "became": as_array(move.to for move in moved),
        },
    )


def require_move(*, was: int | None, to: int, by: User, reason: str) -> None:
    """Refuse a move that the school's rules do not allow, or that lacks its reason.

    Raises:
        TransitionNotAllowed, ReasonMissing: as they say.
    """
    move = next((move for move in moves_for(was, by=by) if move.to == to), None)
    if move is None:
        raise TransitionNotAllowed(was=was, to=to)
    if move.needs_reason and not reason.strip():
        raise ReasonMissing(_("Give a reason: it is kept in the booking's history."))


def _lost_against_somebody(booking: Booking, *, yours: int) -> StatusNotChanged:
    theirs = Booking.objects.filter(pk=booking.pk).values_list("confirmed", flat=True)
    return BookingChanged(theirs=theirs[0], yours=yours) if theirs else BookingGone()


def _is_final(was: Status | None, to: Status, *, by: MayOverride) -> bool:
    """Whether after this move ``by`` could no longer reach the present status, or one that could come next.

    Cancelling always counts: the student's message about it cannot be taken back.
    """
    here = {was} if was in SETTABLE else set()
    return to == Status.CANCELLED or bool((here | _reachable(was, by=by)) - _reachable(to, by=by) - {to})


def _reachable(was: Status | None, *, by: MayOverride) -> set[Status | None]:
    """Collect every status that ``by`` can bring a booking to, in any number of moves."""
    found: set[Status | None] = set()
    ahead: list[Status | None] = [was]
    while ahead:
        coming = set(_next_statuses(ahead.pop(), by=by)) - found
        found |= coming
        ahead += coming
    return found


def _next_statuses(was: Status | None, *, by: MayOverride) -> tuple[Status, ...]:
    return ALLOWED_MOVES[was] + (OVERRIDES.get(was, ()) if by.has_perm(OVERRIDE_PERMISSION) else ())
