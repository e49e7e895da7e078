"""What became of a broadcast for each person."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey
from messaging.models.broadcasts import Broadcast
from messaging.models.reasons import telegram_words
from messaging.models.triggers import count_recipients, keep_delivery_status
from users.models.keys import person_constraint, person_key
from users.models.triggers import create_missing_person, mark_for_numbers


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
    telegram_user = person_key(related_name="received")
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
            person_constraint("message_recipients"),
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
            *mark_for_numbers(at="sent_at", columns=(), person="NULL", inserted=True),
            *count_recipients(),
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"№\u00a0{self.pk}", self.username)))

    @property
    def why(self) -> str:
        """The reason in words; Telegram's own, which are English, only where the reason leaves open what it was."""
        if not self.reason:
            return ""
        is_open = self.reason in {Recipient.Reason.BAD_REQUEST, Recipient.Reason.FORBIDDEN}
        label = reason_label(self.reason)
        return f"{label} ({telegram_words(self.error_text)})" if is_open and self.error_text else label


def reason_label(reason: str) -> str:
    """The reason in words; rows of the previous dashboard have none."""
    return str(Recipient.Reason(reason).label) if reason in Recipient.Reason.values else str(_("Reason not recorded"))
