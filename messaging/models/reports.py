"""Reports to authors, waiting and sent: at most one per broadcast."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReportQuerySet(models.QuerySet["Report"]):
    def unsettled(self) -> Self:
        return self.filter(settled_at=None)


class Report(models.Model):
    """A report in Telegram to the author of a broadcast that has ended; sent once."""

    # The key is what makes it once: whatever crashes or runs twice finds it taken.
    broadcast = models.OneToOneField(
        "messaging.Broadcast", models.CASCADE, primary_key=True, related_name="report", verbose_name=_("broadcast")
    )
    message = models.OneToOneField(
        "messaging.Broadcast",
        models.SET_NULL,
        null=True,
        related_name="report_about",
        verbose_name=_("message with the report"),
    )
    queued_at = models.DateTimeField(_("queued"))
    settled_at = models.DateTimeField(_("settled"), null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report to the author")
        verbose_name_plural = _("reports to authors")
        default_permissions = ("view",)
        indexes = [
            # The tick asks every few seconds; the settled ones, nearly all, are not in it.
            models.Index("queued_at", name="messaging_report_unsettled", condition=models.Q(settled_at=None)),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
