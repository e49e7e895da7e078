"""Who looked at whose e-mail address."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.keys import person_constraint, person_key
from users.models.staff import User


class EmailDisclosure(models.Model):
    """Who looked at a person's e-mail addresses in full, and when."""

    telegram_user = person_key(related_name="email_disclosures")
    shown_to = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="email_disclosures", verbose_name=_("shown to")
    )
    shown_at = models.DateTimeField(_("shown"))

    class Meta:
        verbose_name = _("look at an e-mail")
        verbose_name_plural = _("looks at e-mails")
        default_permissions = ("view",)
        constraints = [
            person_constraint("users_emaildisclosure"),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"
