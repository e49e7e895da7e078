"""How warm a lead is called: the window and the thresholds, which administrators set."""

from typing import Self

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

MAX_DAYS = 60  # a longer window reads too many events at each count
MAX_EVENTS = 10_000


def _count(label: object, default: int, most: int = MAX_EVENTS) -> "models.PositiveIntegerField[int, int]":
    limits = [MinValueValidator(1), MaxValueValidator(most)]
    return models.PositiveIntegerField(label, default=default, validators=limits)  # type: ignore[arg-type]


# Where the recount stands is no decision of anybody.
@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), exclude=["recounted_to"])
class LeadRules(models.Model):
    """From how many own events on how many days somebody is hot, warm or cool; one row, or none for the usual rules.

    The function person_temperature() reads it, with the same defaults; a test compares the two.
    """

    window_days = _count(_("window, days"), 7, MAX_DAYS)
    hot_events = _count(_("hot: events"), 20)
    hot_days = _count(_("hot: days"), 5, MAX_DAYS)
    warm_events = _count(_("warm: events"), 10)
    warm_days = _count(_("warm: days"), 3, MAX_DAYS)
    cool_events = _count(_("cool: events"), 5)
    # People are counted again after a change, in the order of their ids: up to this one; NULL when all are.
    recounted_to = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("rules of leads")
        verbose_name_plural = _("rules of leads")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="users_leadrules_one_row")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def read(cls) -> Self:
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def is_recounting(self) -> bool:
        """Whether some people are still counted by the rules before."""
        return self.recounted_to is not None
