"""Notices of payments from outside: stored before anything is done with them, so that none is lost."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models.bookings import Booking
from bookings.models.payments import Payment, PaymentSource
from hsl_dashboard.db import DatabaseForeignKey


class IncomingPaymentQuerySet(models.QuerySet["IncomingPayment"]):
    def waiting(self) -> Self:
        return self.filter(state=IncomingPayment.State.WAITING)

    def unmatched(self) -> Self:
        """Keep those that a person has to look at."""
        return self.filter(state=IncomingPayment.State.UNMATCHED)

    def oldest_first(self) -> Self:
        return self.order_by("received_at", "id")


class IncomingPayment(models.Model):
    """What a payment service told us: money that came in, or went back. Of its body only known fields are kept."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("of a notice of a payment", "Waiting")
        APPLIED = "applied", pgettext_lazy("of a notice of a payment", "Recorded")
        UNMATCHED = "unmatched", pgettext_lazy("of a notice of a payment", "Not matched")
        DISMISSED = "dismissed", pgettext_lazy("of a notice of a payment", "Dismissed")

    class Kind(models.TextChoices):
        RECEIVED = "payment.received", _("Payment")
        REFUNDED = "payment.refunded", _("Refund")
        UNREADABLE = "unreadable", _("Unreadable")

    class Why(models.TextChoices):
        """Why a person has to look at it."""

        UNREADABLE = "unreadable", _("The notice could not be read")
        BOOKING = "booking", _("There is no such booking")
        AMOUNT = "amount", _("The amount is not what the booking still owes")
        NUMBER = "number", _("Another payment has this number")
        CANCELLED = "cancelled", _("The booking is cancelled")
        FULL = "full", _("The stream has no free place")
        STATUS = "status", _("The booking's status does not allow it")
        REFUND = "refund", _("More was given back than was received")
        FAILED = "failed", _("It could not be recorded in ten tries")

    source = models.CharField(pgettext_lazy("of a payment", "source"), max_length=10, choices=PaymentSource)
    event_id = models.CharField(_("number of the notice"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    # As it was sent: no booking may have this number.
    booking_number = models.BigIntegerField(_("number of the booking as sent"), null=True)
    booking = models.ForeignKey(
        Booking, models.DO_NOTHING, null=True, db_constraint=False, related_name="+", verbose_name=_("booking")
    )
    external_id = models.CharField(_("number at the source"), max_length=200, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2, null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    # What was sent, without anything that looks like a card; dropped after KEEP_WEBHOOK_PAYLOADS_DAYS.
    raw = models.TextField(null=True)
    received_at = models.DateTimeField(_("received"), db_default=TransactionNow())
    state = models.CharField(_("state"), max_length=10, choices=State, db_default=State.WAITING)
    why = models.CharField(_("why"), max_length=10, choices=Why, blank=True, db_default="")
    tries = models.SmallIntegerField(db_default=0)
    next_try_at = models.DateTimeField(db_default=TransactionNow())
    payment = models.ForeignKey(Payment, models.SET_NULL, null=True, related_name="+", verbose_name=_("payment"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True, db_default="")

    objects = IncomingPaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice of a payment")
        verbose_name_plural = _("notices of payments")
        default_permissions = ()
        indexes = [
            # Few at any time: what the worker takes next, what people look at, whose raw body goes.
            models.Index(fields=["next_try_at"], condition=models.Q(state="waiting"), name="bookings_incoming_waiting"),
            models.Index(
                fields=["received_at", "id"], condition=models.Q(state="unmatched"), name="bookings_incoming_people"
            ),
            models.Index(fields=["received_at"], condition=models.Q(raw__isnull=False), name="bookings_incoming_raw"),
        ]
        constraints = [
            DatabaseForeignKey(field="booking", on_delete="SET NULL", name="bookings_incoming_booking_id_fkey"),
            models.UniqueConstraint(fields=["source", "event_id"], name="bookings_incoming_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.event_id}"

    @property
    def is_refund(self) -> bool:
        return self.kind == self.Kind.REFUNDED

    @property
    def can_be_matched(self) -> bool:
        return self.amount is not None and bool(self.currency)
