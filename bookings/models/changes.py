"""What happened to bookings and registrations, written by triggers: whoever tells students about it reads it here."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey


class BookingChange(models.Model):
    """A booking that got another status, or a new registration: in the same transaction, whoever wrote it."""

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
        related_name="changes",
        verbose_name=_("free lesson registration"),
    )
    was = models.IntegerField(_("old status"), null=True)
    status = models.IntegerField(_("new status"), null=True)
    is_new = models.BooleanField(_("the row is new"))
    changed_at = models.DateTimeField(_("changed"), db_default=TransactionNow())
    # Staff chose «уведомить» for this very change: nobody tells the student twice.
    told_at = models.DateTimeField(_("told by staff"), null=True)

    class Meta:
        verbose_name = _("change of a booking")
        verbose_name_plural = _("changes of bookings")
        default_permissions = ("view",)
        indexes = [
            # The newest change of a booking.
            models.Index("booking", "id", name="bookings_change_booking"),
            # Automations ask every few seconds for the last days of one status.
            models.Index("status", "changed_at", name="bookings_change_status"),
        ]
        constraints = [
            DatabaseForeignKey(field="booking", on_delete="CASCADE", name="bookings_change_booking_id_fkey"),
            DatabaseForeignKey(field="registration", on_delete="CASCADE", name="bookings_change_registration_id_fkey"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
