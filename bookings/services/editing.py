"""Editing a booking, guarded by the values that staff saw; moving a person to another stream."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Self

import pghistory
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Course, Stream
from bookings.notices import NoticeKind, notice_of_status, queue_notice
from bookings.services.coupons import find_coupon, give_back_coupon, require_usable, use_coupon
from bookings.services.doubles import require_no_active_booking
from bookings.services.places import require_place
from bookings.services.statuses import BookingGone, change_booking_status
from users.models import TelegramUser, User


class BookingNotEdited(Exception):
    """Nothing was written; the sentence says why."""


class NothingToSave(BookingNotEdited):
    """The form changes nothing."""


class NoActiveBooking(BookingNotEdited):
    """The person has no booking that is not cancelled."""


class AlreadyInStream(BookingNotEdited):
    """The booking is in that stream already."""


class UnknownStream(BookingNotEdited):
    """The course has no described stream with this code."""


@dataclass(frozen=True)
class Values:
    """What staff edit in a booking, as it stands in the database."""

    course_stream: str | None
    confirmed: int | None
    referral_code: str | None
    discount_percent: int | None
    course_id: int | None

    @classmethod
    def of(cls, booking: Booking) -> Self:
        return cls(**{field.name: getattr(booking, field.name) for field in fields(cls)})

    def tidy(self) -> Self:
        """Normalise: '' becomes None and no discount becomes 0, since the bot has written all of them."""
        return replace(
            self,
            course_stream=self.course_stream or None,
            referral_code=self.referral_code or None,
            discount_percent=self.discount_percent or 0,
        )

    def with_stream(self, code: str) -> Self:
        return replace(self, course_stream=code)

    def differs(self, other: Self) -> set[str]:
        """Name the fields in which two sets of values differ."""
        mine, theirs = self.tidy(), other.tidy()
        return {field.name for field in fields(self) if getattr(mine, field.name) != getattr(theirs, field.name)}


class BookingEdited(BookingNotEdited):
    """Somebody else edited the booking first: ``theirs`` are its values now, ``yours`` the ones asked for."""

    def __init__(self, *, seen: Values, theirs: Values, yours: Values) -> None:
        super().__init__(f"{theirs} instead of {seen}")
        self.seen, self.theirs, self.yours = seen, theirs, yours


def edit_booking(
    *,
    booking: Booking,
    to: Values,
    seen: Values,
    by: User,
    at: datetime,
    reason: str = "",
    second: bool = False,
    overbook: bool = False,
    notify: bool = False,
) -> set[str]:
    """Write the values that differ, all or none, and name their fields; ``seen`` are those ``by`` decided on.

    ``second`` lets it into a course of which the person has an active booking already, with the override permission
    and a reason; ``overbook`` lets it into a full stream, with a reason.

    Raises:
        NothingToSave: ``to`` is what was seen.
        BookingEdited: somebody else edited it first.
        ActiveBookingExists: as above (bookings.services.doubles).
        UnknownStream: ``to`` names a stream without a description.
        CouponRefused: ``to`` names a coupon that cannot be used.
        StreamFull: ``to`` takes a place that the stream does not have.
        StatusNotChanged: the status may not go there (bookings.services.statuses).
    """
    if not to.differs(seen):
        raise NothingToSave(_("Nothing to save: no value has changed."))
    with transaction.atomic(), pghistory.context(user=by.pk, reason=reason.strip()):
        locked = _lock_as_seen(booking, seen=seen, yours=to)
        changed = to.differs(Values.of(locked))
        _write_fields(locked, to, changed - {"confirmed"})
        if "course_id" in changed and to.confirmed != Booking.Status.CANCELLED:
            require_no_active_booking(locked, by=by, allowed=second and bool(reason.strip()))
        if "confirmed" in changed:
            assert to.confirmed is not None
            change_booking_status(booking=locked, to=to.confirmed, by=by, at=at, reason=reason, overbook=overbook)
        if changed & {"course_stream", "course_id"} and locked.is_active:
            require_place(locked, overbook=overbook, reason=reason)
        if notify:
            queue_notice(booking=locked, kind=notice_kind(changed, to), by=by, at=at)
    for name in changed:
        setattr(booking, name, getattr(locked, name))
    return changed


def _lock_as_seen(booking: Booking, *, seen: Values, yours: Values) -> Booking:
    """Lock a booking that is still as it was seen.

    Under this lock the check and the write are one: the second of two editors waits here, then sees the change.
    """
    locked = Booking.objects.select_for_update(no_key=True).filter(pk=booking.pk).first()
    if locked is None:
        raise BookingGone
    theirs = Values.of(locked)
    if theirs.differs(seen):
        raise BookingEdited(seen=seen, theirs=theirs, yours=yours)
    return locked


def _write_fields(booking: Booking, to: Values, changed: set[str]) -> None:
    if "course_id" in changed:
        if to.course_id is None or not Course.objects.filter(pk=to.course_id).exists():
            raise UnknownStream(_("There is no such course."))
        booking.course_id = to.course_id
    if changed & {"course_stream", "course_id"}:
        if to.course_stream and to.course_stream not in described_codes(booking.course_id):
            raise UnknownStream(_("This course has no described stream with this code."))
        booking.course_stream = to.course_stream or None
    if "discount_percent" in changed:
        booking.discount_percent = to.discount_percent or 0
    if "referral_code" in changed:
        change_code(booking, to.referral_code or "")
    if changed:
        booking.save(update_fields=sorted(changed))


def change_code(booking: Booking, code: str) -> None:
    """Put another coupon on a booking, or none; its use is counted, and the former one's given back."""
    was = find_coupon(booking.referral_code) if booking.referral_code else None
    coupon = require_usable(code) if code and not (was and was.code.lower() == code.lower()) else was
    if coupon != was or not code:
        give_back_coupon(booking=booking)
    if code and coupon and coupon != was:
        use_coupon(coupon=coupon, booking=booking)
    booking.referral_code = coupon.code if code and coupon else None


