"""Registrations for free lessons."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.triggers import record_registration
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
            *keep_person_totals(columns=("registered_at", "lesson_type")),
            *mark_for_numbers(at="registered_at", columns=("lesson_type", "lesson_date")),
            record_registration(),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.lesson_type}"
