"""What a member of staff has looked at on the page of today."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TodayVisit(models.Model):
    """When a member of staff last pressed «Просмотрено»: what came later is new to them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("member of staff")
    )
    at = models.DateTimeField(_("looked at"))

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user_id)
