"""People to whom nothing is sent."""

import pghistory
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey
from users.models.people import TelegramUser
from users.models.triggers import create_missing_person, keep_person_totals


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class BlockedUser(models.Model):
    """A person whom nothing is sent to: they blocked the bot, or staff decided so."""

    telegram_user = models.OneToOneField(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        primary_key=True,
        related_name="block",
        verbose_name=_("person"),
    )
    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True, db_default=TransactionNow())
    reason = models.TextField(_("reason"), null=True, blank=True, db_default="bot_blocked_by_user")

    class Meta:
        db_table = "blocked_users"
        verbose_name = _("blocked person")
        verbose_name_plural = _("blocked people")
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="blocked_users_user_id_fkey"),
        ]
        triggers = [
            create_missing_person(username="NULL", first_name="NULL", seen_at="COALESCE(NEW.blocked_at, now())"),
            *keep_person_totals(columns=()),
        ]

    def __str__(self) -> str:
        return str(self.pk)
