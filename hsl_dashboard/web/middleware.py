"""Middleware of our own: Russian unless one chooses, no page in caches, when a session was seen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from pghistory.middleware import HistoryMiddleware

SEEN_EVERY = timedelta(minutes=1)  # as exact as the list of sessions shows it


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


def session_activity(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Note when and from where a session was last used: once a minute, where allauth's own writes at every request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and request.session.session_key and not _seen_lately(request):
            UserSession.objects.create_from_request(request)
        return get_response(request)

    return middleware


def _seen_lately(request: HttpRequest) -> bool:
    length = UserSession._meta.get_field("user_agent").max_length
    seen: bool = UserSession.objects.filter(
        session_key=request.session.session_key,
        ip=get_adapter().get_client_ip(request),
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:length],
        last_seen_at__gt=timezone.now() - SEEN_EVERY,
    ).exists()
    return seen


class AuditMiddleware(HistoryMiddleware):
    """Give the audit's context who asks and, as ``origin``, from where: BookingChange.Origin has the words."""

    def get_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add ``origin`` and ``address`` to pghistory's ``user`` and ``url``."""
        origin = "admin" if request.path.startswith(reverse("admin:index")) else "page"
        address = get_adapter().get_client_ip(request)
        return {**super().get_context(request), "origin": origin, "address": address}
