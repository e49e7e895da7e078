"""Who looked at whose e-mail address."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import DatabaseForeignKey
from users.models.people import TelegramUser
from users.models.staff import User


class EmailDisclosure(models.Model):
    """Who looked at a person's e-mail addresses in full, and when."""

    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        db_column="user_id",
        db_constraint=False,
        related_name="email_disclosures",
        verbose_name=_("person"),
    )
    shown_to = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="email_disclosures", verbose_name=_("shown to")
    )
    shown_at = models.DateTimeField(_("shown"))

    class Meta:
        verbose_name = _("look at an e-mail")
        verbose_name_plural = _("looks at e-mails")
        default_permissions = ("view",)
        constraints = [
            DatabaseForeignKey(field="telegram_user", on_delete="CASCADE", name="users_emaildisclosure_user_id_fkey"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
