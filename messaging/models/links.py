"""The Telegram accounts that staff linked to their own."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from users.models import BlockedUser, TelegramUser


class TelegramLinkQuerySet(models.QuerySet["TelegramLink"]):
    def reachable(self) -> Self:
        """Those of colleagues whom the bot can write to."""
        blocked = BlockedUser.objects.filter(pk=OuterRef("telegram_user"))
        return self.filter(~Exists(blocked), user__is_active=True, linked_at__isnull=False)


class TelegramLink(models.Model):
    """A member of staff's own Telegram account, proved by a one-time code that the bot brought there."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="telegram_link", verbose_name=_("staff account")
    )
    telegram_user = models.ForeignKey(
        TelegramUser, models.CASCADE, db_constraint=False, related_name="+", verbose_name=_("person")
    )
    linked_at = models.DateTimeField(_("linked"), null=True)
    # While it waits for its code; empty until the bot has drawn one.
    code_hash = models.CharField(_("code"), max_length=200, blank=True)
    code_sent_at = models.DateTimeField(_("code sent"), null=True)
    attempts_left = models.PositiveSmallIntegerField(_("attempts left"), default=0)
    code_broadcast = models.ForeignKey(
        "messaging.Broadcast", models.SET_NULL, null=True, related_name="+", verbose_name=_("message with the code")
    )
    wants_reports = models.BooleanField(_("reports about one's own messages"), default=True, db_default=True)

    objects = TelegramLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("linked Telegram account")
        verbose_name_plural = _("linked Telegram accounts")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.telegram_user_id}"
