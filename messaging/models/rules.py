"""The school's rules for sending: when a second person must approve."""

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class SendingRules(models.Model):
    """What an administrator sets for all sending; one row."""

    approval_above = models.PositiveIntegerField(
        _("approval above, recipients"),
        null=True,
        blank=True,
        help_text=_("A message to more people than this needs a second person. Empty: never."),
    )

    class Meta:
        verbose_name = _("rules of sending")
        verbose_name_plural = _("rules of sending")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="messaging_sendingrules_one_row")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def read(cls) -> "SendingRules":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
