"""Templates with their versions, and saved segments of people."""

import pghistory
from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class MessageTemplate(models.Model):
    """A message to begin with, under a name; each saving is a version of it."""

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=100, unique=True)
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
    """One saved version of a template; never changed."""

    template = models.ForeignKey(MessageTemplate, models.CASCADE, related_name="versions", verbose_name=_("template"))
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField(_("content"))  # the message of messaging.content.content.Content, without people
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

    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=100)
    audience = models.JSONField(_("audience"))  # messaging.audiences.criteria.Audience
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
