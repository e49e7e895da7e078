"""What members of staff want to be told in Telegram, and what they have been told."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.models.links import TelegramLink

AT_MOST_EVERY = timedelta(minutes=15)  # one notice of a subject


class StaffNoticeQuerySet(models.QuerySet["StaffNotice"]):
    def reachable(self) -> Self:
        """Those that are switched on by somebody whom the bot reaches."""
        return self.filter(Exists(TelegramLink.objects.reachable().filter(user=OuterRef("user"))), is_on=True)

    def due(self, at: datetime) -> Self:
        """Those that may be sent: the last one of their subject is long enough ago."""
        return self.reachable().filter(Q(sent_at=None) | Q(sent_at__lte=at - AT_MOST_EVERY))


class StaffNotice(models.Model):
    """A subject that a member of staff wants notices of, or wanted; without a row they do not."""

    class Subject(models.TextChoices):
        PAYMENTS = "payments", _("New payments to look at")
        ANSWERS = "answers", _("New texts of students, for me or for nobody yet")
        PAUSED = "paused", _("Messages that pause")
        APPROVALS = "approvals", _("Messages that wait for my approval")
        DIGEST = "digest", _("Digest at 10:00")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices", verbose_name=_("staff account")
    )
    subject = models.CharField(pgettext_lazy("of a notice", "subject"), max_length=20, choices=Subject)
    is_on = models.BooleanField(pgettext_lazy("a notice", "switched on"))
    # What came later is new to them.
    told_until = models.DateTimeField(_("told until"))
    sent_at = models.DateTimeField(_("sent"), null=True)

    objects = StaffNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice to staff")
        verbose_name_plural = _("notices to staff")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "subject"], name="messaging_staffnotice_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.subject}"


class Digest(models.Model):
    """The digest of one day for one member of staff. Its words stand here alone: they may hold sums of money."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="digests", verbose_name=_("staff account")
    )
    day = models.DateField(_("day"))
    words = models.TextField(_("text"))  # HTML of Telegram; empty from the next day on
    message = models.OneToOneField(
        "messaging.Broadcast",
        models.SET_NULL,
        null=True,
        related_name="digest",
        verbose_name=_("message with the digest"),
    )

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        default_permissions = ()
        # Of two beats one finds the day taken.
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="messaging_digest_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.day}"
