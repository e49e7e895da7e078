"""Courses and the streams (cohorts) that describe them."""

from typing import Self

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models.triggers import mark_emptied, mark_price


class Currency(models.TextChoices):
    """What the school is paid in; sums are never across."""

    USD = "USD", "USD"
    EUR = "EUR", "EUR"
    RUB = "RUB", "RUB"
    KZT = "KZT", "KZT"


class Course(models.Model):
    """What the school teaches; the bot shows and sells it."""

    id = models.AutoField(primary_key=True)
    name = models.TextField(pgettext_lazy("of a thing", "name"))
    description = models.TextField(_("description"), null=True, blank=True)
    price_usd_cents = models.IntegerField(_("price, US cents"), db_default=0)
    button_text = models.CharField(_("button text"), max_length=100)
    is_active = models.BooleanField(_("active"), null=True, blank=True, db_default=True)
    start_date_text = models.CharField(_("start date, as the bot says it"), max_length=100, null=True, blank=True)

    class Meta:
        db_table = "courses"
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        triggers = [mark_price("price_usd_cents")]

    def __str__(self) -> str:
        return self.name


class StreamQuerySet(models.QuerySet["Stream"]):
    def in_order(self) -> Self:
        """Sort as the school counts them: by start, those without a start last."""
        return self.order_by("course_id", models.F("starts_on").asc(nulls_last=True), "code")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Stream(models.Model):
    """A cohort of a course. It describes a ``course_stream`` code that the bot writes into bookings."""

    course = models.ForeignKey(Course, models.CASCADE, verbose_name=_("course"), related_name="streams")
    code = models.CharField(_("code"), max_length=50, help_text=_("As the bot writes it, for example 8th_stream."))
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=100)
    capacity = models.PositiveIntegerField(_("places"), null=True, blank=True)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    # The previous dashboard had one constant; each stream has its own.
    campaign_starts_on = models.DateField(
        _("campaign starts on"),
        null=True,
        blank=True,
        help_text=_("Who viewed the programme since this day counts as “Viewed”. Empty: since the first booking."),
    )
    is_current = models.BooleanField(_("current"), default=False)
    price = models.DecimalField(
        _("price"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Before any discount. Empty: the price of the course, in US dollars."),
    )
    currency = models.CharField(
        _("currency"), max_length=3, choices=Currency, default=Currency.USD, db_default=Currency.USD
    )

    objects = StreamQuerySet.as_manager()

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")
        constraints = [
            models.UniqueConstraint(fields=["course", "code"], name="bookings_stream_once_per_course"),
            models.UniqueConstraint(
                fields=["course"], condition=models.Q(is_current=True), name="bookings_stream_one_current"
            ),
            models.CheckConstraint(
                condition=models.Q(price=None) | models.Q(price__gte=0), name="bookings_stream_price"
            ),
        ]
        triggers = [mark_price("price", "currency", "course_id", "code"), mark_emptied()]

    def __str__(self) -> str:
        return self.name
