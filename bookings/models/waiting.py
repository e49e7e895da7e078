"""Bookings whose students say that they have paid, and what the school has decided about asking them."""

from typing import Self

import pghistory
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models.bookings import Booking
from hsl_dashboard.db import DatabaseForeignKey

PROOF_EVENTS = ("payment_proof_uploaded", "alternative_payment_proof")
LONGEST_WORDS = 1_000  # characters of what a student is written about a payment
LONGEST_LIMIT = 24 * 60  # hours


class WaitingPaymentQuerySet(models.QuerySet["WaitingPayment"]):
    def still(self) -> Self:
        """Leave out those whose booking has got another status since they were counted."""
        same = models.Q(booking__confirmed=models.F("status"))
        return self.filter(same | models.Q(booking__confirmed=None, status=None))

    def open(self) -> Self:
        """Those that somebody has to look at now."""
        return self.filter(put_off_until=None, answered_at=None)

    def put_off(self) -> Self:
        return self.filter(answered_at=None).exclude(put_off_until=None)

    def answered(self) -> Self:
        """Those whose student was asked for something and has not sent it yet."""
        return self.exclude(answered_at=None)

    def oldest_first(self) -> Self:
        return self.order_by("since", "booking")


class WaitingPayment(models.Model):
    """A payment that waits for a decision: a booking with the status «В ожидании», or with a proof since the last one.

    Which bookings wait, and since when, is derived (bookings/sql/waiting_payments_of.sql); the other columns are what
    staff did about it, and go when it is decided.
    """

    booking = models.OneToOneField(
        Booking, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="waiting_payment"
    )
    user_id = models.BigIntegerField(_("Telegram id"), db_index=True)
    status = models.IntegerField(_("status"), null=True)  # the booking's when it was counted
    since = models.DateTimeField(_("waits since"))
    proof_at = models.DateTimeField(_("last proof"), null=True)
    # When we saw it, or a newer proof, by our own clock: what is new is asked by this, not by the bot's dates.
    came_at = models.DateTimeField(_("seen first"), db_default=Now())

    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="payments_to_decide",
        verbose_name=_("who decides"),
    )
    put_off_until = models.DateTimeField(_("put off until"), null=True)
    answered_at = models.DateTimeField(_("student asked"), null=True)

    objects = WaitingPaymentQuerySet.as_manager()

    class Meta:
        verbose_name = _("waiting payment")
        verbose_name_plural = _("waiting payments")
        default_permissions = ()
        permissions = [("decide_payment", "Can confirm and decline payments, and ask students about them")]
        indexes = [
            # The queue as it opens; the other two lists are short.
            models.Index(
                "since",
                "booking",
                name="bookings_waiting_open",
                condition=models.Q(put_off_until=None, answered_at=None),
            ),
            # What came last, which is where an open page begins to ask for news.
            models.Index("came_at", name="bookings_waiting_newest"),
            models.Index(
                "put_off_until", name="bookings_waiting_put_off", condition=models.Q(put_off_until__isnull=False)
            ),
            models.Index(
                "since", "booking", name="bookings_waiting_answered", condition=models.Q(answered_at__isnull=False)
            ),
        ]
        constraints = [
            DatabaseForeignKey(field="booking", on_delete="CASCADE", name="bookings_waiting_booking_id_fkey"),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"


class PaymentMark(models.Model):
    """A mark to look at a person's payments again. Neither key nor uniqueness: a mark must wait for nobody."""

    user_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user_id)


def _hours(label: object, default: int) -> "models.PositiveIntegerField[int, int]":
    limits = [MinValueValidator(1), MaxValueValidator(LONGEST_LIMIT)]
    return models.PositiveIntegerField(label, default=default, validators=limits)  # type: ignore[arg-type]


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PaymentRules(models.Model):
    """How long a payment may wait, what the bot does by itself, and the words of ours; one row, or none yet."""

    long_hours = _hours(_("waits long after, hours"), 4)
    late_hours = _hours(_("waits too long after, hours"), 24)
    # Receipts are forwarded there and nowhere else.
    chat_url = models.CharField(
        _("chat with the receipts"), max_length=200, blank=True, default="", validators=[URLValidator(["https"])]
    )
    # «Одобрить» of the bot writes to the student; a rule of ours that did so too would be a second message.
    bot_tells = models.BooleanField(_("the bot tells about its own confirmations"), default=True)
    # Empty: the words of ours.
    decline_text = models.TextField(_("words of declining"), max_length=LONGEST_WORDS, blank=True, default="")
    ask_text = models.TextField(_("words of asking again"), max_length=LONGEST_WORDS, blank=True, default="")

    class Meta:
        verbose_name = pgettext_lazy("settings", "rules of payments")
        verbose_name_plural = pgettext_lazy("settings", "rules of payments")
        default_permissions = ("change",)
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="bookings_paymentrules_one_row")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def read(cls) -> Self:
        return cls.objects.filter(pk=1).first() or cls(pk=1)
