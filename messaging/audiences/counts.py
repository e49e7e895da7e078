"""The counts beside the choices of a new message; in a large school beat counts what takes long."""

from datetime import datetime
from functools import partial

from django.db.models import Count, Q, Sum

from bookings.models import Booking, BookingCount
from hsl_dashboard.web.remembered import Remembered, remembered
from messaging.audiences.choices import GROUPS, STATUSES, cell_key
from messaging.audiences.criteria import Audience, Everyone, FreeLesson, Individuals, InStream, NotStudents
from users.models import TelegramUser

MANY = 50_000  # bookings or people: fewer are counted at once, within some 50 ms


def count_streams(*, anew: bool = False) -> Remembered[dict[str, int]]:
    """Count people by the key of their cell (one query, and one for how many bookings there are)."""
    bookings = BookingCount.objects.of_streams().aggregate(number=Sum("number"))["number"] or 0
    if bookings < MANY:
        return Remembered(_count_streams())
    return remembered("people-by-stream", _count_streams, anew=anew)


def _count_streams() -> dict[str, int]:
    counted = (
        Booking.objects.with_stream()
        .filter(confirmed__in=STATUSES)
        .values_list("course_id", "course_stream", "confirmed")
        .annotate(people=Count("telegram_user", distinct=True))
    )
    return {cell_key(course, code or "", status): people for course, code, status, people in counted}


def at_most(audience: Audience) -> int | None:
    """Say how many an audience has at most, without asking for its people (one query); None where that is not known."""
    asked, people = Q(pk__in=[]), 0
    for criterion in audience.include:
        if isinstance(criterion, Individuals):
            people += len(criterion.ids)
        elif isinstance(criterion, InStream) and None not in criterion.statuses:
            in_course = Q() if criterion.course_id is None else Q(course_id=criterion.course_id)
            asked |= in_course & Q(key=criterion.code, status__in=criterion.statuses)
        else:
            return None
    bookings = BookingCount.objects.of_streams().filter(asked).aggregate(number=Sum("number"))["number"]
    return people + (bookings or 0)


def count_group(group: str, *, at: datetime, anew: bool = False) -> Remembered[int]:
    """Count the people of one of GROUPS; ``anew`` is beat's. Whom an index counts at any size is counted at once."""
    criterion, _label = GROUPS[group]
    is_slow = isinstance(criterion, NotStudents | FreeLesson)
    if is_slow and TelegramUser.objects.order_by()[:MANY].count() == MANY:
        return remembered(f"people-of-group:{group}", partial(_count_group, group, at), anew=anew)
    return Remembered(_count_group(group, at))


def _count_group(group: str, at: datetime) -> int:
    criterion, _label = GROUPS[group]
    if isinstance(criterion, Everyone):
        return TelegramUser.objects.count()
    return TelegramUser.objects.filter(pk__in=criterion.people(at=at)).count()


def remember_counts(*, at: datetime) -> None:
    """Count anew what pages remember; beat's."""
    count_streams(anew=True)
    for group in GROUPS:
        count_group(group, at=at, anew=True)
