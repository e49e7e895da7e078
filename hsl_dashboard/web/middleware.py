"""Middleware of our own: limits of pages, language, caches, what the admin refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.admin.options import TO_FIELD_VAR
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from pghistory.middleware import HistoryMiddleware

from hsl_dashboard.availability.limits import PAGE, within
from hsl_dashboard.availability.outages import was_busy_lately
from hsl_dashboard.web import logs

HURRIED = 0.5  # seconds for a lock while something is locked: pages that need nothing of it get their threads


def name_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware around everything: each line of a request, and the answer, carries ``X-Request-ID``."""
    # Not at the end of the middleware: Django logs a refusal behind it, and a stream is read later still.
    request_finished.connect(_forget_name, dispatch_uid="hsl_dashboard.forget_name")

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        name = given if logs.ACCEPTED.fullmatch(given) else uuid4().hex
        logs.request_id.set(name)
        response = get_response(request)
        response["X-Request-ID"] = name
        return response

    return middleware


def _forget_name(**_kwargs: Any) -> None:
    logs.request_id.set("")


def limit_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give the statements of a page little time: somebody waits for it, and a thread with them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with within(replace(PAGE, lock=min(PAGE.lock, HURRIED)) if was_busy_lately() else PAGE):
            return get_response(request)

    return middleware


def language_by_choice(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Stand before LocaleMiddleware, so that it follows the cookie of the language switch and nothing else.

    The school works in Russian. A browser installed in English says nothing about its owner.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        return get_response(request)

    return middleware


def keep_out_of_caches(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Tell browsers and proxies to keep no page that somebody signed in for: after signing out, «back» shows none.

    OWASP ASVS 5.0, 14.3.2.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware


# What no page of ours uses; passkeys need the two that are left to ourselves.
PERMISSIONS = ", ".join(
    [
        *(f"{name}=()" for name in (
            "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
            "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi",
            "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
        )),
        "publickey-credentials-create=(self)", "publickey-credentials-get=(self)",
    ]
)  # fmt: skip


def protect_pages(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Tell browsers what no page and no file of ours may do, who may load them, and where to report. ASVS 5.0, 3.4."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response.setdefault("Reporting-Endpoints", f'csp="{settings.REPORTS_ADDRESS}"')
        return response

    return middleware


def clear_after_sign_out(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Have the browser forget pages and storage of whoever signs out; cookies of theme and language stay."""

    def middleware(request: HttpRequest) -> HttpResponse:
        was_in = request.user.is_authenticated
        response = get_response(request)
        if was_in and not request.user.is_authenticated:
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return middleware


def explain_refusals(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give a page to refusals that have none: an address that only takes forms, opened by hand or after a sign-in.

    Browsers show an error of their own in place of an empty answer, as if the dashboard did not work.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_bare = response.status_code in (400, 405) and not response.streaming and not response.content
        if not is_bare or request.path.startswith("/api/") or request.headers.get("HX-Request"):
            return response
        page = render(request, f"{response.status_code}.html", status=response.status_code)
        for name, value in response.items():
            page.headers.setdefault(name, value)
        return page

    return middleware


class LibraryRefusals:
    """Answer 4xx to what the pages of libraries fail at.

    In the Django admin: a NUL, which no text in PostgreSQL holds, odd POSTs, a row by no field. On allauth's pages: a
    ``next`` that is no address.
    """

    ONLY_READ = ("_history", "autocomplete", "jsi18n", "view_on_site")  # the ends of names of its addresses

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.app_name != "admin":
            is_allauths = request.path.startswith("/accounts/")
            return HttpResponseBadRequest() if is_allauths and _leads_nowhere(request) else None
        if request.method == "POST" and (match.url_name or "").endswith(self.ONLY_READ):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        asks_for_nothing = "" in (request.GET.get(TO_FIELD_VAR), request.POST.get(TO_FIELD_VAR))
        return HttpResponseBadRequest() if asks_for_nothing or "\0" in unquote(request.get_full_path()) else None


def _leads_nowhere(request: HttpRequest) -> bool:
    try:
        for values in (request.GET, request.POST):
            urlsplit(values.get(REDIRECT_FIELD_NAME, ""))
    except ValueError:
        return True
    return False


class AuditMiddleware(HistoryMiddleware):
    """Give the audit's context who asks and, as ``origin``, from where: BookingChange.Origin has the words."""

    def get_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add to pghistory's ``user`` and ``url`` what the audit keeps; ``request`` is its id in the logs."""
        origin = "admin" if request.path.startswith(reverse("admin:index")) else "page"
        address = get_adapter().get_client_ip(request)
        context = {**super().get_context(request), "origin": origin, "address": address}
        return {**context, "request": logs.request_id.get()}
