"""Runners that are sending a broadcast right now."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from messaging.models.broadcasts import Broadcast
from messaging.models.corrections import Correction


class Runner(models.Model):
    """A process that sends a broadcast or a correction at this moment; the row outlives it by seconds at most."""

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, null=True, blank=True, related_name="runners")
    correction = models.ForeignKey(Correction, models.CASCADE, null=True, blank=True, related_name="runners")
    worker = models.TextField(_("worker"))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    seen_at = models.DateTimeField(_("seen"), db_default=Now())

    class Meta:
        verbose_name = _("runner")
        verbose_name_plural = _("runners")

    def __str__(self) -> str:
        return self.worker
