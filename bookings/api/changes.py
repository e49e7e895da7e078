"""Changes of bookings as JSON: in the old words, by the rules of the pages."""

from collections.abc import Callable
from typing import Annotated, Any

from django.utils import timezone
from ninja import Schema

from bookings.api.people import REFUSED, read_user_id, router
from bookings.models import Booking
from bookings.services.coupons import CouponRefused
from bookings.services.editing import (
    AlreadyInStream,
    BookingEdited,
    NoActiveBooking,
    NothingToSave,
    UnknownStream,
    Values,
    described_codes,
    edit_booking,
    latest_active_booking,
    move_to_stream,
)
from bookings.services.statuses import (
    SETTABLE,
    BookingChanged,
    BookingGone,
    ReasonMissing,
    StatusNotChanged,
    TransitionNotAllowed,
)
from hsl_dashboard.db import is_storable
from hsl_dashboard.web.api.answers import ApiError, RefusalWithSuccess, Shape
from hsl_dashboard.web.api.parameters import described, whole_number
from users.models import TelegramUser
from users.tokens.access import ApiAccess, ApiRequest, Scope
from users.tokens.idempotency import answered_once

UNKNOWN_BOOKING = "Booking not found"
NO_ACTIVE_BOOKING = "У пользователя нет активных бронирований"
NO_CHANGES = "Нет изменений для сохранения"
INVALID_STREAM = "Invalid course stream"
CHANGED_MEANWHILE = "The booking was changed meanwhile"
MOVE_FORBIDDEN = "This status cannot be set from the present one"
REASON_NEEDED = "This change needs a reason"
LONGEST_CODE = 100  # characters of a referral code
LONGEST_REASON = 500
CHANGE = ("bookings.view_booking", "bookings.change_booking")


class Updates(Schema):
    """The fields to change; the others stay."""

    course_stream: Annotated[
        Any, described(type=["string", "null"], description="a described stream; null or '' leaves none")
    ] = None
    confirmed: Annotated[
        Any, described(enum=[-1, 1, 2, "-1", "1", "2"], description="−1 cancelled, 1 pending, 2 confirmed")
    ] = None
    referral_code: Annotated[Any, described(type=["string", "integer", "null"], description="null takes it away")] = (
        None
    )
    discount_percent: Annotated[
        Any, described(type=["integer", "string", "null"], description="0 to 100; null takes it away")
    ] = None


class BookingPatch(Schema):
    model_config = {"json_schema_extra": {"required": ["updates"]}}

    bookingId: Annotated[
        Any, described(type=["integer", "string", "null"], description="without it: the newest that is not cancelled")
    ] = None
    updates: Annotated[
        Any,
        described(
            type=["object", "array", "null"],
            properties=Updates.model_json_schema()["properties"],
            examples=[{"confirmed": 2, "discount_percent": 10}],
        ),
    ] = None
    reason: Annotated[
        Any, described(type=["string", "null"], description="kept in the history; moves against the order need it")
    ] = None


class Done(Schema):
    success: bool
    message: str


CONFLICTS = {409: RefusalWithSuccess, 422: RefusalWithSuccess}


@router.patch(
    "/users/{user_id}/bookings",
    response={200: Done, **REFUSED, **CONFLICTS},
    auth=ApiAccess(*CHANGE, scope=Scope.BOOKINGS, shape=Shape.WITH_SUCCESS, failure="Failed to update booking"),
    summary="Change a booking",
)
def user_bookings_change(request: ApiRequest, user_id: str, body: BookingPatch) -> Any:
    """Change status, stream, referral code or discount of a booking of this person, by the rules of the pages."""

    def work() -> dict[str, Any]:
        booking = _booking_to_change(read_user_id(user_id), body.bookingId)
        seen = Values.of(booking)
        to = _changed_values(seen, body.updates)
        _saved(
            lambda: edit_booking(
                booking=booking, to=to, seen=seen, by=request.auth.user, at=timezone.now(), reason=_reason(body.reason)
            )
        )
        return {"success": True, "message": "Booking updated successfully"}

    return answered_once(request, request.auth, work)


def _booking_to_change(person: int, asked: Any) -> Booking:
    if not asked:
        booking = latest_active_booking(TelegramUser(pk=person))
        if booking is None:
            raise ApiError(400, NO_ACTIVE_BOOKING)
        return booking
    number = whole_number(asked)
    # Somebody else's booking is not there.
    found = Booking.objects.filter(pk=number, telegram_user=person).first() if number and abs(number) < 2**31 else None
    if found is None:
        raise ApiError(404, UNKNOWN_BOOKING)
    return found


