"""Sessions of staff: when they were last seen, when they are over, and how they are ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from hsl_dashboard.web.clients import client_address
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from users.models import User
from users.staff.factors import factors_that_count

SEEN_EVERY = timedelta(minutes=1)  # as exact as the list of sessions shows it
POLL = "X-Poll"  # what a page asks by itself (static/js/polling.js)


@dataclass(frozen=True)
class Limits:
    """A session is over when it was last seen before ``seen``, or began before ``begun``."""

    seen: datetime
    begun: datetime

    @classmethod
    def at(cls, now: datetime) -> Self:
        idle, whole = timedelta(seconds=settings.SESSION_IDLE), timedelta(seconds=settings.SESSION_COOKIE_AGE)
        return cls(seen=now - idle, begun=now - whole)


def hold_sessions(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """End a session that is over, before any page looks who asks; note when and from where another was used.

    A session without its row is over: staff end sessions by deleting rows, and so does the trigger when a password, a
    role or an account changes. OWASP ASVS 5.0, 7.3 and 7.4.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            _hold(request)
        return get_response(request)

    return middleware


def remember_session(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Receiver of Django's own signal: however somebody signs in, the session has its row."""
    UserSession.objects.create_from_request(request, user=user)


def live_sessions(*, of: User | None = None, at: datetime) -> "list[UserSession]":
    """Give the sessions that are not over, the latest first: of one member of staff, or of all."""
    limits = Limits.at(at)
    sessions = UserSession.objects.filter(last_seen_at__gte=limits.seen, created_at__gte=limits.begun)
    return list((sessions.filter(user=of) if of else sessions).order_by("-last_seen_at", "-pk"))


def end_sessions(*, of: User) -> int:
    """End all sessions of a member of staff; give how many there were."""
    with transaction.atomic():
        sessions = UserSession.objects.filter(user=of)
        keys = list(sessions.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        sessions.delete()
    return len(keys)


def _hold(request: HttpRequest) -> None:
    now = timezone.now()
    sessions = UserSession.objects.filter(session_key=request.session.session_key, user=request.user.pk)
    if settings.SECOND_FACTOR_REQUIRED:  # known with the same query
        sessions = sessions.annotate(has_factor=Exists(factors_that_count().filter(user=OuterRef("user"))))
    session, limits = sessions.first(), Limits.at(now)
    if session is None or session.last_seen_at < limits.seen or session.created_at < limits.begun:
        _end(request, session)
        return
    request.has_factor = getattr(session, "has_factor", False)  # type: ignore[attr-defined]  # factors.py reads it
    if POLL in request.headers:  # nobody is there: a page that is left open must not keep its session alive
        return
    length = UserSession._meta.get_field("user_agent").max_length
    client = {"ip": client_address(request), "user_agent": request.META.get("HTTP_USER_AGENT", "")[:length]}
    if session.last_seen_at <= now - SEEN_EVERY or any(getattr(session, name) != client[name] for name in client):
        seen = UserSession.objects.filter(pk=session.pk)
        write_beside(SideWrite.SESSION_SEEN, partial(seen.update, last_seen_at=now, **client))


def _end(request: HttpRequest, session: UserSession | None) -> None:
    """Forget the session where the database takes that; in any case nobody is signed in for this request."""

    def forget() -> None:
        request.session.flush()
        if session is not None:
            session.delete()

    write_beside(SideWrite.SESSION_ENDED, forget)
    request.user = AnonymousUser()
