"""Who downloaded which list of people."""

from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.staff import User


class PeopleExport(models.Model):
    """Who downloaded which list of people, and when: personal data left the house."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    exported_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="people_exports", verbose_name=_("exported by")
    )
    exported_at = models.DateTimeField(_("exported"), db_default=TransactionNow())
    query = models.TextField(_("filter"), blank=True, help_text=_("The filter as it stands in the address."))
    format = models.CharField(_("format"), max_length=4, choices=Format)
    with_emails = models.BooleanField(_("with e-mails"))
    rows = models.PositiveIntegerField(_("rows"), null=True, help_text=_("Empty: the download broke off."))

    class Meta:
        verbose_name = _("export of people")
        verbose_name_plural = _("exports of people")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
