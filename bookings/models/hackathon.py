"""Registrations for the hackathon."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.keys import optional_person_key, person_constraint
from users.models.triggers import create_missing_person


class HackathonRegistration(models.Model):
    """A person's registration for the hackathon."""

    id = models.AutoField(primary_key=True)
    telegram_user = optional_person_key(related_name="hackathon_registrations", blank=True)
    username = models.TextField(_("username"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), null=True, blank=True, db_default=TransactionNow())

    class Meta:
        db_table = "hackathon_registrations"
        verbose_name = _("hackathon registration")
        verbose_name_plural = _("hackathon registrations")
        constraints = [
            person_constraint("hackathon_registrations"),
        ]
        triggers = [
            create_missing_person(username="NEW.username", first_name="NULL", seen_at="COALESCE(NEW.created_at, now())")
        ]

    def __str__(self) -> str:
        return ", ".join(filter(None, (f"№\u00a0{self.pk}", self.username)))
