"""People to whom nothing is sent."""

import pghistory
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.keys import person_constraint, person_primary_key
from users.models.triggers import create_missing_person, keep_person_totals


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class BlockedUser(models.Model):
    """A person whom nothing is sent to: they blocked the bot, or staff decided so."""

    telegram_user = person_primary_key(related_name="block")
    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True, db_default=TransactionNow())
    reason = models.TextField(_("reason"), null=True, blank=True, db_default="bot_blocked_by_user")

    class Meta:
        db_table = "blocked_users"
        verbose_name = _("blocked person")
        verbose_name_plural = _("blocked people")
        indexes = [
            # The list as it opens.
            models.Index(
                models.F("blocked_at").desc(nulls_last=True),
                models.F("telegram_user"),
                name="blocked_users_newest_first",
            ),
        ]
        constraints = [
            person_constraint("blocked_users"),
        ]
        triggers = [
            create_missing_person(username="NULL", first_name="NULL", seen_at="COALESCE(NEW.blocked_at, now())"),
            *keep_person_totals(columns=()),
        ]

    def __str__(self) -> str:
        return str(self.pk)
