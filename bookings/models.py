"""Courses and their streams, bookings of them, free lessons, coupons and the hackathon."""

from typing import Self

import pghistory
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.changes import BookingChange  # noqa: F401  # a model of this app, in a module of its own
from bookings.triggers import record_registration, record_status_change
from hsl_dashboard.db import DatabaseForeignKey
from users.models import TelegramUser
from users.triggers import create_missing_person, keep_person_totals


class Course(models.Model):
    """What the school teaches; the bot shows and sells it."""

    id = models.AutoField(primary_key=True)
    name = models.TextField(_("name"))
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
    name = models.CharField(_("name"), max_length=100)
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


class BookingQuerySet(models.QuerySet["Booking"]):
    def for_stream(self, stream: Stream) -> Self:
        return self.filter(course_id=stream.course_id, course_stream=stream.code)

    def confirmed(self) -> Self:
        return self.filter(confirmed=Booking.Status.CONFIRMED)

    def with_person(self) -> Self:
        """Fetch the person too: every row of the tables shows the name."""
        return self.select_related("telegram_user")

    def newest_first(self) -> Self:
        return self.order_by(models.F("created_at").desc(nulls_last=True), "-id")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    # What became of a message is no decision of anybody.
    exclude=["notified_at", "notified_about", "notice_error"],
)
class Booking(models.Model):
    """A person's place in a course: asked for, paid, or given up."""

    class Status(models.IntegerChoices):
        NEW = 0, _("New request")
        PENDING = 1, _("Pending")
        CONFIRMED = 2, _("Confirmed")
        CANCELLED = -1, _("Cancelled")

    id = models.AutoField(primary_key=True)
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        db_index=False,
        related_name="bookings",
        verbose_name=_("person"),
    )
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
    # No choices: old rows hold numbers that nobody explained, and they must load.
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
                condition=models.Q(confirmed=None) | ~models.Q(confirmed=-1),
            ),
            # Nearly empty: who paid and is in no stream.
            models.Index(
                "id",
                name="bookings_without_stream",
                condition=models.Q(confirmed=2) & (models.Q(course_stream=None) | models.Q(course_stream="")),
            ),
            models.Index("referral_code", name="bookings_referral_code", condition=~models.Q(referral_code=None)),
        ]
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="bookings_user_id_fkey"),
            # A course is not a person: deleting one must never take its bookings along.
            DatabaseForeignKey(field="course", on_delete="RESTRICT", name="bookings_course_id_fkey"),
        ]
        triggers = [
            create_missing_person(
                username="NEW.username", first_name="NEW.first_name", seen_at="COALESCE(NEW.created_at, now())"
            ),
            *keep_person_totals(columns=("id", "confirmed", "course_stream", "created_at")),
            record_status_change(),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def status(self) -> Status | None:
        """The status as the school knows it; None for NULL or a number that means nothing to anybody."""
        return Booking.Status(self.confirmed) if self.confirmed in Booking.Status.values else None

    @property
    def status_label(self) -> str:
        return str(_("Unknown")) if self.status is None else str(self.status.label)


class FreeLessonRegistration(models.Model):
    """A person's registration for a free lesson."""

    id = models.AutoField(primary_key=True)
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        db_index=False,
        related_name="free_lessons",
        verbose_name=_("person"),
    )
    username = models.TextField(_("username"), null=True, blank=True)
    first_name = models.TextField(_("first name"), null=True, blank=True)
    email = models.TextField(_("e-mail"))
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True, db_default=TransactionNow())
    notification_sent = models.BooleanField(_("reminder sent"), null=True, blank=True, db_default=False)
    lesson_type = models.CharField(_("lesson"), max_length=50, null=True, blank=True, db_default="cursor_lesson")
    lesson_date = models.DateField(_("lesson date"), null=True, blank=True)

    class Meta:
        db_table = "free_lesson_registrations"
        verbose_name = _("free lesson registration")
        verbose_name_plural = _("free lesson registrations")
        indexes = [
            models.Index(
                models.F("registered_at").desc(nulls_last=True), models.F("id").desc(), name="free_lessons_newest_first"
            ),
            models.Index("lesson_type", "lesson_date", name="free_lessons_type_date"),
        ]
        constraints = [
            # The bot's own ON CONFLICT names these three columns.
            models.UniqueConstraint(
                fields=["telegram_user", "lesson_type", "lesson_date"], name="free_lessons_once_per_person_and_date"
            ),
            DatabaseForeignKey(
                field="telegram_user", on_delete="CASCADE", name="free_lesson_registrations_user_id_fkey"
            ),
        ]
        triggers = [
            create_missing_person(
                username="NEW.username", first_name="NEW.first_name", seen_at="COALESCE(NEW.registered_at, now())"
            ),
            *keep_person_totals(columns=("registered_at", "lesson_type")),
            record_registration(),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.lesson_type}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ReferralCoupon(models.Model):
    """A code that gives a discount, a limited number of times."""

    id = models.AutoField(primary_key=True)
    code = models.TextField(_("code"), unique=True)
    name = models.TextField(_("name"), null=True, blank=True)
    discount_percent = models.IntegerField(_("discount, %"))
    max_activations = models.IntegerField(_("activations allowed"))
    current_activations = models.IntegerField(_("activations used"), null=True, blank=True, db_default=0)
    created_by = models.BigIntegerField(_("created by, Telegram id"))
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())
    # The bot keeps 0 or 1 here.
    is_active = models.IntegerField(_("active"), null=True, blank=True, db_default=1)

    class Meta:
        db_table = "referral_coupons"
        verbose_name = _("referral coupon")
        verbose_name_plural = _("referral coupons")

    def __str__(self) -> str:
        return self.code


class ReferralUsage(models.Model):
    """A coupon used by a person, once."""

    id = models.AutoField(primary_key=True)
    coupon = models.ForeignKey(
        ReferralCoupon,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="usages",
        verbose_name=_("referral coupon"),
    )
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        related_name="coupon_usages",
        verbose_name=_("person"),
    )
    booking = models.ForeignKey(
        Booking,
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="coupon_usages",
        verbose_name=_("booking"),
    )
    used_at = models.DateTimeField(_("used"), null=True, blank=True, db_default=TransactionNow())

    class Meta:
        db_table = "referral_usage"
        verbose_name = _("coupon use")
        verbose_name_plural = _("coupon uses")
        constraints = [
            models.UniqueConstraint(fields=["coupon", "telegram_user"], name="referral_usage_once_per_person"),
            DatabaseForeignKey(field="coupon", on_delete="CASCADE", name="referral_usage_coupon_id_fkey"),
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="referral_usage_user_id_fkey"),
            DatabaseForeignKey(field="booking", on_delete="CASCADE", name="referral_usage_booking_id_fkey"),
        ]
        triggers = [create_missing_person(username="NULL", first_name="NULL", seen_at="COALESCE(NEW.used_at, now())")]

    def __str__(self) -> str:
        return f"#{self.pk}"


class HackathonRegistration(models.Model):
    """A person's registration for the hackathon."""

    id = models.AutoField(primary_key=True)
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        null=True,
        blank=True,
        related_name="hackathon_registrations",
        verbose_name=_("person"),
    )
    username = models.TextField(_("username"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())

    class Meta:
        db_table = "hackathon_registrations"
        verbose_name = _("hackathon registration")
        verbose_name_plural = _("hackathon registrations")
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="hackathon_registrations_user_id_fkey"),
        ]
        triggers = [
            create_missing_person(username="NEW.username", first_name="NULL", seen_at="COALESCE(NEW.created_at, now())")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
