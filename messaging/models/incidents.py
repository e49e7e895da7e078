"""What was wrong with the system, from when to when, and whether administrators were told."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Incident(models.Model):
    """One trouble, from the moment it was seen to the moment it was gone (alerts/incidents.py)."""

    kind = models.CharField(_("kind"), max_length=40)  # of alerts/kinds.py
    value = models.CharField(_("value"), max_length=100, blank=True, db_default="")  # numbers and moments, no words
    began_at = models.DateTimeField(_("began"))
    # A trouble that comes and goes is one: it has ended when nobody has seen it for a while.
    seen_at = models.DateTimeField(_("last seen"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    told_at = models.DateTimeField(_("beginning told"), null=True)
    end_told_at = models.DateTimeField(_("end told"), null=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        default_permissions = ()  # who sees the page of the system sees them; nobody changes them
        # Two processes that see the same trouble write one row.
        constraints = [
            models.UniqueConstraint("kind", name="messaging_incident_open", condition=models.Q(ended_at=None)),
        ]
        indexes = [models.Index(models.F("began_at").desc(), name="messaging_incident_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.began_at}"
