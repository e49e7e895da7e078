"""Pages of a list that begin at a row instead of a number: page 5,000 costs what page 1 costs."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import BooleanField, DateTimeField, F, Func, Model, QuerySet, TextField, Value
from django.utils import timezone

from hsl_dashboard.calendar import moment_of
from hsl_dashboard.db import LARGEST_BIGINT, is_storable, run_sql

P = TypeVar("P", bound=Model)

LAST = "end"  # as a place: the page at the end of the list
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
        whole = all(type(each) is int and abs(each) <= LARGEST_BIGINT for each in (pk, number))
        return cls(value, pk, max(0, number)) if whole else None


@dataclass(frozen=True)
class Sorting:
    """A column, and whether its largest come first; the id goes the same way and breaks ties."""

    column: str
    descending: bool

    def order(self, *, backwards: bool = False) -> list[Any]:
        """Give the arguments of order_by."""
        descending = self.descending != backwards
        return [each.desc() if descending else each.asc() for each in (F(self.column), F("pk"))]

    def beyond(self, place: Place, model: type[Model], *, backwards: bool) -> "RowComparison | None":
        """Compare rows with ``place``; None when it was not written for this column."""
        field = self._field(model)
        try:
            value = self._value(field, place)
        except (ValidationError, OverflowError, TypeError):
            return None
        if not _fits_the_database(value):
            return None
        sign = "<" if self.descending != backwards else ">"
        return RowComparison(F(self.column), F("pk"), Value(value, field), Value(place.pk), sign=sign)

    def stored(self, place: Place, model: type[Model]) -> Any:
        """Give the value of a place as the database keeps it; ``beyond`` has said that it can."""
        field = self._field(model)
        return field.get_db_prep_value(self._value(field, place), connection)

    def key(self, row: Model) -> tuple[Any, int]:
        """Order rows as the database does: nothing before everything, text by its letters' numbers ("C")."""
        return _never_first(row.pk if self.column == "pk" else getattr(row, self.column)), row.pk

    def is_beyond(self, row: Model, place: Place, *, backwards: bool) -> bool:
        """Say of a row what ``beyond`` asks the database."""
        limit = (_never_first(self._value(self._field(type(row)), place)), place.pk)
        return self.key(row) < limit if self.descending != backwards else self.key(row) > limit

    def place_of(self, row: Model, number: int) -> Place:
        value = row.pk if self.column == "pk" else getattr(row, self.column)
        return Place(value.isoformat() if isinstance(value, datetime) else value, row.pk, number)

    @staticmethod
    def _value(field: Any, place: Place) -> Any:
        if isinstance(field, DateTimeField) and isinstance(place.value, str):
            return moment_of(place.value) or field.to_python(place.value)
        return field.to_python(place.value)

    def _field(self, model: type[Model]) -> Any:
        return model._meta.get_field(self.column) if self.column != "pk" else model._meta.pk


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
            return is_storable(value)
        case datetime():
            return timezone.is_aware(value)
        case int():
            return abs(value) <= LARGEST_BIGINT
        case _:
            return value is None


@dataclass(frozen=True)
class Slice(Generic[P]):
    """A page of rows, and the addresses of its neighbours; an empty one is of a page that does not exist."""

    rows: list[P]
    number: int  # 0: unknown, since the reader came from the end
    before: str
    after: str
    counted: int | None  # rows of the whole list; None: not asked for


def slice_of(
    rows: "QuerySet[P]",
    *,
    sorting: Sorting,
    before: str,
    after: str,
    size: int,
    listed: int,
    others: Sequence[P] = (),
    related: Sequence[str] = (),
) -> Slice[P]:
    """Cut the page before or after a place; nonsense gives the first page, ``before="end"`` the last.

    Rows up to ``listed`` are found first, counted and then sorted; where they are more, the order is walked.
    ``others`` belong to the list too, wherever the order puts them; they are not counted. ``related`` is read with
    the rows of the page: where an order is walked after them, lest it be sorted with them; else in one query.
    """
    place = Place.decode(after or before)
    backwards = not after and bool(place or before == LAST)
    beyond = sorting.beyond(place, rows.model, backwards=backwards) if place else None
    if place and beyond is None:
        place, backwards = None, False
    counted, found = (
        _listed(rows, sorting=sorting, place=place, backwards=backwards, most=listed, size=size + 1, related=related)
        if listed
        else (None, None)
    )
    if found is None:
        rest = rows if beyond is None else rows.filter(beyond)
        found = list(rest.prefetch_related(*related).order_by(*sorting.order(backwards=backwards))[: size + 1])
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
        counted=counted,
    )


class _AsStored(Func):
    """A column as it is, without what its field makes of it for Python."""

    template = "%(expressions)s"
    output_field = TextField()


def _listed(
    rows: "QuerySet[P]",
    *,
    sorting: Sorting,
    place: Place | None,
    backwards: bool,
    most: int,
    size: int,
    related: Sequence[str],
) -> tuple[int, list[P] | None]:
    """Count up to one more than ``most``, and cut the page unless there are more; two queries."""
    all_of_them = rows.order_by().annotate(sort_value=_AsStored(F(sorting.column))).values_list("pk", "sort_value")
    try:
        query, params = all_of_them[: most + 1].query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return 0, []
    ascends = sorting.descending == backwards
    direction, sign = ("ASC", ">") if ascends else ("DESC", "<")
    beyond = f"WHERE (sort_value, pk) {sign} (%s, %s)" if place else ""
    limit = [sorting.stored(place, rows.model), place.pk] if place else []
    [(number, pks)] = run_sql(
        f"WITH kept (pk, sort_value) AS MATERIALIZED ({query})"  # noqa: S608 - the query is Django's
        " SELECT (SELECT count(*) FROM kept), ARRAY("
        f"SELECT pk FROM kept {beyond} ORDER BY sort_value {direction}, pk {direction} LIMIT {size})",
        [*params, *limit],
    )
    if number > most:
        return number, None
    with_related = rows.select_related(*related) if related else rows
    found = {row.pk: row for row in with_related.filter(pk__in=pks)}
    return number, [found[pk] for pk in pks if pk in found]
