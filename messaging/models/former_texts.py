"""What a broadcast said before its text was changed."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from messaging.models.broadcasts import Broadcast
from messaging.models.corrections import Correction


class FormerText(models.Model):
    """A text that some recipients of a broadcast may still have; what it says now stands in the broadcast itself."""

    broadcast = models.ForeignKey(Broadcast, models.CASCADE, related_name="former_texts", verbose_name=_("broadcast"))
    message_text = models.TextField(_("text"), blank=True)
    buttons = models.JSONField(_("buttons"), default=list, blank=True)
    # Nobody is written to while a text changes: a row claimed before this moment got the old one.
    replaced_at = models.DateTimeField(_("replaced"))
    replaced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("replaced by")
    )
    # Set where the text was also changed in the chats that had it.
    correction = models.OneToOneField(
        Correction, models.CASCADE, null=True, related_name="former_text", verbose_name=_("correction")
    )

    class Meta:
        verbose_name = _("former text")
        verbose_name_plural = _("former texts")

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