def _changed_values(seen: Values, updates: Any) -> Values:
    """Read the updates, in the order in which the previous dashboard refused them."""
    if not isinstance(updates, dict | list):
        raise ApiError(400, "Updates object is required")
    asked = {name: updates[name] for name in READERS if name in updates} if isinstance(updates, dict) else {}
    if not asked:
        raise ApiError(400, NO_CHANGES)
    values = {name: READERS[name](value) for name, value in asked.items()}
    return Values(**{**vars(seen), **values})


def _read_stream(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or value not in described_codes(None):
        raise ApiError(400, INVALID_STREAM)
    return value


def _read_status(value: Any) -> int:
    number = whole_number(value)
    if number not in SETTABLE:
        raise ApiError(400, "Invalid payment status")
    return int(number)


def _read_discount(value: Any) -> int | None:
    if value is None:
        return None
    number = whole_number(value, least=0, most=100)
    if number is None:
        raise ApiError(400, "Discount percent must be between 0 and 100")
    return number


def _read_code(value: Any) -> str | None:
    if value is None:
        return None
    code = str(value).strip() if isinstance(value, str) or type(value) is int else ""
    if len(code) > LONGEST_CODE or not is_storable(code) or (not code and value != ""):
        raise ApiError(400, "Invalid referral code")
    return code or None


READERS: dict[str, Callable[[Any], Any]] = {
    "course_stream": _read_stream,
    "confirmed": _read_status,
    "discount_percent": _read_discount,
    "referral_code": _read_code,
}


def _reason(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_REASON or not is_storable(value):
        raise ApiError(400, "Invalid reason")
    return value


def _saved(save: Callable[[], Any]) -> Any:
    """Say in the words of the API why nothing was written; what is so already is no fault."""
    try:
        return save()
    except NothingToSave:
        return None
    except UnknownStream:
        raise ApiError(400, INVALID_STREAM) from None
    except CouponRefused as error:
        raise ApiError(422, str(error)) from None
    except BookingEdited as error:
        raise ApiError(409, CHANGED_MEANWHILE, current=vars(error.theirs)) from None
    except StatusNotChanged as error:
        raise _not_moved(error) from None


def _not_moved(error: StatusNotChanged) -> ApiError:
    match error:
        case BookingGone():
            return ApiError(404, UNKNOWN_BOOKING)
        case ReasonMissing():
            return ApiError(422, REASON_NEEDED)
        case TransitionNotAllowed(was=was):
            return ApiError(422, MOVE_FORBIDDEN, current={"confirmed": was})
        case BookingChanged(theirs=theirs):
            return ApiError(409, CHANGED_MEANWHILE, current={"confirmed": theirs})
    return ApiError(409, CHANGED_MEANWHILE)


class StreamPatch(Schema):
    model_config = {"json_schema_extra": {"required": ["newStream"]}}

    newStream: Annotated[
        Any, described(type=["string", "null"], description="the code of a described stream", examples=["8th_stream"])
    ] = None
    reason: Annotated[Any, described(type=["string", "null"], description="kept in the history")] = None


class Moved(Done):
    bookingId: int


@router.patch(
    "/users/{user_id}/stream",
    response={200: Moved, **REFUSED, **CONFLICTS},
    auth=ApiAccess(*CHANGE, scope=Scope.BOOKINGS, shape=Shape.WITH_SUCCESS, failure="Не удалось обновить поток"),
    summary="Move a person to another stream",
)
def user_stream_change(request: ApiRequest, user_id: str, body: StreamPatch) -> Any:
    """Move the newest booking that is not cancelled."""

    def work() -> dict[str, Any]:
        person = TelegramUser(pk=read_user_id(user_id))
        if not body.newStream:
            raise ApiError(400, "New stream is required")
        code = _read_stream(body.newStream)
        assert code is not None
        booking = _moved(
            lambda: move_to_stream(
                person=person,
                code=code,
                seen=getattr(latest_active_booking(person), "pk", 0),
                by=request.auth.user,
                at=timezone.now(),
                reason=_reason(body.reason),
            )
        )
        return {"success": True, "message": "Stream updated successfully", "bookingId": booking.pk}

    return answered_once(request, request.auth, work)


def _moved(move: Callable[[], Booking]) -> Booking:
    try:
        booking: Booking = _saved(move)
    except NoActiveBooking:
        raise ApiError(400, NO_ACTIVE_BOOKING) from None
    except AlreadyInStream:
        raise ApiError(400, "Пользователь уже находится в этом потоке") from None
    return booking
