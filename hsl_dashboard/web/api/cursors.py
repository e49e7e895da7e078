"""Growing lists, piece by piece: a cursor beside ``limit``, and the next piece's address in the header ``Link``."""

from datetime import datetime
from typing import Any, TypeVar

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


def by_key(rows: "QuerySet[Any, Any]", *, cursor: str, limit: int = WHOLE, key: str = "pk") -> tuple[list[Any], str]:
    """A piece of a list of ``values()`` in the order of its key, and the cursor of the next piece."""
    place = place_in(cursor)
    if place is not None:
        rows = rows.filter(**{f"{key}__gt": place.pk})
    found = list(rows.order_by(key)[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    return found, Place(None, found[-1][key], 0).encode() if more else ""


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


def newest_first(
    rows: "QuerySet[R]", *, column: str, cursor: str, limit: int, skip: int = 0, undated_first: bool = True
) -> tuple[list[R], str]:
    """A piece of a list by a moment, the newest first; those without one stand before all, as they always did, or last.

    ``skip`` rows are passed over where no cursor says where it begins.
    """
    place = place_in(cursor)
    if skip and place is None:
        order = F(column).desc(nulls_first=True) if undated_first else F(column).desc(nulls_last=True)
        found = list(rows.order_by(order, "-pk")[skip : skip + limit + 1])
    else:
        found = []
        for part in _parts(rows, column, place, undated_first=undated_first):
            found += list(part[: limit + 1 - len(found)]) if len(found) <= limit else []
    more, found = len(found) > limit, found[:limit]
    return found, _cursor_of(found[-1], column) if more else ""


def _parts(rows: "QuerySet[R]", column: str, place: Place | None, *, undated_first: bool) -> "list[QuerySet[R]]":
    """The rows with a moment and those without one, each in its order, as far as they come after ``place``."""
    if not rows.model._meta.get_field(column).null:
        # Of a column that is never NULL an index need not say where NULL stands, and then only a plain order fits it.
        dated = rows.order_by(F(column).desc(), F("pk").desc())
        return [dated if place is None else _after(dated, column, place)]
    undated = rows.filter(**{column: None}).order_by("-pk")
    dated = rows.exclude(**{column: None}).order_by(F(column).desc(nulls_last=True), "-pk")
    if place is None:
        return [undated, dated] if undated_first else [dated, undated]
    if place.value is None:
        return [undated.filter(pk__lt=place.pk), *([dated] if undated_first else [])]
    return [_after(dated, column, place), *([] if undated_first else [undated])]


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
