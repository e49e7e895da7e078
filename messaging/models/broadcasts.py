"""A message to one person or many, from its planned moment to its end."""

from datetime import datetime
from typing import Any, Self

import pghistory
from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.models.recipient_types import RecipientType
from messaging.models.triggers import hold_foreign_schedule
from messaging.quiet_hours import is_quiet


class BroadcastQuerySet(models.QuerySet["Broadcast"]):
    def sending(self) -> Self:
        return self.filter(state=Broadcast.State.SENDING)

    def scheduled(self) -> Self:
        return self.filter(state=Broadcast.State.SCHEDULED)

    def outside_quiet_hours(self, at: datetime) -> Self:
        """Exclude automated broadcasts during quiet hours."""
        return self.exclude(recipient_type=RecipientType.AUTOMATION) if is_quiet(at) else self

    def update_as_ours(self, **changes: Any) -> int:
        """Update rows and take them over: the previous dashboard sends rows with a ``scheduled_at``."""
        moment = {"starts_at": Coalesce("starts_at", "scheduled_at"), "scheduled_at": None}
        return self.update(**moment | changes)

    def newest_first(self) -> Self:
        return self.order_by(models.F("created_at").desc(nulls_last=True), "-id")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    # What staff do with its recipients changes no column of the broadcast (delivery.services.note_act).
    pghistory.ManualEvent("retried"),  # type: ignore[no-untyped-call]
    pghistory.ManualEvent("sent_again"),  # type: ignore[no-untyped-call]
    pghistory.ManualEvent("counted_delivered"),  # type: ignore[no-untyped-call]
    # What the engine counts and notes while it sends is no decision of anybody.
    exclude=["total_recipients", "successful_deliveries", "halted_until", "media_file_id", "sent_at"],
)
class Broadcast(models.Model):
    """A message to one person or many; what is still being written is a Draft, and no row here."""

    class State(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        CANCELLED = "cancelled", _("Cancelled (broadcast)")
        FINISHED = "finished", _("Finished")
        # Its time passed while nobody was sending: a person decides.
        HELD = "held", _("Held")

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        PHOTO = "photo", _("Photo")
        VIDEO = "video", _("Video")
        DOCUMENT = "document", _("Document")

    id = models.AutoField(primary_key=True)
    # For staff alone; without one, the first words of the text serve.
    name = models.TextField(pgettext_lazy("of a thing", "name"), blank=True, db_default="")
    # HTML as Telegram reads it; the caption where there is a photo, video or document.
    message_text = models.TextField(_("text"))
    # These two are for the previous dashboard's readers and are recounted from the rows (lifecycle.recount).
    total_recipients = models.IntegerField(_("recipients"), null=True, blank=True, db_default=0)
    successful_deliveries = models.IntegerField(_("delivered"), null=True, blank=True, db_default=0)
    # Never NULL in a row of ours, not even before it is sent: the previous dashboard's history sorts by it.
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True, db_default=TransactionNow())
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    recipient_type = models.TextField(
        _("recipient type"), null=True, blank=True, db_default=RecipientType.INDIVIDUAL.value
    )
    recipient_group = models.TextField(_("recipient group"), null=True, blank=True)
    # The previous dashboard's scheduler sends every row whose scheduled_at has come and that nobody got yet. In a row
    # of ours it stays empty, and our own moment stands in starts_at.
    scheduled_at = models.DateTimeField(_("scheduled for"), null=True, blank=True)
    starts_at = models.DateTimeField(_("planned start"), null=True, blank=True)

    # A row of the previous dashboard says nothing about states: it is that dashboard's to send, never ours.
    state = models.CharField(_("state"), max_length=20, choices=State, db_default=State.FINISHED)
    state_reason = models.TextField(_("why it is paused, held or cancelled"), blank=True, db_default="")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, db_default=Kind.TEXT)
    media_file_id = models.TextField(_("Telegram file_id"), blank=True, db_default="")
    # Stored under a random name; students see the one it came with.
    media_upload = models.FileField(_("file"), upload_to="broadcasts/", max_length=200, blank=True, db_default="")
    media_name = models.TextField(_("name of the file"), blank=True, db_default="")
    # Rows of buttons: [[{"text": "…", "url": "…"}, {"text": "…", "callback_data": "…"}], …]
    buttons = models.JSONField(_("buttons"), default=list, blank=True, db_default=models.Value([], models.JSONField()))
    link_preview = models.BooleanField(_("link preview"), db_default=True)
    silent = models.BooleanField(_("without sound"), db_default=False)
    # The question (audiences.Audience as JSON); NULL where the rows are all there is.
    audience = models.JSONField(_("audience"), null=True, blank=True)
    frozen_at = models.DateTimeField(_("audience frozen"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    # Telegram said 429: nobody calls before this moment. Redis has it too, and may forget.
    halted_until = models.DateTimeField(_("waits for Telegram until"), null=True, blank=True)
    # The form's token: a form posted twice lands on the same broadcast.
    submission_token = models.UUIDField(_("submission token"), null=True, blank=True, unique=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="broadcasts",
        verbose_name=_("author"),
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("approved by"),
    )
    # The broadcast this is a copy of: a clone, or a second try for those who missed it.
    original = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="copies", verbose_name=_("original")
    )

    objects = BroadcastQuerySet.as_manager()

    class Meta:
        db_table = "message_history"
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        permissions = [("send_broadcast", _("Can send messages to people"))]
        indexes = [
            # The tick of beat asks every few seconds; the finished ones, nearly all, are not in it.
            models.Index(
                "state",
                "starts_at",
                name="message_history_unfinished",
                condition=Q(state__in=["scheduled", "sending"]),
            ),
            # "Today", notices to staff and /metrics ask what has not ended; each answer to a student is a row too.
            models.Index(
                "state",
                name="message_history_not_over",
                condition=Q(state__in=["scheduled", "sending", "paused", "held"]),
            ),
        ]
        triggers = [hold_foreign_schedule()]

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"№\u00a0{self.pk}", self.name)))  # no text: a letter's is not for everybody

    @property
    def planned_at(self) -> datetime | None:
        """The moment it is planned for, here or in the previous dashboard."""
        return self.starts_at or self.scheduled_at

    @property
    def has_media(self) -> bool:
        return self.kind != Broadcast.Kind.TEXT

    @property
    def needs_upload(self) -> bool:
        """Whether the file must go up with the first message; its file_id then serves the rest."""
        return self.has_media and not self.media_file_id
