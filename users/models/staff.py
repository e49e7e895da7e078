"""Staff accounts."""

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A member of staff, who signs in to the dashboard."""

    class Meta(AbstractUser.Meta):
        db_table = "staff_user"
        verbose_name = _("staff account")  # type: ignore[assignment]  # a lazy text, as everywhere
        verbose_name_plural = _("staff accounts")  # type: ignore[assignment]
