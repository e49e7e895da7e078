"""The list of people as a sheet."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from hsl_dashboard.web.spreadsheets import ROWS_AT_ONCE, Sheet
from users.models import PersonCounts
from users.person.extensions import lesson_registrations


def people_sheet(people: "QuerySet[Any]", *, streams: dict[str, str], with_emails: bool) -> Sheet:
    """Give the sheet of the list."""
    return Sheet(
        title=_("People"),
        headings=_headings(with_emails=with_emails),
        rows=(_cells(person, streams, with_emails) for person in _rows(people, with_emails=with_emails)),
    )


def _rows(people: "QuerySet[Any]", *, with_emails: bool) -> Iterable[PersonCounts]:
    if with_emails:
        registrations = lesson_registrations().filter(telegram_user=OuterRef("pk")).order_by().values("telegram_user")
        joined = StringAgg("email", delimiter=", ", distinct=True)
        people = people.annotate(emails=Subquery(registrations.annotate(emails=joined).values("emails")))
    return people.iterator(chunk_size=ROWS_AT_ONCE)


def _headings(*, with_emails: bool) -> list[str]:
    return [
        "ID",
        _("First name"),
        _("Last name"),
        "Username",
        *([_("E-mail")] if with_emails else []),
        _("Language"),
        _("Latest stream"),
        _("Latest status"),
        _("Bookings"),
        _("Events"),
        _("Lessons"),
        _("Lead"),
        _("Last activity, Moscow"),
        _("First seen, Moscow"),
        _("Blocked the bot"),
    ]


def _cells(row: PersonCounts, streams: dict[str, str], with_emails: bool) -> list[Any]:
    person = row.telegram_user
    return [
        row.pk,
        person.first_name or "",
        person.last_name or "",
        person.username or "",
        *([getattr(row, "emails", "") or ""] if with_emails else []),
        row.language_code,
        streams.get(row.latest_stream, row.latest_stream),
        str(row.get_latest_status_display()),
        row.bookings,
        row.events,
        row.lessons,
        str(row.get_temperature_display()),
        row.last_activity_at,
        row.first_seen_at,
        _("yes") if row.blocked else _("no"),
    ]
