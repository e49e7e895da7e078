"""Registrations for free lessons, and how far each of them led."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.triggers import record_registration
from users.models.fields import NEVER, EverSortedDateField, EverSortedDateTimeField
from users.models.keys import person_constraint, person_key
from users.models.triggers import create_missing_person, keep_person_totals, mark_for_numbers


class FreeLessonRegistration(models.Model):
    """A person's registration for a free lesson."""

    id = models.AutoField(primary_key=True)
    telegram_user = person_key(related_name="free_lessons", db_index=False)
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
            person_constraint("free_lesson_registrations"),
        ]
        triggers = [
            create_missing_person(
                username="NEW.username", first_name="NEW.first_name", seen_at="COALESCE(NEW.registered_at, now())"
            ),
            *keep_person_totals(columns=("registered_at", "lesson_type"), insert=record_registration()),
            *mark_for_numbers(at="registered_at", columns=("lesson_type", "lesson_date")),
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"№\u00a0{self.pk}", self.first_name or self.username, self.lesson_type)))


class LessonSteps(models.Model):
    """How far a registration led: reminded, came, booked, confirmed. Derived; triggers mark whom to count again.

    No key to the registration or the person: counting must never wait for the bot. Both are looked up again with it.
    """

    registration = models.OneToOneField(
        FreeLessonRegistration,
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="steps",
        verbose_name=_("free lesson registration"),
    )
    user_id = models.BigIntegerField(_("Telegram id"), db_index=True)
    # No column that sorts may be NULL: a page begins at a row.
    lesson_type = models.TextField(_("lesson"), db_default="", db_collation="C")
    lesson_on = EverSortedDateField(_("lesson date"), db_default=NEVER)
    registered_at = EverSortedDateTimeField(_("registered"), db_default=NEVER)
    reminded = models.BooleanField(_("reminder sent"), db_default=False)
    attended_at = models.DateTimeField(_("came"), null=True)
    booked_at = models.DateTimeField(_("booked"), null=True)
    confirmed = models.BooleanField(_("confirmed"), db_default=False)

    class Meta:
        db_table = "lesson_steps"
        verbose_name = _("way of a registration")
        verbose_name_plural = _("ways of registrations")
        default_permissions = ()
        indexes = [
            # The list as it opens, and in the order of the lessons.
            models.Index("registered_at", "registration", name="lesson_steps_newest"),
            models.Index("lesson_on", "registration", name="lesson_steps_by_day"),
            # The registrations of one lesson, and the counts of one lesson and day without touching the table.
            models.Index("lesson_type", "registered_at", "registration", name="lesson_steps_of_lesson"),
            models.Index(
                "lesson_on",
                "lesson_type",
                name="lesson_steps_counted",
                include=["reminded", "attended_at", "booked_at", "confirmed"],
            ),
            # Few get this far: a walk through the newest would pass all the others.
            models.Index(
                "registered_at", "registration", name="lesson_steps_booked", condition=models.Q(booked_at__isnull=False)
            ),
            models.Index(
                "registered_at", "registration", name="lesson_steps_confirmed", condition=models.Q(confirmed=True)
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class PersonToStep(models.Model):
    """A mark to count a person's registrations again. Neither key nor uniqueness: a mark must wait for nobody.

    The marks of a moment are few, so nobody needs an index to them, and the bot's INSERT does not keep one.
    """

    user_id = models.BigIntegerField()

    class Meta:
        db_table = "lesson_steps_pending"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user_id)
