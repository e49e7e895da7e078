"""An audience in words: whom a message is for, and who is left out."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from bookings.labels import Labels
from bookings.models import Booking
from messaging.audiences.choices import describe_criterion
from messaging.audiences.criteria import Audience, Criterion, InStream

Status = Booking.Status
# How people of a stream are called by the status of their booking.
PEOPLE: dict[int, Any] = {
    Status.CONFIRMED: pgettext_lazy("people of a stream", "confirmed"),
    Status.PENDING: pgettext_lazy("people of a stream", "pending"),
    Status.NEW: pgettext_lazy("people of a stream", "new requests"),
    Status.CANCELLED: pgettext_lazy("people of a stream", "cancelled"),
}


def describe_audience(audience: Audience, labels: Labels, *, most: int | None = None) -> str:
    """Say whom it is for, with statuses and exclusions; at most ``most`` groups by name."""
    parts = [_listed(_groups(audience.include, labels), most, "; ")]
    if audience.narrow:
        parts.append(
            _("only those who are also: %(groups)s") % {"groups": _listed(_groups(audience.narrow, labels), most)}
        )
    if audience.exclude:
        parts.append(_("except: %(groups)s") % {"groups": _listed(_groups(audience.exclude, labels), most)})
    if audience.quiet_hours:
        parts.append(_("nobody who got a message in the last %(hours)d h") % {"hours": audience.quiet_hours})
    return "; ".join(filter(None, parts))


def _groups(criteria: Iterable[Criterion], labels: Labels) -> list[str]:
    """Each group in words; streams of which the same people are asked for stand together."""
    streams: dict[str, list[str]] = {}
    others = []
    for criterion in criteria:
        if isinstance(criterion, InStream):
            known = [str(PEOPLE[status]) for status in criterion.statuses if status in PEOPLE]
            people = str(pgettext("between statuses", " and ")).join(known)
            streams.setdefault(people, []).append(labels.stream(criterion.course_id, criterion.code))
        else:
            others.append(describe_criterion(criterion))
    return [*(_of_streams(people, codes) for people, codes in streams.items()), *others]


def _of_streams(people: str, streams: list[str]) -> str:
    words = {"people": people, "streams": ", ".join(dict.fromkeys(streams))}
    return _("%(people)s: %(streams)s") % words


def _listed(groups: list[str], most: int | None, between: str = ", ") -> str:
    more = len(groups) - most if most else 0
    words = between.join(groups[:most])
    return _("%(groups)s and %(count)d more") % {"groups": words, "count": more} if more > 0 else words
