"""«+3 новых — показать»: a list that is open asks every few seconds what has come since it was drawn."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hsl_dashboard.web.addresses import POSITIONS, tidy_address
from hsl_dashboard.web.mentions import read_number

SINCE, SHOWN = "newer_than", "shown"  # what the page says of itself when it asks
MOST = 99  # rows; beyond, «99+» says enough


@dataclass(frozen=True)
class News:
    """What a list shows of it: where it asks, where the new rows are, the list's id in the page, and how many."""

    poll: str
    show: str
    target: str
    count: int = 0

    @property
    def number(self) -> str:
        return f"{MOST}+" if self.count > MOST else str(self.count)


def news_since(request: HttpRequest, *, ask: str, show: str, target: str, since: int, count: int = 0) -> News:
    """Say for the page how to ask for rows above number ``since``: under the same filters, and from the list's top."""
    query = request.GET.copy()
    for name in (*POSITIONS, SINCE, SHOWN):
        query.pop(name, None)
    list_address = tidy_address(show, query)
    query[SINCE], query[SHOWN] = str(since), str(count)
    return News(tidy_address(ask, query), list_address, target, count)


def asked_since(request: HttpRequest) -> int | None:
    """Read which number the page has seen; None for anything that no page of ours asks."""
    return read_number(request.GET.get(SINCE, ""))


def news_answer(
    request: HttpRequest, rows: "QuerySet[Any]", *, ask: str, show: str, target: str, since: int
) -> HttpResponse:
    """Count the new rows, up to one more than MOST; 204 while the page shows that number already."""
    count = len(rows.order_by().values_list("pk", flat=True)[: MOST + 1])
    if str(count) == request.GET.get(SHOWN, "0"):
        return HttpResponse(status=204)
    news = news_since(request, ask=ask, show=show, target=target, since=since, count=count)
    return render(request, "_shared/_news.html", {"news": news})
