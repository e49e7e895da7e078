"""The list of people as a CSV or XLSX file."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from hsl_dashboard.web.side_writes import SideWrite, write_beside
from hsl_dashboard.web.spreadsheets import ROWS_AT_ONCE, Sheet
from users.models import PeopleExport, PersonCounts, User
from users.person.extensions import lesson_registrations


def start_export(*, by: User, query: str, file_format: str, with_emails: bool) -> PeopleExport:
    """Record who exports which list, before the first row is sent."""
    export = PeopleExport(exported_by=by, query=query, format=file_format, with_emails=with_emails)
    write_beside(SideWrite.LIST_TAKEN, export.save, about=f"{by.get_username()} {file_format}")
    return export


def finish_export(export: PeopleExport, rows: int) -> None:
    """Record how many rows were sent."""
    write_beside(SideWrite.LIST_TAKEN, partial(PeopleExport.objects.filter(pk=export.pk).update, rows=rows))


def people_sheet(people: "QuerySet[Any]", *, streams: dict[str, str], export: PeopleExport) -> Sheet:
    """Give the sheet of the list; after its last row, the export records how many there were."""
    return Sheet(
        title=_("People"),
        headings=_headings(with_emails=export.with_emails),
        rows=(_cells(person, streams, export) for person in _rows(people, with_emails=export.with_emails)),
        done=partial(finish_export, export),
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


def _cells(row: PersonCounts, streams: dict[str, str], export: PeopleExport) -> list[Any]:
    person = row.telegram_user
    return [
        row.pk,
        person.first_name or "",
        person.last_name or "",
        person.username or "",
        *([getattr(row, "emails", "") or ""] if export.with_emails else []),
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
