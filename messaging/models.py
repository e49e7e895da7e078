"""Messages that were sent through the bot, and what became of each for each person."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey
from users.models import TelegramUser
from users.triggers import create_missing_person


class Broadcast(models.Model):
    """A message to one person or many."""

    id = models.AutoField(primary_key=True)
    message_text = models.TextField(_("text"))
    total_recipients = models.IntegerField(_("recipients"), null=True, blank=True, db_default=0)
    successful_deliveries = models.IntegerField(_("delivered"), null=True, blank=True, db_default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True, db_default=TransactionNow())
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    recipient_type = models.TextField(_("recipient type"), null=True, blank=True, db_default="individual")
    recipient_group = models.TextField(_("recipient group"), null=True, blank=True)
    scheduled_at = models.DateTimeField(_("scheduled for"), null=True, blank=True)

    class Meta:
        db_table = "message_history"
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Recipient(models.Model):
    """A broadcast's copy for one person."""

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
    delivery_status = models.TextField(_("delivery"), null=True, blank=True, db_default="pending")
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    telegram_message_id = models.IntegerField(_("Telegram's message id"), null=True, blank=True)

    class Meta:
        db_table = "message_recipients"
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        indexes = [models.Index("message", "delivery_status", name="message_recipients_status")]
        constraints = [
            DatabaseForeignKey(field="message", on_delete="CASCADE", name="message_recipients_message_id_fkey"),
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="message_recipients_user_id_fkey"),
        ]
        triggers = [
            create_missing_person(username="NEW.username", first_name="NULL", seen_at="COALESCE(NEW.created_at, now())")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
