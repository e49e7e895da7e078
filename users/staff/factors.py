"""Second factors: who must have one, from when on, and what opens until then."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from hsl_dashboard.web.api.answers import json_answer
from hsl_dashboard.web.pages import lead_to
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from users.models import User

# Sending reaches every student; administering opens everything.
NEEDED_FOR = ("messaging.send_broadcast", "users.change_user")
# What opens without the factor that is due: setting it up, signing out, language and theme.
OPEN, TOKENS = ("/accounts/", "/language/", "/theme/", "/health/", "/icons/"), "/accounts/tokens/"


def factors_that_count() -> "QuerySet[Authenticator]":
    """Second factors; recovery codes stand in for a lost one and are none themselves."""
    factors: QuerySet[Authenticator] = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    return factors


def needs_factor(user: User) -> bool:
    """Say whether somebody may send or administer, and so must have a second factor."""
    return bool(settings.SECOND_FACTOR_REQUIRED) and any(user.has_perm(permission) for permission in NEEDED_FOR)


def who_need_factors() -> "QuerySet[User]":
    """Everybody of whom :func:`needs_factor` is true, in one question."""
    if not settings.SECOND_FACTOR_REQUIRED:
        return User.objects.none()
    allowed = [Q(pk__in=User.objects.with_perm(permission).values("pk")) for permission in NEEDED_FOR]
    return User.objects.filter(reduce(or_, allowed))


def ask_for_factor(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Tell whoever needs a second factor how long they have; after that open only the page that sets it up."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User) and not getattr(request, "has_factor", False) and needs_factor(user):
            now = timezone.now()
            due_at = user.factor_due_at or _begin_grace(user, at=now)
            if due_at <= now and not _opens(request.path):
                return _refuse(request)
            request.factor_due_at = due_at  # type: ignore[attr-defined]  # base.html shows it
        return get_response(request)

    return middleware


def _begin_grace(user: User, *, at: datetime) -> datetime:
    due_at = at + timedelta(days=settings.SECOND_FACTOR_GRACE_DAYS)
    nobody_asked = User.objects.filter(pk=user.pk, factor_due_at=None)
    write_beside(SideWrite.FACTOR_DUE, partial(nobody_asked.update, factor_due_at=due_at))
    return due_at


def _opens(path: str) -> bool:
    return path.startswith(OPEN) and not path.startswith(TOKENS)


def _refuse(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return json_answer({"error": "Set up a second factor first"}, status=403)
    messages.warning(request, _("Set up a second factor first: whoever may send or administer needs one."))
    return lead_to(request, reverse("mfa_index"))
