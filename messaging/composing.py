"""What composing keeps: drafts, templates with their versions, saved segments, linked Telegram accounts, the rules."""

from typing import Self
from uuid import uuid4

import pghistory
from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from users.models import TelegramUser

TEST = "test"  # message_history.recipient_type of «Отправить себе»


class DraftQuerySet(models.QuerySet["Draft"]):
    def open(self) -> Self:
        """Those that became no broadcast yet."""
        return self.filter(broadcast=None)

    def waiting_first(self) -> Self:
        """Those that somebody must approve, whom nobody may overlook; then the newest."""
        waits = models.ExpressionWrapper(Q(asked_version=F("version")), output_field=models.BooleanField())
        return self.order_by(waits.desc(nulls_last=True), "-updated_at", "-id")


class Draft(models.Model):
    """A message being written, right or wrong; colleagues share it, and the newest version is the only one."""

    # The form's token: a form posted twice lands on the same broadcast.
    token = models.UUIDField(_("submission token"), default=uuid4, unique=True, editable=False)
    content = models.JSONField(_("content"), default=dict)  # messaging.content.Content
    media_upload = models.FileField(_("file"), upload_to="broadcasts/", max_length=200, blank=True)
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
        return f"#{self.pk}"

    @property
    def waits_for_approval(self) -> bool:
        """Whether somebody asked for approval of exactly what stands here now."""
        return self.asked_version == self.version


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class MessageTemplate(models.Model):
    """A message to begin with, under a name; each saving is a version of it."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    is_archived = models.BooleanField(_("archived"), default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("created"), db_default=TransactionNow())

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """The words of a template from one saving to the next; never changed."""

    template = models.ForeignKey(MessageTemplate, models.CASCADE, related_name="versions", verbose_name=_("template"))
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField(_("content"))  # the message of messaging.content.Content, without people
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("created"), db_default=TransactionNow())

    class Meta:
        verbose_name = _("version of a template")
        verbose_name_plural = _("versions of templates")
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="messaging_templateversion_number"),
        ]

    def __str__(self) -> str:
        return f"{self.template_id}.{self.number}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Segment(models.Model):
    """A question about people under a name: somebody's own, or everybody's."""

    name = models.CharField(_("name"), max_length=100)
    audience = models.JSONField(_("audience"))  # messaging.audiences.Audience
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="segments",
        verbose_name=_("owner; empty: shared"),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("created"), db_default=TransactionNow())

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(owner=None), name="messaging_segment_shared_name"),
            models.UniqueConstraint(fields=["owner", "name"], name="messaging_segment_own_name"),
        ]

    def __str__(self) -> str:
        return self.name


class TelegramLink(models.Model):
    """A member of staff's own Telegram account, proved by a one-time code that the bot brought there."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="telegram_link", verbose_name=_("staff account")
    )
    telegram_user = models.ForeignKey(
        TelegramUser, models.CASCADE, db_constraint=False, related_name="+", verbose_name=_("person")
    )
    linked_at = models.DateTimeField(_("linked"), null=True)
    # While it waits for its code.
    code_hash = models.CharField(_("code"), max_length=200, blank=True)
    code_sent_at = models.DateTimeField(_("code sent"), null=True)
    attempts_left = models.PositiveSmallIntegerField(_("attempts left"), default=0)
    code_broadcast = models.ForeignKey(
        "messaging.Broadcast", models.SET_NULL, null=True, related_name="+", verbose_name=_("message with the code")
    )
    wants_reports = models.BooleanField(_("reports about one's own messages"), default=True, db_default=True)

    class Meta:
        verbose_name = _("linked Telegram account")
        verbose_name_plural = _("linked Telegram accounts")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.telegram_user_id}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class SendingRules(models.Model):
    """What an administrator sets for all sending; one row."""

    approval_above = models.PositiveIntegerField(
        _("approval above, recipients"),
        null=True,
        blank=True,
        help_text=_("A message to more people than this needs a second person. Empty: never."),
    )

    class Meta:
        verbose_name = _("rules of sending")
        verbose_name_plural = _("rules of sending")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="messaging_sendingrules_one_row")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def read(cls) -> "SendingRules":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
