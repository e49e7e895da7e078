"""Pages of a list that begin at a row instead of a number: page 5,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

P = TypeVar("P", bound=Model)

LAST = "end"  # as a place: the page at the end of the list
LARGEST_NUMBER = 2**63 - 1
LONGEST_ADDRESS = 1_000  # characters: more than the longest name that sorts, encoded


@dataclass(frozen=True)
class Place:
    """A row next to which a page lies, as the address says it: its value in the sorting column, and its id."""

    value: str | int | bool | None
    pk: int
    number: int  # of the page; 0 when one came from the end

    def encode(self) -> str:
        raw = json.dumps([self.value, self.pk, self.number], separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Self | None:
        """Read a place out of an address; None for anything that no page of ours has written."""
        if len(text) > LONGEST_ADDRESS:
            return None
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            value, pk, number = json.loads(raw)
        except (ValueError, TypeError, RecursionError):
            return None
        if not isinstance(value, str | int | None):
            return None
        whole = all(type(each) is int and abs(each) <= LARGEST_NUMBER for each in (pk, number))
        return cls(value, pk, max(0, number)) if whole else None


@dataclass(frozen=True)
class Sorting:
    """A column, and whether its largest come first; the id goes the same way and breaks ties."""

    column: str
    descending: bool

    def order(self, *, backwards: bool = False, indexed: bool = True) -> list[Any]:
        """Give the arguments of order_by; ``indexed=False`` keeps the planner off the column's index."""
        descending = self.descending != backwards
        column: Any = F(self.column) if indexed else Coalesce(self.column, self.column)
        return [each.desc() if descending else each.asc() for each in (column, F("pk"))]

    def beyond(self, place: Place, model: type[Model], *, backwards: bool) -> "RowComparison | None":
        """Compare rows with ``place``; None when it was not written for this column."""
        field: Any = model._meta.get_field(self.column) if self.column != "pk" else model._meta.pk
        try:
            value = field.to_python(place.value)
        except (ValidationError, OverflowError, TypeError):
            return None
        if not _fits_the_database(value):
            return None
        sign = "<" if self.descending != backwards else ">"
        return RowComparison(F(self.column), F("pk"), Value(value, field), Value(place.pk), sign=sign)

    def key(self, row: Model) -> tuple[Any, int]:
        """Order rows as the database does: nothing before everything, text by its letters' numbers ("C")."""
        return _never_first(row.pk if self.column == "pk" else getattr(row, self.column)), row.pk

    def is_beyond(self, row: Model, place: Place, *, backwards: bool) -> bool:
        """Say of a row what ``beyond`` asks the database."""
        field: Any = row._meta.get_field(self.column) if self.column != "pk" else row._meta.pk
        limit = (_never_first(field.to_python(place.value)), place.pk)
        return self.key(row) < limit if self.descending != backwards else self.key(row) > limit

    def place_of(self, row: Model, number: int) -> Place:
        value = row.pk if self.column == "pk" else getattr(row, self.column)
        return Place(value.isoformat() if isinstance(value, datetime) else value, row.pk, number)


def _never_first(value: Any) -> tuple[Any, ...]:
    return (0,) if value is None else (1, value)


class RowComparison(Func):
    """``(column, id) < (value, id)``: one range of the column's index, which two comparisons are not."""

    output_field = BooleanField()

    def __init__(self, *expressions: Any, sign: str) -> None:
        super().__init__(*expressions)
        self.sign = sign

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        compiled = [compiler.compile(expression) for expression in self.source_expressions]
        column, pk, value, place = (sql for sql, _params in compiled)
        params = tuple(param for _sql, each in compiled for param in each)
        return f"({column}, {pk}) {self.sign} ({value}, {place})", params


def _fits_the_database(value: Any) -> bool:
    match value:
        case str():
            return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
        case datetime():
            return timezone.is_aware(value)
        case int():
            return abs(value) <= LARGEST_NUMBER
        case _:
            return value is None


@dataclass(frozen=True)
class Slice(Generic[P]):
    """A page of rows, and the addresses of its neighbours; an empty one is of a page that does not exist."""

    rows: list[P]
    number: int  # 0: one came from the end, and nobody counted
    before: str
    after: str


def slice_of(
    rows: "QuerySet[P]",
    *,
    sorting: Sorting,
    before: str,
    after: str,
    size: int,
    indexed: bool,
    others: Sequence[P] = (),
) -> Slice[P]:
    """Cut the page before or after a place; nonsense gives the first page, ``before="end"`` the last.

    ``indexed=False`` says that the rows are few: the database then finds them first and sorts them afterwards.
    ``others`` belong to the list too, wherever the order puts them.
    """
    place = Place.decode(after or before)
    backwards = not after and bool(place or before == LAST)
    beyond = sorting.beyond(place, rows.model, backwards=backwards) if place else None
    if beyond is not None:
        rows = rows.filter(beyond)
    elif place:
        place, backwards = None, False
    found = list(rows.order_by(*sorting.order(backwards=backwards, indexed=indexed))[: size + 1])
    if others:
        found += [row for row in others if not place or sorting.is_beyond(row, place, backwards=backwards)]
        found.sort(key=sorting.key, reverse=sorting.descending != backwards)
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
        is_first, is_last = not more, place is None
    else:
        is_first, is_last = place is None, not more
    number = 1 if is_first else place.number if place else 0
    return Slice(
        rows=found,
        number=number,
        before="" if is_first or not found else sorting.place_of(found[0], number - 1 if number else 0).encode(),
        after="" if is_last or not found else sorting.place_of(found[-1], number + 1 if number else 0).encode(),
    )
