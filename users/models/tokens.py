"""Tokens of the API, and the answers that it gives again to a request that comes twice."""

import hashlib
import secrets
from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from users.models.staff import User

BEGINNING = "hsl_"  # by which a token is known where it should not be, and taken out of logs
SHOWN = len(BEGINNING) + 6  # characters by which its owner recognises it


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")


class ApiToken(models.Model):
    """What a program signs in with, in the name of a member of staff; the secret itself is stored nowhere."""

    class Scope(models.TextChoices):
        READ = "read", _("Read people, bookings, messages and numbers; e-mails masked")
        PERSONAL = "personal", _("See e-mail addresses in full; each look is written down")
        BOOKINGS = "bookings", _("Change bookings")
        MESSAGES = "messages", _("Send, schedule and delete messages")

    owner = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name=_("owner"))
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=60)
    beginning = models.CharField(_("first characters"), max_length=20)
    digest = models.CharField(_("hash of the token"), max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), verbose_name=_("scopes"))
    created_at = models.DateTimeField(_("created"), db_default=TransactionNow())
    expires_at = models.DateTimeField(_("expires"), null=True)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    last_used_from = models.CharField(_("last used from"), max_length=45, blank=True, db_default="")
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        default_permissions = ()
        permissions = [("manage_apitokens", _("Can see and revoke the API tokens of others"))]

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"

    def is_usable(self, *, at: datetime) -> bool:
        return self.revoked_at is None and not self.is_expired(at=at)

    def is_expired(self, *, at: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    @property
    def scope_labels(self) -> list[str]:
        return [str(self.Scope(scope).label) for scope in self.scopes if scope in self.Scope.values]


def new_secret() -> str:
    return BEGINNING + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """SHA-256: 256 random bits need no slow hash, and one index finds them."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


class ApiAnswer(models.Model):
    """What was answered to a request with an Idempotency-Key, to be answered again for a day."""

    caller = models.CharField(max_length=40)  # "token:5" or "user:3"
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)  # of method, address and body
    status = models.SmallIntegerField(null=True)  # NULL: at work on it
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=TransactionNow(), db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="users_apianswer_once")]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
