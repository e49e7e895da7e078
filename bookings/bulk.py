"""One status for many bookings: what would happen to each, and what did."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.services import (
    OVERRIDES,
    BookingChanged,
    BookingGone,
    ReasonMissing,
    StatusNotChanged,
    TransitionNotAllowed,
    change_booking_status,
    moves_for,
    status_of,
)
from users.models import User


@dataclass(frozen=True)
class BulkRow:
    """A booking on its way to another status; ``refusal`` says in words why it does not go there."""

    booking: Booking
    was: int | None
    to: int
    refusal: str = ""
    needs_reason: bool = False

    @property
    def was_label(self) -> str:
        return label_of(self.was)

    @property
    def to_label(self) -> str:
        return label_of(self.to)

    @property
    def expected(self) -> str:
        """The status that staff see now, as a form sends it back; empty stands for NULL."""
        return "" if self.was is None else str(self.was)


def label_of(confirmed: int | None) -> str:
    """What staff read for a number of ``bookings.confirmed``."""
    status = status_of(confirmed)
    return str(_("Unknown")) if status is None else str(status.label)


def plan_bulk_change(bookings: Iterable[Booking], *, to: int, by: User) -> list[BulkRow]:
    """Say for each booking whether it may go to ``to``, and whether that needs a reason."""
    rows = []
    for booking in bookings:
        was = booking.confirmed
        move = next((move for move in moves_for(was, by=by) if move.to == to), None)
        refusal = "" if move else why_not(TransitionNotAllowed(was=was, to=to))
        rows.append(BulkRow(booking, was, to, refusal, needs_reason=bool(move and move.needs_reason)))
    return rows


def change_in_bulk(
    bookings: Iterable[Booking], *, to: int, by: User, at: datetime, reason: str, expected: dict[int, int | None]
) -> list[BulkRow]:
    """Move each booking on its own: one that is refused holds up no other.

    ``expected`` is the status of each booking that ``by`` saw on the page before.
    """
    rows = []
    for booking in bookings:
        was = expected.get(booking.pk, booking.confirmed)
        refusal = ""
        try:
            change_booking_status(booking=booking, to=to, by=by, at=at, reason=reason, expected=was)
        except StatusNotChanged as refused:
            refusal = why_not(refused)
        rows.append(BulkRow(booking, was, to, refusal))
    return rows


def why_not(refused: StatusNotChanged) -> str:
    """Say in words why a booking kept its status."""
    if isinstance(refused, BookingChanged):
        return _("Somebody else changed it meanwhile: it is “%(theirs)s” now; you wanted “%(yours)s”.") % {
            "theirs": label_of(refused.theirs),
            "yours": label_of(refused.yours),
        }
    if isinstance(refused, BookingGone):
        return _("It was deleted meanwhile.")
    if isinstance(refused, ReasonMissing):
        return _("This needs a reason.")
    if isinstance(refused, TransitionNotAllowed):
        return _why_not_allowed(refused)
    return str(refused)


def _why_not_allowed(refused: TransitionNotAllowed) -> str:
    if refused.was == refused.to:
        return _("It is “%(status)s” already.") % {"status": label_of(refused.to)}
    words = {"was": label_of(refused.was), "to": label_of(refused.to)}
    if refused.to in OVERRIDES.get(status_of(refused.was), ()):
        return _("From “%(was)s” to “%(to)s” only with the permission to override a status, and with a reason.") % words
    return _("From “%(was)s” there is no way to “%(to)s”.") % words
