"""Messages about bookings that wait to be sent, and what became of them."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings.models import Booking, BookingChange, FreeLessonRegistration, Stream
from bookings.notices import NoticeKind
from hsl_dashboard.db import DatabaseForeignKey
from users.models.keys import person_constraint, person_key

# The status of the booking that a letter tells of: it is true only as long as the booking has it.
STATUS_TOLD = {
    NoticeKind.CONFIRMED: Booking.Status.CONFIRMED,
    NoticeKind.CANCELLED: Booking.Status.CANCELLED,
    NoticeKind.PAYMENT_DECLINED: Booking.Status.CANCELLED,
    NoticeKind.PAYMENT_REMINDER: Booking.Status.PENDING,
    NoticeKind.COURSE_START: Booking.Status.CONFIRMED,
}


class OutboxQuerySet(models.QuerySet["Outbox"]):
    def due(self, at: datetime) -> Self:
        """Messages that wait for nothing but their turn."""
        return self.filter(Q(due_at=None) | Q(due_at__lte=at), state=Outbox.State.QUEUED)

    def outdated(self, at: datetime) -> Self:
        """Messages that are no longer true and must not be sent."""
        later = BookingChange.objects.filter(booking=OuterRef("booking"), pk__gt=OuterRef("change"), undone_at=None)
        starts = Stream.objects.filter(
            course=OuterRef("booking__course"), code=OuterRef("booking__course_stream"), starts_on=OuterRef("occurs_on")
        )
        void = Q(rule__is_on=False) | Q(Q(change__isnull=False) & Exists(later)) | Q(change__undone_at__isnull=False)
        for kind, status in STATUS_TOLD.items():
            void |= Q(kind=kind) & ~Q(booking__confirmed=status)
        void |= Q(Q(kind=NoticeKind.COURSE_START) & ~Exists(starts))
        void |= Q(kind=NoticeKind.FREE_LESSON) & ~Q(registration__lesson_date=F("occurs_on"))
        return self.filter(void | Q(occurs_on__lt=timezone.localdate(at)))


class Outbox(models.Model):
    """A message to one student that a change of their booking asked for; its words are fixed when it is queued."""

    class State(models.TextChoices):
        QUEUED = "queued", gettext_lazy("In the queue")
        SENT = "sent", gettext_lazy("Handed over")
        CANCELLED = "cancelled", gettext_lazy("Withdrawn")
        # What became of it, from the recipient's row.
        DELIVERED = "delivered", gettext_lazy("Delivered")
        FAILED = "failed", gettext_lazy("Not delivered")
        UNCERTAIN = "uncertain", gettext_lazy("Not known")

    telegram_user = person_key(related_name="outbox")
    booking = models.ForeignKey(
        Booking,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="outbox",
        verbose_name=gettext_lazy("booking"),
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=30, choices=NoticeKind)
    message_text = models.TextField(gettext_lazy("text"))
    state = models.CharField(gettext_lazy("state"), max_length=20, choices=State, db_default=State.QUEUED)
    queued_at = models.DateTimeField(gettext_lazy("queued"))
    queued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=gettext_lazy("author")
    )
    # Until then whoever made the change may undo it; NULL: at once.
    due_at = models.DateTimeField(gettext_lazy("not before"), null=True)
    sent_at = models.DateTimeField(gettext_lazy("sent"), null=True)

    # The rule that fired, and what for; staff's own messages have neither.
    rule = models.ForeignKey(
        "messaging.Automation",
        models.SET_NULL,
        null=True,
        db_index=False,
        related_name="fired",
        verbose_name=gettext_lazy("automation"),
    )
    change = models.ForeignKey(
        BookingChange,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="outbox",
        verbose_name=gettext_lazy("change of a booking"),
    )
    registration = models.ForeignKey(
        FreeLessonRegistration,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="outbox",
        verbose_name=gettext_lazy("free lesson registration"),
    )
    occurs_on = models.DateField(gettext_lazy("date it reminds of"), null=True)
    # Its copy in the sending engine.
    recipient = models.OneToOneField(
        "messaging.Recipient",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="outbox",
        verbose_name=gettext_lazy("recipient"),
    )
    reason = models.CharField(gettext_lazy("why it was not delivered"), max_length=30, db_default="")
    settled_at = models.DateTimeField(gettext_lazy("settled"), null=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("message about a booking")
        verbose_name_plural = gettext_lazy("messages about bookings")
        indexes = [
            # Whoever sends takes them in this order; the sent ones, nearly all, are not in it.
            models.Index("id", name="messaging_outbox_queued", condition=models.Q(state="queued")),
            # What the engine may still say something about.
            models.Index(
                "sent_at",
                name="messaging_outbox_unsettled",
                condition=models.Q(state__in=["sent", "uncertain", "failed"]),
            ),
            # The last firings of a rule.
            models.Index("rule", models.F("id").desc(), name="messaging_outbox_rule"),
        ]
        constraints = [
            person_constraint("messaging_outbox"),
            DatabaseForeignKey(field="booking", on_delete="SET NULL", name="messaging_outbox_booking_id_fkey"),
            DatabaseForeignKey(field="change", on_delete="SET NULL", name="messaging_outbox_change_id_fkey"),
            DatabaseForeignKey(
                field="registration", on_delete="SET NULL", name="messaging_outbox_registration_id_fkey"
            ),
            DatabaseForeignKey(field="recipient", on_delete="SET NULL", name="messaging_outbox_recipient_id_fkey"),
            # A rule fires once: for a change, for a date of a booking, for a date of a registration.
            models.UniqueConstraint(fields=["rule", "change"], name="messaging_outbox_once_per_change"),
            models.UniqueConstraint(fields=["rule", "booking", "occurs_on"], name="messaging_outbox_once_per_start"),
            models.UniqueConstraint(
                fields=["rule", "registration", "occurs_on"], name="messaging_outbox_once_per_lesson"
            ),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
