"""The audit: one line for every change and every act, written by triggers; history holds what was and what is."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.functions import TransactionNow
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.people import TelegramUser
from users.models.staff import User

# Why a change of these is no line of the audit. Every other table has its triggers: a test names what has none.
NOT_AUDITED = {
    "users.AuditEntry": "the audit itself; the application may not change it",
    "users.PersonTotals": "derived",
    "users.LivePersonTotals": "derived",
    "users.CountingMark": "derived",
    "users.NumberMark": "derived",
    "bookings.BookingMoney": "derived",
    "bookings.Confirmation": "derived",
    "bookings.BookingCount": "derived",
    "bookings.MoneyDay": "derived",
    "bookings.MoneyMark": "derived",
    "bookings.LessonSteps": "derived",
    "bookings.PersonToStep": "derived",
    "bookings.PaymentMark": "derived",
    "bookings.WaitingPayment": "derived; what staff do with it has lines of its own",
    "analytics.Journey": "derived",
    "analytics.DayCount": "derived",
    "analytics.CohortCell": "derived",
    "analytics.Refresh": "when the derived tables were counted",
    "users.TodayVisit": "what a member of staff has looked at",
    "users.SealedDay": "the run that seals them has a line",
    "users.UndoableAct": "what is undone has its lines",
    "users.ApiAnswer": "kept for a day; what was done has its lines",
    "bookings.BulkChange": "each booking that it changes has its own lines",
    "bookings.BulkRow": "as the bulk change",
    "messaging.CorrectedMessage": "the engine's; the correction has its lines",
    "messaging.StudentText": "which events have words; the bot wrote them",
    "messaging.FormerText": "the broadcast's history has the change",
    "messaging.TemplateVersion": "the template's history has its text",
    "messaging.Incident": "a record of its own",
    "messaging.RecipientCount": "derived",
    "messaging.Outbox": "the engine's; what it sends are messages",
    "messaging.Report": "the engine's",
    "messaging.Digest": "the engine's",
    "messaging.Runner": "the engine's",
    "messaging.ReceivedUpdate": "Telegram's",
    "account.EmailConfirmation": "links that end by themselves",
    "admin.LogEntry": "the admin's own record; every change that it names has a line",
    "auth.Permission": "made by migrations",
    "contenttypes.ContentType": "made by migrations",
    "django_celery_beat.ClockedSchedule": "the task that uses it has the lines",
    "django_celery_beat.CrontabSchedule": "the task that uses it has the lines",
    "django_celery_beat.IntervalSchedule": "the task that uses it has the lines",
    "django_celery_beat.SolarSchedule": "the task that uses it has the lines",
    "django_celery_beat.PeriodicTasks": "when beat has to read its tasks again",
    "pghistory.Context": "who and why of history",
    "pghistory.Events": "a view of history",
    "pghistory.MiddlewareEvents": "a view of history",
    "sessions.Session": "signing in and out has lines",
    "usersessions.UserSession": "signing in and out has lines",
}


class AuditEntry(models.Model):
    """That something was changed or done: when, by whom, to whom and what; the application can only add lines.

    Old and new stand in the row of history that ``record_table`` and ``record_id`` name, or in ``data`` where a table
    has no history of its own.
    """

    at = models.DateTimeField(_("happened"), db_default=TransactionNow())
    # NULL is the bot, or a task of ours, which ``request`` then names. No key: a line outlives whom it names.
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("done by"),
    )
    what = models.CharField(_("what was done"), max_length=100)  # "bookings.update", "sign_in.failed"
    telegram_user = models.ForeignKey(
        TelegramUser,
        models.DO_NOTHING,
        null=True,
        db_column="user_id",
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("person"),
    )
    object_table = models.CharField(_("table of the row"), max_length=63, blank=True, db_default="")
    object_id = models.CharField(_("number of the row"), max_length=100, null=True)
    reason = models.TextField(_("reason"), blank=True, db_default="")
    address = models.CharField(_("address"), max_length=45, blank=True, db_default="")
    request = models.CharField(_("request or task"), max_length=64, blank=True, db_default="")
    record_table = models.CharField(_("table of history"), max_length=63, blank=True, db_default="")
    record_id = models.BigIntegerField(_("row of history"), null=True)
    data = models.JSONField(_("details"), null=True)

    class Meta:
        verbose_name = _("line of the audit")
        verbose_name_plural = _("audit")
        default_permissions = ("view",)
        indexes = [
            # Each filter of the page, in the order of the page: /audit/ walks one of them.
            models.Index("at", "id", name="users_audit_newest"),
            models.Index("done_by", "at", name="users_audit_by"),
            models.Index("what", "at", name="users_audit_what"),
            models.Index("object_table", "at", name="users_audit_table"),
            models.Index("telegram_user", "at", name="users_audit_person"),
            models.Index("object_id", "object_table", name="users_audit_row"),
            models.Index("request", name="users_audit_request", condition=~models.Q(request="")),
            models.Index("address", name="users_audit_address", condition=~models.Q(address="")),
            GinIndex(
                SearchVector("reason", config="simple"),
                name="users_audit_reason",
                condition=~models.Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"


def record(
    what: str,
    *,
    by: User | None = None,
    person: TelegramUser | None = None,
    of: models.Model | None = None,
    data: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write down what changes no row that has a trigger; who asked and from where comes from pghistory's context."""
    return AuditEntry.objects.create(
        what=what,
        done_by=by,
        telegram_user=person,
        object_table=of._meta.db_table if of else "",
        object_id=str(of.pk) if of else None,
        data=data,
    )
