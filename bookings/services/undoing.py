"""Undoing what staff did to a booking a moment ago: its former values come back, and nobody is told anything."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from bookings.labels import NOTHING, Labels
from bookings.models import Booking, BookingChange, Payment, status_label
from bookings.notices import hold_notices, take_back_notices
from bookings.services.coupons import CouponRefused
from bookings.services.editing import Values, change_code, future
from bookings.services.places import stream_full
from bookings.services.statuses import event_of_status
from users.models import UndoableAct, User
from users.undo.services import ChangedSince, UndoKind, UndoRefused, UndoTooLate, offer_undo

BOOKING, BULK = "booking", "bulk"  # kinds of acts
CHANGE_BOOKING = "bookings.change_booking"


def offer_booking_undo(
    *, booking: Booking, before: Values, by: User, at: datetime, payment: Payment | None = None
) -> UndoableAct:
    """Offer to undo a change of a booking, in its transaction: what was queued for the student waits for the window.

    ``before`` is what the booking held, ``at`` the moment that the change was made and its messages were queued with,
    ``payment`` one that was recorded with it.
    """
    done = {"rows": [_done(booking, before)], "payment": payment.pk if payment else None}
    act = offer_undo(kind=BOOKING, by=by, at=at, done=done, person=booking.telegram_user_id)
    hold_notices(bookings=[booking.pk], by=by, at=at, until=act.expires_at)
    return act


def _done(booking: Booking, before: Values) -> dict[str, Any]:
    now = Booking.objects.get(pk=booking.pk)
    full = stream_full(future(now, before)) if before.confirmed == Booking.Status.CONFIRMED else None
    return {
        "booking": booking.pk,
        "before": asdict(before),
        "after": asdict(Values.of(now)),
        "change": _last_change(booking.pk),
        # Its stream had more bookings than places already: coming back, it makes nothing worse.
        "overbooked": full is not None,
    }


def _last_change(booking_id: int) -> int | None:
    return BookingChange.objects.filter(booking=booking_id).order_by("-pk").values_list("pk", flat=True).first()


def undoable_bookings(at: datetime) -> RawSQL:
    """Ask for the bookings that staff changed a moment ago and may still undo: no rule tells of them yet; for __in."""
    return RawSQL(
        """
        SELECT (changed.row->>'booking')::integer
        FROM users_undoableact AS a CROSS JOIN jsonb_array_elements(a.done->'rows') AS changed (row)
        WHERE a.kind IN (%s, %s) AND a.undone_at IS NULL AND a.expires_at > %s AND changed.row->>'booking' IS NOT NULL
        UNION ALL  -- a bulk change that is being made
        SELECT r.booking_id
        FROM users_undoableact AS a JOIN bookings_bulkrow AS r ON r.change_id = (a.done->>'change')::uuid
        WHERE a.kind = %s AND a.undone_at IS NULL AND a.expires_at > %s AND a.done->'rows' = '[]'
            AND r.state = 'done' AND r.booking_id IS NOT NULL
        """,
        [BOOKING, BULK, at, BULK, at],
    )


def undo_booking(act: UndoableAct, by: User, at: datetime) -> str:
    """Give a booking its former values, in the transaction of ``undo_act``."""
    [row] = act.done["rows"]
    booking = Booking.objects.select_for_update(no_key=True).filter(pk=row["booking"]).first()
    if booking is None:
        raise UndoRefused(_("The booking has been deleted."))
    withdraw_queued([booking.pk], act)
    _write_back(booking, row, at=at)
    Payment.objects.filter(pk=act.done["payment"]).delete()
    return _("Undone: booking № %(number)s is as it was.") % {"number": booking.pk}


def withdraw_queued(bookings: list[int], act: UndoableAct) -> None:
    """Withdraw what an act queued for students.

    Raises:
        UndoTooLate: some of it is on its way already.
    """
    if not take_back_notices(bookings=bookings, by=act.done_by, at=act.done_at):
        raise UndoTooLate


def _write_back(booking: Booking, row: dict[str, Any], *, at: datetime) -> None:
    """Write what was before, unless somebody has changed the booking since; the caller holds its lock."""
    before, now = Values(**row["before"]), Values.of(booking)
    _require_unchanged(booking, row)
    changed = before.differs(now)
    if "referral_code" in changed:
        try:
            change_code(booking, before.referral_code or "")
        except CouponRefused as refused:
            raise UndoRefused(str(refused)) from refused
    for name in changed:
        setattr(booking, name, getattr(before, name))
    booking.save(update_fields=sorted(changed))
    if "confirmed" in changed:
        event_of_status(booking, was=now.confirmed, to=before.confirmed, at=at, undoes=True).save(force_insert=True)
        _void([row["change"], _last_change(booking.pk)], at=at)
    if changed & {"confirmed", "course_stream"}:
        _require_place(booking, row)


def _require_unchanged(booking: Booking, row: dict[str, Any]) -> None:
    after, now = Values(**row["after"]), Values.of(booking)
    if now.differs(after):
        raise ChangedSince(ours=_in_words(booking, after, now), theirs=_in_words(booking, now, after))
    if row["change"] != _last_change(booking.pk):
        raise UndoRefused(_("Not undone: the booking has been changed since, and changed back."))


def _require_place(booking: Booking, row: dict[str, Any]) -> None:
    """Refuse a booking whose place somebody else has taken meanwhile."""
    is_new_there = booking.confirmed == Booking.Status.CONFIRMED and not row["overbooked"]
    if is_new_there and (full := stream_full(booking, locked=True)):
        raise UndoRefused(str(full))


def _void(changes: Iterable[int | None], *, at: datetime) -> None:
    BookingChange.objects.filter(pk__in=list(changes)).update(undone_at=at)


def _in_words(booking: Booking, values: Values, other: Values) -> str:
    """Name what one of two sets of values says differently."""
    labels = Labels.read()
    words = {
        "confirmed": status_label(values.confirmed),
        "course_stream": labels.stream(booking.course_id, values.course_stream),
        "discount_percent": f"{values.discount_percent or 0} %",
        "referral_code": values.referral_code or NOTHING,
    }
    different = values.differs(other)
    return ", ".join(word for name, word in words.items() if name in different)


UNDO_BOOKING = UndoKind(BOOKING, CHANGE_BOOKING, undo_booking)
