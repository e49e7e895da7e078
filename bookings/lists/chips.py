"""Chips above a list: a filter each, with its count, as a link that keeps the rest of the address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.lists.filters import NONE
from bookings.models import Booking
from bookings.models.bookings import BookingQuerySet
from bookings.statistics import StatusCounts
from hsl_dashboard.web.addresses import tidy_address
from users.models import LatestStatus

VIEWED = "viewed"
Status = Booking.Status

# A status has one word, as the badges in the rows below have it.
COURSE_LABELS: dict[str, Any] = {
    "": _("All"),
    **{str(status): status.label for status in (Status.CONFIRMED, Status.PENDING, Status.NEW, Status.CANCELLED)},
    NONE: LatestStatus.UNKNOWN.label,
}
STREAM_LABELS: dict[str, Any] = COURSE_LABELS | {VIEWED: pgettext_lazy("of a person", "Viewed")}


@dataclass(frozen=True)
class Chip:
    """One filter: its word, its address, and how many rows it leaves; None: the page asks for the number later."""

    value: str
    label: str
    count: int | None
    address: str
    is_current: bool


def status_chips(
    labels: dict[str, Any], counts: Mapping[str, int | None], *, chosen: str, path: str, query: QueryDict
) -> list[Chip]:
    """Make the chips of ``labels``; «Неизвестно» only where there are any, or where it is chosen."""
    shown = [value for value in labels if value != NONE or counts[NONE] or chosen == NONE]
    return [
        Chip(value, str(labels[value]), counts[value], _address(path, query, value), value == chosen) for value in shown
    ]


def chosen_chip(labels: Iterable[str], query: QueryDict) -> str:
    """Read ``?status=``; a word that no chip has chooses all."""
    status = query.get("status", "")
    return status if status in labels else ""


def counts_by_chip(counts: StatusCounts) -> dict[str, int]:
    return {
        "": counts.total,
        str(Status.CONFIRMED): counts.confirmed,
        str(Status.PENDING): counts.pending,
        str(Status.NEW): counts.new,
        str(Status.CANCELLED): counts.cancelled,
        NONE: counts.unknown,
    }


def narrow_by_chip(bookings: BookingQuerySet, chip: str) -> BookingQuerySet:
    """Keep the bookings that a chip leaves; these are the ones that its count counts."""
    if chip == "":
        return bookings
    return bookings.of_unknown_status() if chip == NONE else bookings.with_status(int(chip))


def _address(path: str, query: QueryDict, value: str) -> str:
    rest = query.copy()
    rest.pop("page", None)
    rest["status"] = value
    return tidy_address(path, rest)
