"""Bookings of a course by a person."""

from collections.abc import Iterable
from typing import Self, TypeAlias

import pghistory
import pgtrigger
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.courses import Course, Stream
from bookings.models.triggers import (
    audit_first,
    count_bookings,
    mark_moved_money,
    move_confirmation,
    record_new_booking,
    record_status_change,
)
from hsl_dashboard.db import DatabaseForeignKey
from users.models import LatestStatus
from users.models.keys import person_constraint, person_key
from users.models.triggers import create_missing_person, keep_person_totals, mark_for_numbers

# Results of messages are no decisions of staff, so the audit leaves them out.
NO_DECISION = ["notified_at", "notified_about", "notice_error"]


class BookingStatus(models.IntegerChoices):
    """What ``bookings.confirmed`` holds; old rows hold NULL and other numbers too, which mean nothing to anybody."""

    # Words and order of the list of people, whose app is below this one.
    NEW = 0, LatestStatus.NEW.label
    PENDING = 1, LatestStatus.PENDING.label
    CONFIRMED = 2, LatestStatus.CONFIRMED.label
    CANCELLED = -1, LatestStatus.CANCELLED.label


# Plain ~Q(confirmed=-1) would drop NULL, as the previous dashboard did.
ACTIVE = models.Q(confirmed=None) | ~models.Q(confirmed=BookingStatus.CANCELLED.value)
WITHOUT_STREAM = models.Q(course_stream=None) | models.Q(course_stream="")
# Ranges instead of "not one of four": the index on the status serves them.
UNKNOWN_STATUS = (
    models.Q(confirmed=None)
    | models.Q(confirmed__lt=min(BookingStatus.values))
    | models.Q(confirmed__gt=max(BookingStatus.values))
)


class BookingQuerySet(models.QuerySet["Booking"]):
    def for_stream(self, stream: Stream) -> Self:
        return self.filter(course_id=stream.course_id, course_stream=stream.code)

    def confirmed(self) -> Self:
        return self.filter(confirmed=Booking.Status.CONFIRMED)

    def active(self) -> Self:
        """Keep the bookings that are not cancelled; those of an unknown status hold their place too."""
        return self.filter(ACTIVE)

    def cancelled(self) -> Self:
        return self.filter(confirmed=Booking.Status.CANCELLED)

    def of_unknown_status(self) -> Self:
        """Keep the bookings whose status is NULL or a number that means nothing to anybody."""
        return self.filter(UNKNOWN_STATUS)

    def with_status(self, *statuses: int | None) -> Self:
        """Keep the bookings that store one of these numbers exactly; None stands for NULL, which = never matches."""
        condition = models.Q(confirmed__in=[status for status in statuses if status is not None])
        return self.filter(condition | models.Q(confirmed=None) if None in statuses else condition)

    def without_stream(self) -> Self:
        return self.filter(WITHOUT_STREAM)

    def with_stream(self) -> Self:
        return self.exclude(WITHOUT_STREAM)

    def with_person(self) -> Self:
        """Fetch the person too: every row of the tables shows the name."""
        return self.select_related("telegram_user")

    def newest_first(self) -> Self:
        return self.order_by(models.F("created_at").desc(nulls_last=True), "-id")


