"""The registrations for free lessons as a CSV or XLSX file."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bookings.models import LessonSteps
from hsl_dashboard.calendar import unknown
from hsl_dashboard.web.spreadsheets import ROWS_AT_ONCE, Sheet


def lessons_sheet(rows: "QuerySet[LessonSteps]", *, with_emails: bool) -> Sheet:
    return Sheet(
        title=_("Free lessons"),
        headings=[
            "ID",
            _("Telegram id"),
            _("First name"),
            _("Last name"),
            "Username",
            *([_("E-mail")] if with_emails else []),
            pgettext("field label", "Free lesson"),
            _("Lesson date"),
            _("Registered, Moscow"),
            _("Reminder sent"),
            _("Came, Moscow"),
            _("Booked, Moscow"),
            _("Confirmed"),
        ],
        rows=(_cells(row, with_emails=with_emails) for row in rows.iterator(chunk_size=ROWS_AT_ONCE)),
    )


def _cells(row: LessonSteps, *, with_emails: bool) -> list[Any]:
    person = row.registration.telegram_user
    return [
        row.pk,
        person.pk,
        person.first_name or "",
        person.last_name or "",
        person.username or "",
        *([row.registration.email or ""] if with_emails else []),
        row.lesson_type,
        row.lesson_on.isoformat() if row.lesson_on else "",
        row.registration.registered_at or unknown(),
        _("yes") if row.reminded else _("no"),
        row.attended_at,
        row.booked_at,
        _("yes") if row.confirmed else _("no"),
    ]
