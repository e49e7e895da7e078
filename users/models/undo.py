"""What can be taken back for some seconds after it was done."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.keys import optional_person_key, person_constraint


class UndoableActQuerySet(models.QuerySet["UndoableAct"]):
    def open(self, at: datetime) -> Self:
        """Acts that may still be undone."""
        return self.filter(undone_at=None, expires_at__gt=at)


class UndoableAct(models.Model):
    """Something that a member of staff did a moment ago, with what it needs to be undone; kept for an hour."""

    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("done by"))
    done_at = models.DateTimeField(_("done"))
    expires_at = models.DateTimeField(_("can be undone until"), db_index=True)
    kind = models.CharField(_("kind"), max_length=20)  # a name in the registry (users/undo/services.py)
    # Whom it was done to, where that is one person: their act goes with them.
    telegram_user = optional_person_key(related_name="+")
    done = models.JSONField(_("what was done"))  # ids, each with what was before and after, as its kind reads them
    undone_at = models.DateTimeField(_("undone"), null=True)

    objects = UndoableActQuerySet.as_manager()

    class Meta:
        verbose_name = _("act that can be undone")
        verbose_name_plural = _("acts that can be undone")
        default_permissions = ()
        constraints = [person_constraint("users_undoableact")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