@pghistory.track(
    # New rows are written by record_new. A change of the status alone is written once, by record_status_change below.
    pghistory.UpdateEvent(condition=pgtrigger.AnyChange(exclude=["confirmed", *NO_DECISION])),
    pghistory.DeleteEvent(),
    exclude=NO_DECISION,
)
class Booking(models.Model):
    """A person's place in a course: asked for, paid, or given up."""

    Status: TypeAlias = BookingStatus

    id = models.AutoField(primary_key=True)
    telegram_user = person_key(related_name="bookings", db_index=False)
    # As they were when the bot booked; the person's row has the newest.
    username = models.TextField(_("username"), null=True, blank=True)
    first_name = models.TextField(_("first name"), null=True, blank=True)
    course = models.ForeignKey(
        Course,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="bookings",
        verbose_name=_("course"),
    )
    # No choices: old rows hold unrecognised numbers, and they must load.
    confirmed = models.IntegerField(_("status"), null=True, blank=True, db_default=Status.NEW)
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    referral_code = models.TextField(_("referral code"), null=True, blank=True)
    discount_percent = models.IntegerField(_("discount, %"), null=True, blank=True, db_default=0)
    # Text, not a key: the bot may write a stream that nobody has described yet.
    course_stream = models.CharField(_("stream"), max_length=50, null=True, blank=True, db_default="4th_stream")
    # The last message about this booking: what it told (notices.NoticeKind), when it arrived, or why it did not.
    notified_at = models.DateTimeField(_("student told"), null=True, blank=True)
    notified_about = models.CharField(_("told about"), max_length=30, blank=True, db_default="")
    notice_error = models.CharField(_("why the student was not told"), max_length=30, blank=True, db_default="")

    objects = BookingQuerySet.as_manager()

    class Meta:
        db_table = "bookings"
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        permissions = [
            ("override_status", _("Can reactivate a cancelled booking and take back a confirmed one")),
        ]
        indexes = [
            # The list as it opens, and its pages.
            models.Index(
                models.F("created_at").desc(nulls_last=True), models.F("id").desc(), name="bookings_newest_first"
            ),
            models.Index("telegram_user", models.F("created_at").desc(nulls_last=True), name="bookings_user_created"),
            # Counts by stream and status without touching the table.
            models.Index("course", "course_stream", "confirmed", name="bookings_stream_status"),
            models.Index("confirmed", models.F("created_at").desc(nulls_last=True), name="bookings_status_created"),
            # The streams that occur, for the filter of the list: a jump from each to the next one.
            models.Index("course_stream", name="bookings_course_stream"),
            # People with two active bookings of a course, found without touching the table.
            models.Index(
                "telegram_user",
                "course",
                "id",
                name="bookings_active",
                condition=ACTIVE,
            ),
            # The students of a stream in the order of their ids, each step of a walk; and counts of them.
            models.Index(
                "course_stream",
                "telegram_user",
                name="bookings_students",
                condition=models.Q(confirmed=BookingStatus.CONFIRMED.value),
            ),
            # Nearly empty: who paid and is in no stream.
            models.Index(
                "id",
                name="bookings_without_stream",
                condition=models.Q(confirmed=BookingStatus.CONFIRMED.value) & WITHOUT_STREAM,
            ),
            # The discounts that occur, for the filter of the list.
            models.Index(
                "discount_percent",
                name="bookings_discounts",
                condition=models.Q(discount_percent__lt=0) | models.Q(discount_percent__gt=0),
            ),
            models.Index("referral_code", name="bookings_referral_code", condition=~models.Q(referral_code=None)),
        ]
        constraints = [
            person_constraint("bookings"),
            # A course is not a person: deleting one must never take its bookings along.
            DatabaseForeignKey(field="course", on_delete="RESTRICT", name="bookings_course_id_fkey"),
        ]
        triggers = [
            mark_moved_money(),
            create_missing_person(
                username="NEW.username", first_name="NEW.first_name", seen_at="COALESCE(NEW.created_at, now())"
            ),
            *keep_person_totals(
                columns=("id", "confirmed", "course_stream", "created_at"), insert=record_new_booking()
            ),
            *mark_for_numbers(at="created_at", columns=("confirmed", "course_id", "course_stream", "referral_code")),
            audit_first(),
            record_status_change(),
            move_confirmation(),
            *count_bookings(),
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"№\u00a0{self.pk}", self.first_name or self.username)))

    @property
    def status(self) -> BookingStatus | None:
        """The status as the school knows it; None for NULL or a number that means nothing to anybody."""
        return status_of(self.confirmed)

    @property
    def status_label(self) -> str:
        return status_label(self.confirmed)

    @property
    def is_active(self) -> bool:
        """Whether ``BookingQuerySet.active`` keeps it."""
        return self.confirmed != BookingStatus.CANCELLED


class BookingCountQuerySet(models.QuerySet["BookingCount"]):
    def of_streams(self) -> Self:
        return self.filter(part=BookingCount.Part.STREAM)

    def of_codes(self, codes: Iterable[str]) -> Self:
        return self.filter(part=BookingCount.Part.CODE, key__in=list(codes))


class BookingCount(models.Model):
    """Derived: how many bookings of a status there are by course and stream, and again by referral code.

    The number is the sum over the rows: triggers of ``bookings`` add what each write changes, and beat puts the rows of
    one count together (bookings/services/counts.py). So one count may have many rows, and the table has neither a key
    nor an index (bookings/migrations): the bot's INSERT would keep them.
    """

    class Part(models.TextChoices):
        STREAM = "stream"
        CODE = "code"

    part = models.CharField(max_length=10, choices=Part)
    course_id = models.IntegerField(null=True)
    # The stream, "" without one; or the code. Django wants a key; the database has none.
    key = models.TextField(primary_key=True, db_collation="C")
    status = models.IntegerField(null=True)
    number = models.BigIntegerField()

    objects = BookingCountQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "bookings_bookingcount"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.part} {self.key}"


def status_of(confirmed: int | None) -> BookingStatus | None:
    """Read a number of ``bookings.confirmed``; None when it means nothing to anybody."""
    return BookingStatus(confirmed) if confirmed in BookingStatus.values else None


def status_label(confirmed: int | None) -> str:
    """What staff read for a number of ``bookings.confirmed``."""
    status = status_of(confirmed)
    return str((LatestStatus.UNKNOWN if status is None else status).label)