def described_codes(course_id: int | None) -> dict[str, str]:
    """Map codes to names of the streams of a course, or of all courses if ``course_id`` is None."""
    streams = Stream.objects.in_order()
    if course_id is not None:
        streams = streams.filter(course_id=course_id)
    return dict(streams.values_list("code", "name"))


def notice_kind(changed: set[str], to: Values) -> NoticeKind:
    """Choose the message for a change: status first, then stream, then anything else."""
    if "confirmed" in changed and (kind := notice_of_status(to.confirmed)) != NoticeKind.CHANGED:
        return kind
    # "Moved to another stream of the course" would not be true of another course.
    return NoticeKind.MOVED if "course_stream" in changed and "course_id" not in changed else NoticeKind.CHANGED


def future(booking: Booking, values: Values) -> Booking:
    """Give an unsaved copy of a booking with other values."""
    return Booking(pk=booking.pk, telegram_user=booking.telegram_user, **asdict(values))


def latest_active_booking(person: TelegramUser) -> Booking | None:
    """Find the booking that «Изменить поток» moves: the newest that is not cancelled."""
    return Booking.objects.active().filter(telegram_user=person).newest_first().first()


def move_to_stream(
    *,
    person: TelegramUser,
    code: str,
    seen: int,
    by: User,
    at: datetime,
    reason: str = "",
    overbook: bool = False,
    notify: bool = False,
) -> Booking:
    """Move a person's latest active booking to another stream; ``seen`` is the booking that ``by`` was shown.

    Raises:
        NoActiveBooking: there is none.
        AlreadyInStream: it is there already.
        UnknownStream, StreamFull, BookingEdited: as edit_booking says; also when another booking is the latest by now.
    """
    booking = latest_active_booking(person)
    if booking is None:
        raise NoActiveBooking(_("The person has no active bookings"))
    was = Values.of(booking)
    if booking.pk != seen:
        raise BookingEdited(seen=was, theirs=was, yours=was.with_stream(code))
    if (was.course_stream or "") == code:
        raise AlreadyInStream(_("The person is already in this stream"))
    to = was.with_stream(code)
    edit_booking(booking=booking, to=to, seen=was, by=by, at=at, reason=reason, overbook=overbook, notify=notify)
    return booking
