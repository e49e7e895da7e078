"""Courses and the streams (cohorts) that describe them."""

from typing import Self

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


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

    objects = StreamQuerySet.as_manager()

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")
        constraints = [
            models.UniqueConstraint(fields=["course", "code"], name="bookings_stream_once_per_course"),
            models.UniqueConstraint(
                fields=["course"], condition=models.Q(is_current=True), name="bookings_stream_one_current"
            ),
        ]

    def __str__(self) -> str:
        return self.name
