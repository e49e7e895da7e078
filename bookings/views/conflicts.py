"""Two editors of one booking: what the second one saw, what is there now, and what they wanted, side by side."""

from dataclasses import dataclass, fields

from django.utils.translation import gettext as _

from bookings.history import FieldChange
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


def value_changes(seen: Values, to: Values, labels: Labels) -> list[FieldChange]:
    """List the fields that saving would change, with the old and the new value."""
    old, new = _readable(seen, labels), _readable(to, labels)
    return [FieldChange(label, old[label], new[label]) for label in old if old[label] != new[label]]


def conflict_rows(conflict: BookingEdited, labels: Labels) -> list[ConflictRow]:
    """List the fields in which the three versions are not the same."""
    seen, theirs, yours = (_readable(values, labels) for values in (conflict.seen, conflict.theirs, conflict.yours))
    return [
        ConflictRow(label, seen[label], theirs[label], yours[label])
        for label in seen
        if len({seen[label], theirs[label], yours[label]}) > 1
    ]


def _readable(values: Values, labels: Labels) -> dict[str, str]:
    tidy = values.tidy()
    assert len(fields(tidy)) == 5  # a new field needs its line here
    return {
        _("Course"): labels.course(tidy.course_id),
        _("Stream"): labels.stream(tidy.course_id, tidy.course_stream),
        _("Status"): status_label(tidy.confirmed),
        _("Discount, %"): str(tidy.discount_percent),
        _("Referral code"): tidy.referral_code or NOTHING,
    }
