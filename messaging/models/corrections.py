"""Later edits and deletions of a sent broadcast, and their result for each message."""

import pghistory
from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.models.broadcasts import Broadcast
from messaging.models.recipients import Recipient


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Correction(models.Model):
    """A sent broadcast deleted or edited for everyone, within the 48 hours that Telegram allows."""

    class Kind(models.TextChoices):
        DELETE = "delete", _("Delete")
        EDIT = "edit", pgettext_lazy("correction", "Edit")

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
        return f"№\u00a0{self.pk}"


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
        return f"№\u00a0{self.pk}"
