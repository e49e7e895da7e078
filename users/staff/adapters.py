"""How allauth behaves here: accounts are made by administrators only, and a stranger's tries lock out nobody."""

import logging
from base64 import b32encode, urlsafe_b64encode
from secrets import token_bytes, token_urlsafe
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.core.internal.ratelimit import RateLimitUsage, consume
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from hsl_dashboard.web.clients import client_address
from users.models import User
from users.staff.audit import record_lock_out
from users.staff.factors import factors_that_count, needs_factor

logger = logging.getLogger(__name__)

ENCRYPTED = "gAAAA"  # begins whatever Fernet made; keys of apps are in capitals, seeds of recovery codes in digits to f
KNOWN_FOR = 180 * 24 * 60 * 60  # seconds that a browser is known after its last sign-in
# Wrong passwords for one account, all addresses together: many machines must not guess without end.
ALL_TOGETHER = {"login_failed": "50/h/key"}
# A known browser has its own few tries; what others do at its address, or to its account, does not count.
FROM_KNOWN = {"login_failed": "5/5m/key"}


class StaffAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Know this browser from now on: one signed cookie for each account that signed in from it.

        Who has just signed in has said who it is, and is not asked again for a while (``confirming.py``).
        """
        response: HttpResponse = super().post_login(request, user, **kwargs)
        for given in get_authentication_records(request, user)[-1:]:
            record_authentication(request, user, method=given["method"], reauthenticated=True)
        response.set_signed_cookie(
            _cookie_of(user),
            _known_browser(request, user) or token_urlsafe(12),
            max_age=KNOWN_FOR,
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
        return response

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **options: Any
    ) -> None:
        """Say nothing of an e-mail that was not sent: without a mail server none is."""
        if settings.HAS_EMAIL or message_template != "account/messages/email_confirmation_sent.txt":
            super().add_message(request, level, message_template, *args, **options)
        else:
            messages.success(request, _("The e-mail address is added."))

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count a try: of a known browser by itself, of any other by account and address together.

        Five wrong tries of a stranger lock out the stranger. allauth's own count is by account alone.

        Raises:
            ValidationError: there were too many.
        """
        login = str(credentials.get("email") or credentials.get("username") or "").lower()
        user = User.objects.filter(Q(username__iexact=login) | Q(email__iexact=login)).first() if login else None
        account = str(user.pk) if user else login  # one account, whether its name or its e-mail is typed
        self._login_failed_rl_usage = RateLimitUsage(usage=[])  # given back when the password is right
        if user and (browser := _known_browser(request, user)):
            self._count(request, f"{account} {browser}", FROM_KNOWN)
        else:
            self._count(request, f"{account} {client_address(request)}", None)
            self._count(request, account, ALL_TOGETHER)

    def _count(self, request: HttpRequest, key: str, rates: dict[str, str] | None) -> None:
        counted = consume(request, app="allauth.account", action="login_failed", config=rates, key=key)
        if counted is None:
            record_lock_out(key.partition(" ")[0])
            raise self.validation_error("too_many_login_attempts")
        self._login_failed_rl_usage.usage += counted.usage


class StaffFactorAdapter(DefaultMFAAdapter):
    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whoever needs a second factor keeps the last one; a new one can be set up first."""
        others = factors_that_count().filter(user=authenticator.user).exclude(pk=authenticator.pk)
        is_factor = authenticator.type != Authenticator.Type.RECOVERY_CODES
        return not is_factor or not needs_factor(authenticator.user) or others.exists()

    def encrypt(self, text: str) -> str:
        """Make a key of a second factor unreadable to who reads the database or a backup; allauth stores it plain."""
        return _safe().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Give a key as it was; one that was stored before this begins otherwise than what is encrypted."""
        if not encrypted_text.startswith(ENCRYPTED):
            return encrypted_text
        try:
            return _safe().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.warning("A second factor cannot be read: it was set up with another SECRET_KEY")
            return b32encode(token_bytes(20)).decode()  # which no code fits


def _safe() -> Fernet:
    key = salted_hmac("users.staff.factors", "", settings.SECRET_KEY, algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))


def _cookie_of(user: AbstractBaseUser) -> str:
    return f"{'__Host-' if settings.SESSION_COOKIE_SECURE else ''}known-{user.pk}"


def _known_browser(request: HttpRequest, user: AbstractBaseUser) -> str:
    """What this browser was called when the account signed in from it; nothing where it never did."""
    return str(request.get_signed_cookie(_cookie_of(user), default="", max_age=KNOWN_FOR))
