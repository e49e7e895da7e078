"""The updates that Telegram has delivered."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReceivedUpdate(models.Model):
    """An update that was processed: Telegram repeats one until it gets «200»."""

    update_id = models.BigIntegerField(_("update"), primary_key=True)
    received_at = models.DateTimeField(_("received"), db_index=True)

    class Meta:
        verbose_name = _("received update")
        verbose_name_plural = _("received updates")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.update_id)
