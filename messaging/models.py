"""Broadcasts, what became of each for each person, and later edits and deletions for everyone."""

from datetime import datetime
from typing import Self

import pghistory
from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey
from messaging.automation import AUTOMATION, Automation  # noqa: F401  # models of this app, in modules of their own
from messaging.composing import (  # noqa: F401
    Draft,
    MessageTemplate,
    Segment,
    SendingRules,
    TelegramLink,
    TemplateVersion,
)
from messaging.outbox import Outbox  # noqa: F401
from messaging.quiet import is_quiet
from messaging.received import ReceivedUpdate  # noqa: F401
from messaging.report import Report  # noqa: F401
from messaging.triggers import hold_foreign_schedule, keep_delivery_status
from users.models import TelegramUser
from users.triggers import create_missing_person


class BroadcastQuerySet(models.QuerySet["Broadcast"]):
    def sending(self) -> Self:
        return self.filter(state=Broadcast.State.SENDING)

    def scheduled(self) -> Self:
        return self.filter(state=Broadcast.State.SCHEDULED)

    def awake(self, at: datetime) -> Self:
        """Without those of rules while students sleep."""
        return self.exclude(recipient_type=AUTOMATION) if is_quiet(at) else self

    def newest_first(self) -> Self:
        return self.order_by(models.F("created_at").desc(nulls_last=True), "-id")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    # What staff do with its recipients changes no column of the broadcast (services.common.note_act).
    pghistory.ManualEvent("retried"),  # type: ignore[no-untyped-call]
    pghistory.ManualEvent("sent_again"),  # type: ignore[no-untyped-call]
    pghistory.ManualEvent("counted_delivered"),  # type: ignore[no-untyped-call]
    # What the engine counts and notes while it sends is no decision of anybody.
    exclude=["total_recipients", "successful_deliveries", "halted_until", "media_file_id", "sent_at"],
)
class Broadcast(models.Model):
    """A message to one person or many, from draft to end."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
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
    # HTML as Telegram reads it; the caption where there is a photo, video or document.
    message_text = models.TextField(_("text"))
    # These two are for the previous dashboard's readers and are recounted from the rows (lifecycle.recount).
    total_recipients = models.IntegerField(_("recipients"), null=True, blank=True, db_default=0)
    successful_deliveries = models.IntegerField(_("delivered"), null=True, blank=True, db_default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True, db_default=TransactionNow())
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    recipient_type = models.TextField(_("recipient type"), null=True, blank=True, db_default="individual")
    recipient_group = models.TextField(_("recipient group"), null=True, blank=True)
    scheduled_at = models.DateTimeField(_("scheduled for"), null=True, blank=True)

    # A row of the previous dashboard says nothing about states: it is that dashboard's to send, never ours.
    state = models.CharField(_("state"), max_length=20, choices=State, db_default=State.FINISHED)
    state_reason = models.TextField(_("why it is paused, held or cancelled"), blank=True, db_default="")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, db_default=Kind.TEXT)
    media_file_id = models.TextField(_("Telegram file_id"), blank=True, db_default="")
    media_upload = models.FileField(_("file"), upload_to="broadcasts/", max_length=200, blank=True, db_default="")
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
                "scheduled_at",
                name="message_history_unfinished",
                condition=Q(state__in=["scheduled", "sending"]),
            ),
        ]
        triggers = [hold_foreign_schedule()]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def has_media(self) -> bool:
        return self.kind != Broadcast.Kind.TEXT

    @property
    def needs_upload(self) -> bool:
        """Whether the file must go up with the first message; its file_id then serves the rest."""
        return self.has_media and not self.media_file_id


class RecipientQuerySet(models.QuerySet["Recipient"]):
    def pending(self) -> Self:
        return self.filter(state=Recipient.State.PENDING)

    def sent(self) -> Self:
        return self.filter(state=Recipient.State.SENT)

    def failed(self) -> Self:
        return self.filter(state=Recipient.State.FAILED)

    def uncertain(self) -> Self:
        return self.filter(state=Recipient.State.UNCERTAIN)

    def unfinished(self) -> Self:
        return self.filter(state__in=[Recipient.State.PENDING, Recipient.State.SENDING])

    def with_person(self) -> Self:
        return self.select_related("telegram_user")


class Recipient(models.Model):
    """A broadcast's copy for one person: whether it arrived, and why not."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Delivered")
        FAILED = "failed", _("Not delivered")
        # Asked, and no answer came; or the worker died in between. A person decides.
        UNCERTAIN = "uncertain", _("Not known")
        SKIPPED = "skipped", _("Skipped")
        CANCELLED = "cancelled", _("Cancelled (recipient)")
        DELETED = "deleted", _("Deleted")

    class Reason(models.TextChoices):
        """Why somebody is skipped, failed or uncertain."""

        BLOCKED = "blocked", _("Blocked the bot")
        DEACTIVATED = "deactivated", _("Account deleted")
        NOT_STARTED = "not_started", _("Never started the bot")
        FORBIDDEN = "forbidden", _("Telegram forbids it")
        NO_CHAT = "no_chat", _("Chat not found")
        MIGRATED = "migrated", _("The chat moved")
        BAD_REQUEST = "bad_request", _("Telegram refused the message")
        EXCLUDED = "excluded", _("Excluded by the audience")
        RECENTLY_WRITTEN = "recently_written", _("Got a message recently")
        NO_VALUE = "no_value", _("Nothing to put in place of a placeholder")
        DUPLICATE = "duplicate", _("The same person twice")
        NO_ANSWER = "no_answer", _("Telegram did not answer")
        WORKER_LOST = "worker_lost", _("The sending process ended before the answer")
        OUTDATED = "outdated", _("It was not so any more when it would have been sent")
        UNREACHABLE = "unreachable", _("Telegram could not be reached")
        PREVIOUS_DASHBOARD = "previous_dashboard", _("The previous dashboard left it unfinished")

    id = models.AutoField(primary_key=True)
    message = models.ForeignKey(
        Broadcast,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="recipients",
        verbose_name=_("broadcast"),
    )
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        related_name="received",
        verbose_name=_("person"),
    )
    username = models.TextField(_("username"), null=True, blank=True)
    # pending, sent, failed or deleted, for the previous dashboard's readers: a trigger derives it from the state.
    delivery_status = models.TextField(_("delivery"), null=True, blank=True, db_default="pending")
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    telegram_message_id = models.IntegerField(_("Telegram's message id"), null=True, blank=True)

    # No default: a trigger tells the previous dashboard's rows, which come without one, from ours.
    state = models.CharField(_("state"), max_length=20, choices=State)
    reason = models.CharField(_("reason"), max_length=30, choices=Reason, blank=True, db_default="")
    next_try_at = models.DateTimeField(_("not before"), db_default=Now())
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    worker = models.TextField(_("worker"), blank=True, db_default="")
    attempt = models.IntegerField(_("attempts"), db_default=0)
    error_code = models.IntegerField(_("Telegram's code"), null=True, blank=True)
    error_text = models.TextField(_("Telegram's words"), blank=True, db_default="")
    sent_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    # Who said what became of an uncertain one.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = RecipientQuerySet.as_manager()

    class Meta:
        db_table = "message_recipients"
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        indexes = [
            models.Index("message", "delivery_status", name="message_recipients_status"),
            # A claim takes its rows in exactly this order. By id instead it would walk over all the dead rows of a
            # big broadcast: 1.7 ms a claim become 26 ms over 100,000 rows.
            models.Index(
                "message", "next_try_at", "id", name="message_recipients_pending", condition=Q(state="pending")
            ),
            # Rescue: claims whose worker is gone. Nearly empty at any time.
            models.Index("claimed_at", name="message_recipients_claimed", condition=Q(state="sending")),
            # Counts by state, and the lists behind them.
            models.Index("message", "state", "reason", "id", name="message_recipients_state"),
            # «Кому писали за последние N часов».
            models.Index("sent_at", "telegram_user", name="message_recipients_sent", condition=~Q(sent_at=None)),
        ]
        constraints = [
            # Old rows that name a person twice keep their place, marked; none of ours can.
            models.UniqueConstraint(
                fields=["message", "telegram_user"],
                condition=~Q(reason="duplicate"),
                name="message_recipients_once_per_person",
            ),
            DatabaseForeignKey(field="message", on_delete="CASCADE", name="message_recipients_message_id_fkey"),
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="message_recipients_user_id_fkey"),
        ]
        triggers = [
            # Only for rows without a state, which are the previous dashboard's: an audience is frozen out of people
            # that exist, and looking for each of 100,000 took half of the time.
            create_missing_person(
                username="NEW.username",
                first_name="NULL",
                seen_at="COALESCE(NEW.created_at, now())",
                condition="NEW.state IS NULL",
            ),
            keep_delivery_status(),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Correction(models.Model):
    """A sent broadcast deleted or edited for everyone, within the 48 hours that Telegram allows."""

    class Kind(models.TextChoices):
        DELETE = "delete", _("Delete")
        EDIT = "edit", _("Edit")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        CANCELLED = "cancelled", _("Cancelled (correction)")
        FINISHED = "finished", _("Finished (correction)")

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="corrections", verbose_name=_("broadcast"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    state = models.CharField(_("state"), max_length=20, choices=State, db_default=State.RUNNING)
    state_reason = models.TextField(_("reason"), blank=True, db_default="")
    message_text = models.TextField(_("text"), blank=True, db_default="")
    buttons = models.JSONField(_("buttons"), default=list, blank=True, db_default=models.Value([], models.JSONField()))
    created_at = models.DateTimeField(_("created"), db_default=TransactionNow())
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("author")
    )
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        constraints = [
            models.UniqueConstraint(
                fields=["broadcast"], condition=Q(state="running"), name="messaging_correction_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class CorrectedMessage(models.Model):
    """A correction's result for one person. Deleting or editing twice does no harm, so nothing here is uncertain."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Being sent")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled (recipient)")

    correction = models.ForeignKey(
        Correction, models.CASCADE, related_name="messages", db_index=False, verbose_name=_("correction")
    )
    recipient = models.ForeignKey(Recipient, models.CASCADE, related_name="corrections", verbose_name=_("recipient"))
    state = models.CharField(_("state"), max_length=20, choices=State, db_default=State.PENDING)
    next_try_at = models.DateTimeField(_("not before"), db_default=Now())
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    worker = models.TextField(_("worker"), blank=True, db_default="")
    attempt = models.IntegerField(_("attempts"), db_default=0)
    error_code = models.IntegerField(_("Telegram's code"), null=True, blank=True)
    error_text = models.TextField(_("Telegram's words"), blank=True, db_default="")
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("corrected message")
        verbose_name_plural = _("corrected messages")
        indexes = [
            models.Index(
                "correction", "next_try_at", "id", name="messaging_corrected_pending", condition=Q(state="pending")
            ),
            models.Index("claimed_at", name="messaging_corrected_claimed", condition=Q(state="sending")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["correction", "recipient"], name="messaging_corrected_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Runner(models.Model):
    """A process that sends a broadcast or a correction at this moment; the row outlives it by seconds at most."""

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, null=True, blank=True, related_name="runners")
    correction = models.ForeignKey(Correction, models.CASCADE, null=True, blank=True, related_name="runners")
    worker = models.TextField(_("worker"))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    seen_at = models.DateTimeField(_("seen"), db_default=Now())

    class Meta:
        verbose_name = _("runner")
        verbose_name_plural = _("runners")

    def __str__(self) -> str:
        return self.worker
