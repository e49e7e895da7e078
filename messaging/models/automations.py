"""The rules by which students are told about their bookings without anybody pressing a button."""

from datetime import date, datetime, time, timedelta
from typing import Self

import pghistory
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.notices import NoticeKind
from messaging.models.recipient_types import RecipientType
from messaging.quiet_hours import end_of_night, is_quiet

FIRES_AT = time(10)  # Moscow's hour of a reminder whose day is counted from a date

KINDS = (
    NoticeKind.CONFIRMED,
    NoticeKind.CANCELLED,
    NoticeKind.PAYMENT_REMINDER,
    NoticeKind.COURSE_START,
    NoticeKind.FREE_LESSON,
)
# These count in minutes, so that a wrong click can be taken back; the others in days.
IN_MINUTES = frozenset({NoticeKind.CONFIRMED, NoticeKind.CANCELLED})
DATED = frozenset({NoticeKind.COURSE_START, NoticeKind.FREE_LESSON})


class AutomationQuerySet(models.QuerySet["Automation"]):
    def switched_on(self) -> Self:
        return self.filter(is_on=True)

    def in_order(self) -> list["Automation"]:
        """Sort them as a student meets them, from the booking to the lesson."""
        return sorted(self, key=lambda rule: KINDS.index(rule.notice))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class Automation(models.Model):
    """A rule: what happens, how long before or after it the student is told, and in which words."""

    kind = models.CharField(_("kind"), max_length=30, unique=True, choices=[(kind.value, kind.label) for kind in KINDS])
    is_on = models.BooleanField(_("on"), db_default=False)
    # Only what happens from here on counts: switching on wakes nothing that is past.
    switched_on_at = models.DateTimeField(_("switched on"), null=True, blank=True)
    template = models.TextField(_("text"))
    # Minutes after a status, or days: after «В ожидании», before a date.
    offset = models.PositiveIntegerField(_("offset"), db_default=0, validators=[MaxValueValidator(1440)])
    include_earlier = models.BooleanField(
        _("also those who booked or registered before it was switched on"), db_default=False
    )

    objects = AutomationQuerySet.as_manager()

    class Meta:
        verbose_name = _("automation")
        verbose_name_plural = _("automations")
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return str(self.notice.label)

    @property
    def notice(self) -> NoticeKind:
        return NoticeKind(self.kind)

    @property
    def counts_days(self) -> bool:
        return self.notice not in IN_MINUTES

    @property
    def is_dated(self) -> bool:
        return self.notice in DATED

    @property
    def delay(self) -> timedelta:
        return timedelta(days=self.offset) if self.counts_days else timedelta(minutes=self.offset)

    def since(self, at: datetime) -> datetime:
        """From when on changes count; for a rule that is off, as if it were switched on ``at`` that moment."""
        return self.switched_on_at if self.is_on and self.switched_on_at else at

    def dates(self, at: datetime) -> tuple[date, date]:
        """The first and the last date whose reminder is due; the first comes after the last when none is."""
        now = timezone.localtime(at)
        hour_has_come = now.time() >= FIRES_AT
        return now.date(), now.date() + timedelta(days=self.offset if hour_has_come else self.offset - 1)


def resumes_at(recipient_type: str | None, *, at: datetime) -> datetime | None:
    """When sending resumes: automated messages wait for the end of the quiet hours, others do not wait (None)."""
    return end_of_night(at) if recipient_type == RecipientType.AUTOMATION and is_quiet(at) else None
