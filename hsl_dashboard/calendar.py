"""Moments and days that PostgreSQL holds and Python's calendar does not: ``infinity``, the year 20000, BC."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, ClassVar, Self

from django.db.backends.signals import connection_created
from django.utils.translation import gettext as _
from psycopg import adapt, postgres
from psycopg.pq import Format

# Years in which a moment may move by a time zone or some days and stays in the calendar.
FIRST_YEAR, LAST_YEAR = 2, 9998
CALENDAR_BEGINS, CALENDAR_ENDS = (datetime(year, 1, 1, tzinfo=UTC) for year in (FIRST_YEAR, LAST_YEAR + 1))
_FAR = re.compile(r"(\d{4,6})-(\d\d)-(\d\d)(?: \d\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?\+00)?( BC)?", re.ASCII)
_FIRST_BC, _LAST = 4712, 294_275  # years of PostgreSQL's timestamps


def words() -> str:
    """Say what staff read in the place of such a date."""
    return _("date outside the calendar")


def unknown() -> str:
    """Say what staff read of something that did happen, and of which nobody wrote down when."""
    return _("time unknown")


class _Far:
    """What both share: PostgreSQL's own text, which is written back as it was read."""

    text: str

    def isoformat(self, *_args: Any, **_options: Any) -> str:
        """Give the text of the database, which its reader understands; no calendar has a better one."""
        return self.text

    def strftime(self, _format: str) -> str:
        return words()

    def __format__(self, _format: str) -> str:
        return words()

    def __str__(self) -> str:
        return words()

    def __add__(self, _other: timedelta) -> Self:
        return self

    __radd__ = __add__


class FarDay(_Far, date):
    """A day outside the calendar; it is later, or earlier, than every day inside."""

    def __new__(cls, text: str) -> Self:
        day = super().__new__(cls, *((1, 1, 2) if _is_before_all(text) else (9999, 12, 30)))
        day.text = text
        return day

    def __sub__(self, other: Any) -> Any:
        return self if isinstance(other, timedelta) else super().__sub__(other)

    def replace(self, *_parts: Any, **_named: Any) -> Self:
        return self

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return type(self), (self.text,)


class FarMoment(_Far, datetime):
    """A moment outside the calendar; it is later, or earlier, than every moment inside."""

    def __new__(cls, text: str, tz: tzinfo | None = UTC) -> Self:
        moment = super().__new__(cls, *((1, 1, 2) if _is_before_all(text) else (9999, 12, 30)), tzinfo=tz)
        moment.text = text
        return moment

    def __sub__(self, other: Any) -> Any:
        return self if isinstance(other, timedelta) else super().__sub__(other)

    def astimezone(self, tz: tzinfo | None = None) -> Self:
        return self

    def date(self) -> FarDay:
        return FarDay(self.text)

    def replace(self, *_parts: Any, **named: Any) -> Self:
        return type(self)(self.text, named.get("tzinfo", self.tzinfo))

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return type(self), (self.text, self.tzinfo)


def moment_of(text: str) -> datetime | None:
    """Read a moment with its offset as PostgreSQL or ``isoformat`` wrote it; None for anything else.

    An address may bring any text: what is read here, PostgreSQL takes.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return FarMoment(text) if _is_far(text) else None
    if moment.tzinfo is None:
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else FarMoment(text)


def _is_far(text: str) -> bool:
    if text in {"infinity", "-infinity"}:
        return True
    found = _FAR.fullmatch(text)
    if not found or ":" not in text:
        return False
    year, bc = int(found[1]), bool(found[4])
    try:
        # The Gregorian calendar repeats itself after 400 years.
        date(2000 + (1 - year if bc else year) % 400, int(found[2]), int(found[3]))
    except ValueError:
        return False
    return int(text[len(found[1]) + 7 :][:2]) < 24 and 1 <= year <= (_FIRST_BC if bc else _LAST)


def _is_before_all(text: str) -> bool:
    return text.startswith(("-", "000")) or text.endswith("BC")


# Reading and writing --------------------------------------------------------------------------------------------------


class MomentLoader(adapt.Loader):
    """Reads timestamptz; ``timezone`` is what Django looks at."""

    timezone: ClassVar[tzinfo | None] = UTC

    def load(self, data: Any) -> datetime:
        text = str(data, "ascii")
        far = UTC if self.timezone else None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return FarMoment(text, far)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            return FarMoment(text, far)
        return moment if moment.tzinfo is self.timezone else moment.astimezone(self.timezone)


class NaiveMomentLoader(MomentLoader):
    timezone = None


class DayLoader(adapt.Loader):
    def load(self, data: Any) -> date:
        text = str(data, "ascii")
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return FarDay(text)
        return day if FIRST_YEAR <= day.year <= LAST_YEAR else FarDay(text)


class FarMomentDumper(adapt.Dumper):
    oid = postgres.types["timestamptz"].oid

    def dump(self, obj: FarMoment) -> bytes:
        return obj.text.encode()


class FarDayDumper(adapt.Dumper):
    oid = postgres.types["date"].oid

    def dump(self, obj: FarDay) -> bytes:
        # The day of a moment bears the text of the moment.
        return obj.text.encode()


def read_any_date(connection: Any, **_signal: Any) -> None:
    """Let a connection read every date of PostgreSQL; a connection out of the pool knows how already."""
    adapters = connection.connection.adapters
    if adapters.get_loader(FarDayDumper.oid, Format.TEXT) is DayLoader:
        return
    zone = connection.timezone

    class LocalMomentLoader(MomentLoader):
        timezone = zone

    adapters.register_loader("timestamptz", LocalMomentLoader if zone is not UTC else MomentLoader)
    adapters.register_loader("timestamp", NaiveMomentLoader)
    adapters.register_loader("date", DayLoader)
    adapters.register_dumper(FarMoment, FarMomentDumper)
    adapters.register_dumper(FarDay, FarDayDumper)


def watch_connections() -> None:
    """Prepare every connection of this process, in whatever way it is made."""
    connection_created.connect(read_any_date, dispatch_uid="hsl_dashboard.calendar.read_any_date")
