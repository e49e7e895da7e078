"""Lists that staff open again and again, under a name; and the addresses at which spreadsheets read them."""

import secrets
from typing import Self

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from users.models.staff import User
from users.models.tokens import BEGINNING

FEED = f"{BEGINNING}feed_"  # begins like every token, so that the same filter takes it out of logs
LONGEST_ADDRESS = 2_000  # characters
SHOWN = len(FEED) + 6


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def seen_by(self, user: User) -> Self:
        """Keep one's own, and what others share."""
        return self.filter(models.Q(owner=user) | models.Q(is_shared=True))

    def by_name(self) -> Self:
        return self.order_by("name", "pk")


class SavedView(models.Model):
    """A list with its filters under a name; its feed is an address of its own for spreadsheets."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="saved_views", verbose_name=_("owner"))
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=60)
    path = models.CharField(_("page"), max_length=300)
    query = models.CharField(_("filters"), max_length=LONGEST_ADDRESS, blank=True)
    is_shared = models.BooleanField(_("shared"), db_default=False)
    # The navigation opens it instead of the whole list.
    is_default = models.BooleanField(pgettext_lazy("of a saved view", "default"), db_default=False)
    created_at = models.DateTimeField(_("created"), db_default=TransactionNow())
    feed_digest = models.CharField(max_length=64, null=True, unique=True)
    feed_beginning = models.CharField(max_length=20, blank=True, db_default="")
    feed_emails = models.BooleanField(_("with e-mails"), db_default=False)
    feed_used_at = models.DateTimeField(_("last read"), null=True)
    feed_used_from = models.CharField(_("last read from"), max_length=45, blank=True, db_default="")

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        default_permissions = ()
        permissions = [("share_view", _("Can share saved views"))]
        indexes = [
            models.Index(fields=["is_shared"], condition=models.Q(is_shared=True), name="users_savedview_shared")
        ]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="users_savedview_name"),
            models.UniqueConstraint(
                fields=["owner", "path"], condition=models.Q(is_default=True), name="users_savedview_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def has_feed(self) -> bool:
        return self.feed_digest is not None


def new_feed_secret() -> str:
    return FEED + secrets.token_urlsafe(32)
