"""Growing lists, piece by piece: a cursor beside ``limit``, and the next piece's address in the header ``Link``."""

from datetime import datetime
from typing import TypeVar

from django.db.models import F, Model, QuerySet, Value
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime

from hsl_dashboard.db import is_storable
from hsl_dashboard.web.api.answers import ApiError
from hsl_dashboard.web.keyset import Place, RowComparison, Sorting

R = TypeVar("R", bound=Model)

WHOLE = 10_000  # rows: what a list gives at once when no limit is asked for
INVALID_CURSOR = "Invalid cursor"


def place_in(cursor: str) -> Place | None:
    """Read a cursor; without one the list starts at its beginning.

    Raises:
        ApiError: we did not make this cursor.
    """
    if not cursor:
        return None
    place = Place.decode(cursor)
    if place is None or (isinstance(place.value, str) and not is_storable(place.value)):
        raise ApiError(400, INVALID_CURSOR)
    return place


def by_key(rows: "QuerySet[R]", *, cursor: str, limit: int = WHOLE) -> tuple[list[R], str]:
    """A piece of a list in the order of its key, and the cursor of the next piece."""
    place = place_in(cursor)
    if place is not None:
        rows = rows.filter(pk__gt=place.pk)
    found = list(rows.order_by("pk")[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    return found, Place(None, found[-1].pk, 0).encode() if more else ""


def by_sorting(rows: "QuerySet[R]", sorting: Sorting, *, cursor: str, limit: int, skip: int) -> tuple[list[R], str]:
    """A piece of a list in an order of the pages; ``skip`` rows are passed over where there is no cursor."""
    place = place_in(cursor)
    if place is not None:
        beyond, skip = sorting.beyond(place, rows.model, backwards=False), 0
        if beyond is None:
            raise ApiError(400, INVALID_CURSOR)
        rows = rows.filter(beyond)
    found = list(rows.order_by(*sorting.order())[skip : skip + limit + 1])
    more, found = len(found) > limit, found[:limit]
    return found, sorting.place_of(found[-1], 0).encode() if more else ""


def newest_first(rows: "QuerySet[R]", *, column: str, cursor: str, limit: int, skip: int = 0) -> tuple[list[R], str]:
    """A piece of a list by a moment, the newest first; those without one stand before all, as they always did.

    ``skip`` rows are passed over where no cursor says where it begins.
    """
    place = place_in(cursor)
    if skip and place is None:
        found = list(rows.order_by(F(column).desc(nulls_first=True), "-pk")[skip : skip + limit + 1])
        return found[:limit], _cursor_of(found[limit - 1], column) if len(found) > limit else ""
    undated, dated = rows.filter(**{column: None}).order_by("-pk"), rows.exclude(**{column: None})
    found = []
    if place is None or place.value is None:
        before = undated if place is None else undated.filter(pk__lt=place.pk)
        found = list(before[: limit + 1])
    if len(found) <= limit:
        if place is not None and place.value is not None:
            dated = _after(dated, column, place)
        found += list(dated.order_by(F(column).desc(nulls_last=True), "-pk")[: limit + 1 - len(found)])
    more, found = len(found) > limit, found[:limit]
    return found, _cursor_of(found[-1], column) if more else ""


def _after(rows: "QuerySet[R]", column: str, place: Place) -> "QuerySet[R]":
    try:
        moment = parse_datetime(str(place.value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ApiError(400, INVALID_CURSOR)
    # One range of the index on (moment, key).
    return rows.filter(RowComparison(F(column), F("pk"), Value(moment), Value(place.pk), sign="<"))


def _cursor_of(row: Model, column: str) -> str:
    moment: datetime | None = getattr(row, column)
    return Place(moment.isoformat() if moment else None, row.pk, 0).encode()


def link_next(request: HttpRequest, response: HttpResponse, cursor: str) -> None:
    """Say where the next piece is, if there is one; the cursor alone too, which needs no reading of the address."""
    if cursor:
        query = request.GET.copy()
        query["cursor"] = cursor
        response["Link"] = f'<{request.path}?{query.urlencode()}>; rel="next"'
        response["X-Next-Cursor"] = cursor
