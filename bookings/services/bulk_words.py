"""Words for a change of a booking's status: what would happen, and why it does not."""

from django.utils.translation import gettext as _

from bookings.models import Booking, status_label, status_of
from bookings.services.statuses import (
    OVERRIDES,
    BookingChanged,
    BookingGone,
    ReasonMissing,
    StatusNotChanged,
    TransitionNotAllowed,
    moves_for,
)
from users.models import User


def planned_move(booking: Booking, *, to: int, by: User) -> tuple[str, bool]:
    """Say in words why the booking may not go to ``to`` (empty: it may), and whether that needs a reason."""
    move = next((move for move in moves_for(booking.confirmed, by=by) if move.to == to), None)
    if move is None:
        return why_not(TransitionNotAllowed(was=booking.confirmed, to=to)), False
    return "", move.needs_reason


def why_not(refused: StatusNotChanged) -> str:
    """Say in words why a booking kept its status."""
    if isinstance(refused, BookingChanged):
        return _("Somebody else has changed it to “%(theirs)s”; you chose “%(yours)s”.") % {
            "theirs": status_label(refused.theirs),
            "yours": status_label(refused.yours),
        }
    if isinstance(refused, BookingGone):
        return _("It has been deleted.")
    if isinstance(refused, ReasonMissing):
        return _("This needs a reason.")
    if isinstance(refused, TransitionNotAllowed):
        return _why_not_allowed(refused)
    return str(refused)


def _why_not_allowed(refused: TransitionNotAllowed) -> str:
    if refused.was == refused.to:
        return _("It is already “%(status)s”.") % {"status": status_label(refused.to)}
    words = {"was": status_label(refused.was), "to": status_label(refused.to)}
    if refused.to in OVERRIDES.get(status_of(refused.was), ()):
        return _("Changing “%(was)s” to “%(to)s” needs the permission to override a status, and a reason.") % words
    return _("“%(was)s” cannot be changed to “%(to)s”.") % words
