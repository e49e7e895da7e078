"""Staff accounts, the bot's people, and what those people did."""

from typing import Self

import pghistory
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey
from users.triggers import create_missing_person


class User(AbstractUser):
    """A member of staff, who signs in to the dashboard."""

    class Meta(AbstractUser.Meta):
        db_table = "staff_user"
        verbose_name = _("staff account")  # type: ignore[assignment]  # a lazy text, as everywhere
        verbose_name_plural = _("staff accounts")  # type: ignore[assignment]


class TelegramUser(models.Model):
    """A person who talks to the bot; the bot writes the row, a trigger makes it when the bot has not yet."""

    user_id = models.BigIntegerField(_("Telegram id"), primary_key=True)
    username = models.TextField(_("username"), null=True, blank=True)
    first_name = models.TextField(_("first name"), null=True, blank=True)
    last_name = models.TextField(_("last name"), null=True, blank=True)
    language_code = models.TextField(_("language"), null=True, blank=True)
    first_seen_at = models.DateTimeField(_("first seen"), null=True, blank=True, db_default=TransactionNow())
    updated_at = models.DateTimeField(_("updated"), null=True, blank=True, db_default=TransactionNow())

    class Meta:
        db_table = "users"
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return f"{self.display_name} ({self.user_id})"

    @property
    def display_name(self) -> str:
        """First name as staff read it; «Неизвестно» where the bot has none."""
        return (self.first_name or "").strip() or str(_("Unknown"))

    @property
    def telegram_url(self) -> str:
        """Address of the person's Telegram profile; empty for somebody without a @username."""
        return f"https://t.me/{self.username}" if self.username else ""


class EventQuerySet(models.QuerySet["Event"]):
    def newest_first(self) -> Self:
        return self.order_by(models.F("created_at").desc(nulls_last=True), "-id")


class Event(models.Model):
    """Something a person did in the bot, or that the bot or staff did for them."""

    id = models.AutoField(primary_key=True)
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        db_index=False,
        related_name="events",
        verbose_name=_("person"),
    )
    event_type = models.CharField(_("event"), max_length=50)
    details = models.JSONField(_("details"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    # The bot has these two columns and leaves them NULL.
    username = models.TextField(_("username"), null=True, blank=True)
    first_name = models.TextField(_("first name"), null=True, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        db_table = "events"
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            # A person's timeline, newest first.
            models.Index("telegram_user", models.F("created_at").desc(nulls_last=True), name="events_user_created"),
            # «Смотрел»: everyone with view_program since a day.
            models.Index("event_type", models.F("created_at").desc(nulls_last=True), name="events_type_created"),
            models.Index(
                models.F("created_at").desc(nulls_last=True), models.F("id").desc(), name="events_newest_first"
            ),
        ]
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="events_user_id_fkey"),
        ]
        triggers = [
            create_missing_person(
                username="COALESCE(NEW.username, NEW.details->>'username')",
                first_name="COALESCE(NEW.first_name, NEW.details->>'first_name')",
                seen_at="COALESCE(NEW.created_at, now())",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event_type} #{self.pk}"


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
            create_missing_person(username="NULL", first_name="NULL", seen_at="COALESCE(NEW.blocked_at, now())")
        ]

    def __str__(self) -> str:
        return str(self.pk)
