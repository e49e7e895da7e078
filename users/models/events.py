"""What people did, in the bot's words."""

from typing import Self

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import gettext_lazy as _

from users.models.keys import person_constraint, person_key
from users.models.triggers import create_missing_person, mark_for_counting, mark_for_numbers

# Written in a person's name by staff, the school's rules or Telegram: nothing that the person did. Everything else is
# one of "their own events". The SQL functions that count people name the same types; a test compares.
NOT_THEIR_OWN = (
    "booking_status_changed",
    "payment_approved",
    "free_lesson_reminder_sent",
    "stats_requested",
    "referral_created",
    "bot_blocked",
)


class EventQuerySet(models.QuerySet["Event"]):
    def own(self) -> Self:
        """Keep what people did themselves."""
        return self.exclude(event_type__in=NOT_THEIR_OWN)

    def newest_first(self) -> Self:
        return self.order_by(models.F("created_at").desc(nulls_last=True), "-id")


class Event(models.Model):
    """Something a person did in the bot, or that the bot or staff did for them."""

    id = models.AutoField(primary_key=True)
    telegram_user = person_key(related_name="events", db_index=False)
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
            # The history of one booking. ->> reads a number and a string alike; few events are of this kind.
            models.Index(
                KeyTextTransform("booking_id", "details"),
                condition=models.Q(event_type="booking_status_changed"),
                name="events_booking_history",
            ),
        ]
        constraints = [
            person_constraint("events"),
        ]
        triggers = [
            create_missing_person(
                username="COALESCE(NEW.username, NEW.details->>'username')",
                first_name="COALESCE(NEW.first_name, NEW.details->>'first_name')",
                seen_at="COALESCE(NEW.created_at, now())",
            ),
            *mark_for_counting(at="created_at", about="NEW.event_type", columns=("created_at", "event_type")),
            *mark_for_numbers(at="created_at", columns=("event_type", "details")),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} #{self.pk}"
