"""A page with every component of docs/design-system.md, served to the browser tests only (settings.ROOT_URLCONF)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.utils import timezone

from bookings.statistics import StatusCounts
from hsl_dashboard.urls import urlpatterns as product

TEMPLATE = Path(__file__).with_name("gallery.html")
STATUSES = [2, 1, 0, -1, 7]


@dataclass(frozen=True)
class Person:
    pk: int
    display_name: str
    username: str | None

    @property
    def telegram_url(self) -> str:
        return f"https://t.me/{self.username}"


PEOPLE = [
    Person(5_000_000_001, "Анна", "anna_dev"),
    Person(7_123_456_789, "Константин-Александр Преображенский-Тугодумов", "kostya"),
    Person(42, "<script>alert(1)</script>", None),
    Person(5_000_000_004, "Ж" * 64, "a" * 32),
    Person(5_000_000_005, "مرحبا", "rtl_name"),
]


def gallery(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    rows = [{"person": person, "status": status} for person, status in zip(PEOPLE, STATUSES, strict=True)]
    context: dict[str, Any] = {
        "rows": rows,
        "now": now,
        "page": Paginator(range(1234), 50).get_page(request.GET.get("page")),
        "sort": request.GET.get("sort", "-created_at"),
        "active_filters": [
            {"label": "Статус", "value": "В ожидании", "address": "/gallery/?stream=8"},
            {"label": "Поток", "value": "8-й поток", "address": "/gallery/?status=1"},
        ],
        "counts": StatusCounts(confirmed=60, pending=20, new=3, cancelled=12, unknown=1),
        "posted": request.POST.get("act", ""),
    }
    return HttpResponse(engines["django"].from_string(TEMPLATE.read_text()).render(context, request))


def gallery_piece(request: HttpRequest) -> HttpResponse:
    return HttpResponse('<p id="piece">Готово</p>')


def gallery_dialog(request: HttpRequest) -> HttpResponse:
    return HttpResponse(
        '<dialog data-open id="brought" aria-label="История"><article><p>Привезён</p></article></dialog>'
    )


def gallery_status(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f'<p id="piece">{int(request.POST["status"])}</p>')


urlpatterns = [
    path("gallery/", gallery),
    path("gallery/piece/", gallery_piece),
    path("gallery/dialog/", gallery_dialog),
    path("gallery/status/", gallery_status),
    *product,
]
