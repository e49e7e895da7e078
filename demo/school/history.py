"""What triggers would have written down of the bookings: when each was made, and who moved it when."""

from collections.abc import Iterator
from datetime import datetime

from bookings.models import Booking, BookingChange
from demo.school.rhythm import or_epoch
from demo.school.school import School, StatusChange

Origin = BookingChange.Origin


def write_record(school: School) -> list[BookingChange]:
    """Give the record of every status that a booking had, oldest first."""
    moved = _moves_of_bookings(school)
    rows = [row for booking in school.bookings for row in _record_of(booking, moved.get(id(booking), []))]
    rows.sort(key=lambda row: row.changed_at)
    for number, row in enumerate(rows, start=1):
        row.pk = number
    return rows


def _record_of(booking: Booking, moves: list[StatusChange]) -> Iterator[BookingChange]:
    whose = {"booking_id": booking.pk, "telegram_user_id": booking.telegram_user_id}
    status = _first_status(booking, moves)
    yield BookingChange(**whose, is_new=True, status=status, changed_at=_made_at(booking))
    for move in moves:
        origin = Origin.PAGE if move.reason else Origin.RAW
        yield BookingChange(
            **whose, is_new=False, was=status, status=move.to, changed_at=move.at, reason=move.reason, origin=origin
        )
        status = move.to


def _moves_of_bookings(school: School) -> dict[int, list[StatusChange]]:
    moves: dict[int, list[StatusChange]] = {}
    for booking, change in school.changes:
        moves.setdefault(id(booking), []).append(change)
    return moves


def _first_status(booking: Booking, moves: list[StatusChange]) -> int | None:
    return Booking.Status.NEW if moves else booking.confirmed


def _made_at(booking: Booking) -> datetime:
    return or_epoch(booking.created_at)
