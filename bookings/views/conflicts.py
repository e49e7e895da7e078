"""Two editors of one booking: what the second one saw, what is there now, and what they wanted, side by side."""

from dataclasses import dataclass, fields

from django.utils.translation import gettext as _

from bookings.labels import NOTHING, Labels
from bookings.models import status_label
from bookings.services.editing import BookingEdited, Values


@dataclass(frozen=True)
class ConflictRow:
    """One field in three versions, as staff read them."""

    label: str
    seen: str
    theirs: str
    yours: str


def conflict_rows(conflict: BookingEdited, labels: Labels, *, course_id: int | None) -> list[ConflictRow]:
    """List the fields in which the three versions are not the same."""
    seen, theirs, yours = (
        _readable(values, labels, course_id) for values in (conflict.seen, conflict.theirs, conflict.yours)
    )
    return [
        ConflictRow(label, seen[label], theirs[label], yours[label])
        for label in seen
        if len({seen[label], theirs[label], yours[label]}) > 1
    ]


def _readable(values: Values, labels: Labels, course_id: int | None) -> dict[str, str]:
    tidy = values.tidy()
    assert len(fields(tidy)) == 4  # a new field needs its line here
    return {
        _("Stream"): labels.stream(course_id, tidy.course_stream),
        _("Status"): status_label(tidy.confirmed),
        _("Discount, %"): str(tidy.discount_percent),
        _("Referral code"): tidy.referral_code or NOTHING,
    }
