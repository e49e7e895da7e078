"""Derived tables, which rebuild_statistics fills anew."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Journey(models.Model):
    """When a person took each step of a funnel, within a scope; the first step is the person's first ever.

    ``sign`` has one step, the first sign of life. Scopes are "" (all), "course:1", "stream:8th_stream",
    "lesson:cursor_lesson" and "lesson:cursor_lesson:2026-11-01".
    """

    class Funnel(models.TextChoices):
        SIGN = "sign", _("First sign of life")
        COURSE = "course", _("From the start to a paid course")
        LESSON = "lesson", _("From a free lesson to a paid course")

    # No foreign key: counting must not wait for a transaction that holds the person. Erasing a person leaves a mark.
    user_id = models.BigIntegerField()
    funnel = models.CharField(max_length=10, choices=Funnel)
    scope = models.TextField(db_collation="C")
    source = models.TextField(db_default="")  # the referral code of the first booking in the funnel; "" is not known
    first_at = models.DateTimeField()
    second_at = models.DateTimeField(null=True)
    third_at = models.DateTimeField(null=True)
    fourth_at = models.DateTimeField(null=True)
    fifth_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user_id", "funnel", "scope"], name="analytics_journey_once"),
        ]
        indexes = [
            # Counts a funnel of a period from the index alone.
            models.Index(
                fields=["funnel", "scope", "first_at", "user_id"],
                include=["second_at", "third_at", "fourth_at", "fifth_at", "source"],
                name="analytics_journey_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.funnel} {self.scope}"


class DayCount(models.Model):
    """How many of a kind there were on a day that is over: events of a type, new people, bookings."""

    day = models.DateField()
    kind = models.CharField(max_length=20)
    key = models.TextField(db_collation="C")  # the type of event, the hour; else empty
    number = models.IntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["kind", "day", "key"], name="analytics_daycount_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.key}"


class CohortCell(models.Model):
    """How many people of a week's cohort were active in a week; both are Mondays."""

    cohort = models.DateField()
    week = models.DateField()
    people = models.IntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["week", "cohort"], name="analytics_cohortcell_once")]

    def __str__(self) -> str:
        return f"{self.cohort} {self.week}"


class Refresh(models.Model):
    """When the derived tables were last brought up to date. No row: never, and everything is still to be counted."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()  # all that was written until then is in them
    counted_until = models.DateField()  # the last day in the counts by day
    cohorts_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
