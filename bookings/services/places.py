"""Places of a stream: one guard for every way in which a booking can take one."""

from dataclasses import dataclass
from typing import Self

from django.db.models import Count, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, Stream


class StreamFull(Exception):
    """Confirmed bookings take all places of the stream; nothing was written."""

    def __init__(self, *, stream: Stream, taken: int) -> None:
        assert stream.capacity is not None
        values = {"stream": stream, "taken": taken, "capacity": stream.capacity}
        super().__init__(_("%(stream)s: %(taken)s of %(capacity)s places confirmed.") % values)
        self.stream, self.taken, self.capacity = stream, taken, stream.capacity


@dataclass(frozen=True)
class Places:
    """The places of a stream that has a capacity, and how many of them other confirmed bookings take."""

    stream: Stream
    taken: int

    @classmethod
    def around(cls, booking: Booking, *, locked: bool = False) -> Self | None:
        """Count the places in the stream of a booking, without the booking itself; None without a capacity."""
        if booking.course_id is None or not booking.course_stream:
            return None
        of_it = {"course": booking.course_id, "course_stream": booking.course_stream}
        others = Booking.objects.filter(**of_it).confirmed().exclude(pk=booking.pk)
        streams = Stream.objects.exclude(capacity=None).filter(course=booking.course_id, code=booking.course_stream)
        if locked:
            # Counted after the lock: it may have waited for somebody who took the last place.
            stream = streams.select_for_update(no_key=True).first()
            return cls(stream, others.count()) if stream else None
        count = others.order_by().values("course").annotate(n=Count("*")).values("n")
        stream = streams.annotate(taken=Coalesce(Subquery(count), 0)).first()
        return cls(stream, stream.taken) if stream else None  # type: ignore[attr-defined]

    @property
    def are_taken(self) -> bool:
        return self.taken >= (self.stream.capacity or 0)


class FreePlaces:
    """The places of streams into which many bookings come one after another; each stream is locked and counted once.

    As with ``require_place`` the bookings are locked first, the streams last.
    """

    def __init__(self, *, beyond: bool) -> None:
        self.beyond = beyond
        self._of: dict[tuple[int | None, str], tuple[Stream, int] | None] = {}

    def take(self, course_id: int | None, code: str | None, *, is_confirmed: bool) -> None:
        """Let a booking in that was not confirmed there; only a confirmed one takes a place.

        Raises:
            StreamFull: no place is left, and ``beyond`` is not allowed.
        """
        key = (course_id, code or "")
        if key not in self._of:
            self._of[key] = self._count(*key)
        if not (places := self._of[key]):
            return
        stream, taken = places
        if taken >= (stream.capacity or 0) and not self.beyond:
            raise StreamFull(stream=stream, taken=taken)
        self._of[key] = stream, taken + is_confirmed

    @staticmethod
    def _count(course_id: int | None, code: str) -> tuple[Stream, int] | None:
        streams = Stream.objects.exclude(capacity=None).filter(course=course_id, code=code)
        stream = streams.select_for_update(no_key=True).first() if code else None
        return (stream, Booking.objects.for_stream(stream).confirmed().count()) if stream else None


def stream_full(booking: Booking, *, locked: bool = False) -> StreamFull | None:
    """Say that a booking would find its stream full, before the change is made (two queries).

    ``locked`` keeps it true until the transaction ends.
    """
    places = Places.around(booking, locked=locked)
    return StreamFull(stream=places.stream, taken=places.taken) if places and places.are_taken else None


def require_place(booking: Booking, *, overbook: bool, reason: str) -> None:
    """Refuse a booking that comes into a full stream, or is confirmed in one; a reason lets it in.

    Call it after the booking is written, in the same transaction: everybody locks the booking first and its stream
    last, so two changes cannot both take the last place, and cannot wait for each other.

    Raises:
        StreamFull: no place is left, and nobody has given a reason to go on.
    """
    full = stream_full(booking, locked=True)
    if full and not (overbook and reason.strip()):
        raise full
