"""Money that the school received for bookings, and what a booking is worth by its price."""

from typing import TYPE_CHECKING, Self, TypeAlias

import pghistory
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models.bookings import Booking
from bookings.models.courses import Currency
from bookings.models.triggers import mark_emptied, mark_payment
from hsl_dashboard.db import DatabaseForeignKey

if TYPE_CHECKING:
    from datetime import datetime

# In place of the source's number: what a form carries, so that one sent twice is recorded once.
OF_A_FORM = "form:"


class PaymentQuerySet(models.QuerySet["Payment"]):
    def between(self, since: "datetime | None", until: "datetime | None") -> Self:
        """Keep what was received since a moment and before another."""
        rows = self if since is None else self.filter(received_at__gte=since)
        return rows if until is None else rows.filter(received_at__lt=until)

    def refunds(self) -> Self:
        return self.filter(amount__lt=0)

    def newest_first(self) -> Self:
        return self.order_by("-received_at", "-id")


class PaymentSource(models.TextChoices):
    """Who says that the money is there."""

    HAND = "hand", pgettext_lazy("source of a payment", "Entered by hand")
    BANK = "bank", pgettext_lazy("source of a payment", "Bank")
    WEBHOOK = "webhook", pgettext_lazy("source of a payment", "Payment service")


# The note may name people; history keeps what was paid.
@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), exclude=["note"])
class Payment(models.Model):
    """Money received for a booking; a negative amount was given back."""

    Source: TypeAlias = PaymentSource

    # The bot may delete a booking; the money stays received.
    booking = models.ForeignKey(
        Booking,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="payments",
        verbose_name=_("booking"),
    )
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency)
    source = models.CharField(
        pgettext_lazy("of a payment", "source"), max_length=10, choices=Source, db_default=Source.HAND
    )
    # The number that the bank or the service gave it: the same payment is never recorded twice.
    external_id = models.CharField(_("number at the source"), max_length=200, null=True, blank=True)
    received_at = models.DateTimeField(_("received"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="payments_recorded",
        verbose_name=_("recorded by"),
    )
    note = models.TextField(_("note"), blank=True, db_default="")

    objects = PaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        indexes = [
            # The list as it opens, and the sums of a period.
            models.Index(models.F("received_at").desc(), models.F("id").desc(), name="bookings_payment_newest"),
            # The currencies that occur, by a jump from each to the next one.
            models.Index("currency", name="bookings_payment_currency"),
        ]
        constraints = [
            DatabaseForeignKey(field="booking", on_delete="SET NULL", name="bookings_payment_booking_id_fkey"),
            models.UniqueConstraint(fields=["source", "external_id"], name="bookings_payment_once"),
            models.CheckConstraint(condition=~models.Q(amount=0), name="bookings_payment_of_something"),
        ]
        triggers = [mark_payment(), mark_emptied()]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def shown_number(self) -> str:
        """The source's number; what a form carried in its place is nobody's."""
        number = self.external_id or ""
        return "" if number.startswith(OF_A_FORM) else number


class BookingMoney(models.Model):
    """A view: what a booking is worth by its price (bookings/sql/booking_money.sql)."""

    booking = models.OneToOneField(
        Booking, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="money"
    )
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, choices=Currency)
    discount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    expected = models.DecimalField(max_digits=12, decimal_places=2, null=True)

    class Meta:
        managed = False
        db_table = "booking_money"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class MoneyDay(models.Model):
    """Derived: the money of a day by course, currency and stream, and again by referral code; empty is none.

    With it, how many bookings were confirmed on the day, and how much their discounts took off. A month has such rows
    too, on its first day.

    Triggers mark a day whose money has changed, and beat sums it again: bookings/money/kept.py.
    """

    class Part(models.TextChoices):
        STREAM = "stream"
        CODE = "code"
        STREAM_OF_MONTH = "stream_m"
        CODE_OF_MONTH = "code_m"

        @property
        def of_months(self) -> "MoneyDay.Part":
            return MoneyDay.Part(f"{self.value}_m")

    day = models.DateField(null=True)  # none: of confirmed bookings without any moment
    part = models.CharField(max_length=10, choices=Part)
    course_id = models.IntegerField(null=True)
    key = models.TextField(db_collation="C")
    currency = models.CharField(max_length=3)
    received = models.DecimalField(max_digits=20, decimal_places=2)
    refunded = models.DecimalField(max_digits=20, decimal_places=2)
    payments = models.IntegerField()
    expected = models.DecimalField(max_digits=20, decimal_places=2)
    bookings = models.IntegerField()
    unpriced = models.IntegerField()
    confirmed = models.IntegerField(db_default=0)
    discount = models.DecimalField(max_digits=20, decimal_places=2, db_default=0)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["part", "day"], name="bookings_moneyday_part")]

    def __str__(self) -> str:
        return f"{self.day} {self.part} {self.key}"


class MoneyMark(models.Model):
    """A day whose money is to be summed again, or all days: a price has changed."""

    day = models.DateField(null=True)
    everything = models.BooleanField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.day}"
