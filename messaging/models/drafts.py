"""Messages being written."""

from typing import Self
from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from users.models import User


class DraftQuerySet(models.QuerySet["Draft"]):
    def open(self) -> Self:
        """Drafts that have not been sent."""
        return self.filter(broadcast=None)

    def waiting_for(self, approver: User) -> Self:
        """Drafts of which somebody else asks for approval, as they are now."""
        return self.open().filter(asked_version=F("version")).exclude(asked_by=approver)

    def waiting_first(self) -> Self:
        """Drafts that wait for approval first, then the newest."""
        waits = models.ExpressionWrapper(Q(asked_version=F("version")), output_field=models.BooleanField())
        return self.order_by(waits.desc(nulls_last=True), "-updated_at", "-id")


class Draft(models.Model):
    """A message being written, right or wrong; colleagues share it, and the newest version is the only one."""

    # The form's token: a form posted twice lands on the same broadcast.
    token = models.UUIDField(_("submission token"), default=uuid4, unique=True, editable=False)
    content = models.JSONField(_("content"), default=dict)  # messaging.content.content.Content
    media_upload = models.FileField(_("file"), upload_to="broadcasts/", max_length=200, blank=True)
    media_name = models.TextField(_("name of the file"), blank=True, db_default="")
    version = models.PositiveIntegerField(_("version"), default=1)
    # The page that saved last: its own later saves are no conflict.
    saved_from = models.CharField(_("saved from"), max_length=40, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("created"), db_default=TransactionNow())
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("last changed by")
    )
    updated_at = models.DateTimeField(_("last changed"), db_default=TransactionNow())
    broadcast = models.OneToOneField(
        "messaging.Broadcast", models.SET_NULL, null=True, related_name="draft", verbose_name=_("broadcast")
    )
    # «Отправить себе»: the form shows what became of it.
    last_test = models.ForeignKey(
        "messaging.Broadcast", models.SET_NULL, null=True, related_name="+", verbose_name=_("last test message")
    )
    template = models.ForeignKey(
        "TemplateVersion", models.SET_NULL, null=True, related_name="drafts", verbose_name=_("template")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("approval asked by")
    )
    asked_at = models.DateTimeField(_("approval asked"), null=True)
    asked_version = models.PositiveIntegerField(_("version to approve"), null=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        permissions = [("approve_broadcast", _("Can approve messages that others wrote"))]
        indexes = [
            # The list beside the form; those that were sent, nearly all, are not in it.
            models.Index(fields=["-updated_at"], name="messaging_draft_open", condition=Q(broadcast=None)),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"

    @property
    def waits_for_approval(self) -> bool:
        """Whether somebody asked for approval of exactly what stands here now."""
        return self.asked_version == self.version
