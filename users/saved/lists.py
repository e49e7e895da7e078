"""The lists of this app that can be saved: people, and the audit."""

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.web.saved_lists import Reader, SavedList
from hsl_dashboard.web.spreadsheets import Sheet
from users.audit.filters import AuditFilter
from users.models import AuditEntry, PersonTotals, User
from users.people.exports import people_sheet
from users.people.filters import PeopleFilter
from users.people.listing import people_list
from users.privacy import VIEW_EMAIL


def _people(query: QueryDict, reader: Reader, *, folded: bool = False) -> "QuerySet[Any] | None":
    people = people_list(query, with_emails=reader.has_perm(VIEW_EMAIL), folded=folded)
    return people.people if people.filter.is_valid() else None


def _people_in_words(query: QueryDict) -> list[str]:
    return PeopleFilter(query, queryset=PersonTotals._default_manager.all(), with_emails=False).in_words()


def _people_sheet(query: QueryDict, user: User, *, with_emails: bool) -> Sheet:
    people = people_list(query, with_emails=user.has_perm(VIEW_EMAIL), folded=True)
    return people_sheet(people.sorted_people(), streams=people.filter.stream_names, with_emails=with_emails)


def _audit(query: QueryDict, _reader: Reader) -> "QuerySet[Any] | None":
    narrowed = AuditFilter(query, queryset=AuditEntry.objects.all())
    return narrowed.qs if narrowed.is_valid() else None


def _audit_in_words(query: QueryDict) -> list[str]:
    return AuditFilter(query, queryset=AuditEntry.objects.all()).in_words()


PEOPLE_LIST = SavedList(
    "users:person_list",
    _("People"),
    ("users.view_telegramuser",),
    _people,
    _people_sheet,
    whole=partial(_people, folded=True),
    words=_people_in_words,
)
AUDIT_LIST = SavedList("users:audit_list", _("Audit"), ("users.view_auditentry",), _audit, words=_audit_in_words)
