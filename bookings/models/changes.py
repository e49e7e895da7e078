"""What happened to bookings and registrations, written by triggers: pages and rules read it here and nowhere else."""

from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models.triggers import keep_confirmation
from users.models import TelegramUser


class BookingChange(models.Model):
    """A booking that got another status, or a new booking or registration: whoever wrote it, in the same transaction.

    The record of a booking outlives it, as the audit does: who cancelled what stays to be read.
    """

    class Origin(models.TextChoices):
        """From where it was changed; a context of pghistory says it under the key ``origin``."""

        PAGE = "page", pgettext_lazy("origin", "Page")
        ADMIN = "admin", pgettext_lazy("origin", "Django admin")
        BULK = "bulk", pgettext_lazy("origin", "Bulk change")
        UNDO = "undo", pgettext_lazy("origin", "Undo")
        SERVICE = "service", pgettext_lazy("origin", "Program of ours")
        RAW = "raw", pgettext_lazy("origin", "SQL, as the bot writes")

    booking = models.ForeignKey(
        "bookings.Booking",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="changes",
        verbose_name=_("booking"),
    )
    registration = models.ForeignKey(
        "bookings.FreeLessonRegistration",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="changes",
        verbose_name=_("free lesson registration"),
    )
    # Whose it was at that moment. Without a key in the database: a record must never stop the bot's write.
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        null=True,
        db_column="user_id",
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("person"),
    )
    was = models.IntegerField(_("old status"), null=True)
    status = models.IntegerField(_("new status"), null=True)
    is_new = models.BooleanField(_("the row is new"))
    changed_at = models.DateTimeField(_("changed"), db_default=TransactionNow())
    # NULL is the bot. The number stays when the account goes: its changes must not pass for the bot's.
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("changed by"),
    )
    reason = models.TextField(_("reason"), blank=True, db_default="")
    origin = models.CharField(_("changed from"), max_length=20, choices=Origin, db_default=Origin.RAW)
    # Staff chose «уведомить» for this change: no automation tells the student again.
    told_at = models.DateTimeField(_("told by staff"), null=True)
    # Staff took it back within some seconds, or it is what took another back: together they changed nothing, and no
    # rule and no number goes by them.
    undone_at = models.DateTimeField(_("undone"), null=True)

    class Meta:
        verbose_name = _("change of a booking")
        verbose_name_plural = _("changes of bookings")
        default_permissions = ("view",)
        indexes = [
            # What the bot inserts pays for each entry, so each index has only the rows that it is asked for. There is
            # no key to the registration either: the row is a trigger's, and a record outlives what it tells of.
            # The newest change of a booking.
            models.Index("booking", "id", name="bookings_change_booking", condition=~models.Q(booking=None)),
            models.Index("registration", name="bookings_change_registration", condition=~models.Q(registration=None)),
            # Automations ask every few seconds for the last days of one status, and no rule goes by a new request.
            models.Index(
                "status",
                "changed_at",
                name="bookings_change_status",
                condition=models.Q(status__lt=0) | models.Q(status__gt=0),
            ),
            # A page of somebody's timeline, in its order.
            models.Index(
                "telegram_user",
                models.F("changed_at").desc(nulls_last=True),
                models.F("id").desc(),
                name="bookings_change_person",
                condition=models.Q(is_new=False),
            ),
        ]
        triggers = [keep_confirmation()]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
