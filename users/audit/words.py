"""The audit in words: what was done, and what each column was and is, as the pages and the admin name it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import takewhile
from typing import Any

from django.apps import apps
from django.db.models import BooleanField, DateTimeField, Field, Model
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

LONGEST = 100  # characters of a value: a message of 4,096 has a page of its own, and a list has fifty of them
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")  # how acts write one, as in «until»
BEFORE = 20  # characters that two long values have in common, in front of where they begin to differ

# What is done with no row of a table: record() in users/models/audit.py.
ACTS = {
    "sign_in.done": gettext_lazy("Signed in"),
    "sign_out.done": gettext_lazy("Signed out"),
    "sign_in.failed": gettext_lazy("Sign-in failed"),
    "sign_in.locked_out": gettext_lazy("Sign-in closed after too many attempts"),
    "second_factor.failed": gettext_lazy("Wrong second factor"),
    "password.changed": gettext_lazy("Password changed"),
    "act.undone": gettext_lazy("An act undone"),
    "staff.link_made": gettext_lazy("A sign-in link was made"),
    "staff.link_used": gettext_lazy("A sign-in link was used"),
    "staff.sessions_ended": gettext_lazy("Sessions of a colleague ended"),
    "refused": gettext_lazy("A page was refused"),
    "person.exported": gettext_lazy("All data of a person downloaded"),
    "person.erased": gettext_lazy("A person erased"),
    "payment.taken": gettext_lazy("A waiting payment taken"),
    "payment.given_back": gettext_lazy("A waiting payment given back"),
    "payment.put_off": gettext_lazy("A waiting payment put off"),
    "payment.brought_back": gettext_lazy("A waiting payment brought back"),
    "payment.asked": gettext_lazy("A student asked about a payment"),
    "payment.declined": gettext_lazy("A payment declined again"),
    "conversation.left_unread": gettext_lazy("A conversation left unread"),
    "conversation.reopened": gettext_lazy("A conversation reopened"),
    "retention.applied": gettext_lazy("Old data deleted"),
    "audit.forgotten": gettext_lazy("Old lines of the audit deleted"),
}
DONE_TO_ROWS = {
    "insert": pgettext_lazy("audit", "added"),
    "update": pgettext_lazy("audit", "changed"),
    "delete": pgettext_lazy("audit", "deleted"),
    "status": pgettext_lazy("audit", "status"),
    "truncate": pgettext_lazy("audit", "all deleted"),
}
# What an act says of itself.
DETAILS = {
    "tried": gettext_lazy("name that was typed"),
    "account": gettext_lazy("account"),
    "path": gettext_lazy("page"),
    "method": gettext_lazy("method"),
    "rows": gettext_lazy("rows"),
    "before": gettext_lazy("before"),
    "event_details": gettext_lazy("details of events"),
    "export_records": gettext_lazy("records of exports"),
    "audit": gettext_lazy("audit and history"),
    "webhook_payloads": gettext_lazy("raw notices of payments"),
    "media": gettext_lazy("files of messages"),
    "incidents": gettext_lazy("incidents"),
    "unfinished": gettext_lazy("not finished"),
    "role": gettext_lazy("role in the database"),
    "history": gettext_lazy("rows of history"),
    "query": gettext_lazy("filter"),
    "format": gettext_lazy("format"),
    "until": gettext_lazy("until"),
    "sessions": pgettext_lazy("sign-in", "sessions"),
}

# What the models of libraries, and columns that nobody sees elsewhere, leave unnamed or name in English alone.
NAMES = {
    "users.User_groups": pgettext_lazy("audit", "role of an account"),
    "users.User_user_permissions": pgettext_lazy("audit", "right of an account"),
    "auth.Group_permissions": pgettext_lazy("audit", "right of a role"),
    "users.User_groups.user": pgettext_lazy("audit", "account"),
    "users.User_groups.group": pgettext_lazy("audit", "role"),
    "users.User_user_permissions.user": pgettext_lazy("audit", "account"),
    "users.User_user_permissions.permission": pgettext_lazy("audit", "right"),
    "auth.Group_permissions.group": pgettext_lazy("audit", "role"),
    "auth.Group_permissions.permission": pgettext_lazy("audit", "right"),
    "users.LeadRules.recounted_to": pgettext_lazy("audit", "recounted up to the person"),
    "users.SavedView.feed_digest": pgettext_lazy("audit", "digest of the feed's address"),
    "users.SavedView.feed_beginning": pgettext_lazy("audit", "beginning of the feed's address"),
    "bookings.IncomingPayment.raw": pgettext_lazy("audit", "as it came"),
    "bookings.IncomingPayment.tries": pgettext_lazy("audit", "tries"),
    "bookings.IncomingPayment.next_try_at": pgettext_lazy("audit", "next try"),
    "mfa.Authenticator.user": pgettext_lazy("audit", "account"),
    "mfa.Authenticator.type": pgettext_lazy("audit", "kind of the second factor"),
    "mfa.Authenticator.data": pgettext_lazy("audit", "data"),
    "mfa.Authenticator.created_at": pgettext_lazy("audit", "made at"),
    "mfa.Authenticator.last_used_at": pgettext_lazy("audit", "last used at"),
    "usersessions.UserSession.user": pgettext_lazy("audit", "account"),
    "usersessions.UserSession.created_at": pgettext_lazy("audit", "made at"),
    "usersessions.UserSession.ip": pgettext_lazy("audit", "IP address"),
    "usersessions.UserSession.last_seen_at": pgettext_lazy("audit", "last seen at"),
    "usersessions.UserSession.user_agent": pgettext_lazy("audit", "browser"),
    "usersessions.UserSession.data": pgettext_lazy("audit", "data"),
    "django_celery_beat.PeriodicTask.task": pgettext_lazy("audit", "task to run"),
    "django_celery_beat.PeriodicTask.crontab": pgettext_lazy("audit", "timetable"),
    "django_celery_beat.PeriodicTask.exchange": pgettext_lazy("audit", "exchange of the queue"),
    "django_celery_beat.PeriodicTask.expire_seconds": pgettext_lazy("audit", "seconds until it expires"),
}
# Rows of derived tables, as the page of an erasure counts them.
NAMES_OF_ROWS = {
    "analytics.Journey": pgettext_lazy("audit", "steps of funnels"),
    "bookings.Confirmation": pgettext_lazy("audit", "moments of confirmations"),
    "bookings.BookingMoney": pgettext_lazy("audit", "sums of bookings"),
    "bookings.PersonToStep": pgettext_lazy("audit", "marks for counting lessons"),
    "bookings.PaymentMark": pgettext_lazy("audit", "marks for counting payments"),
    "users.LivePersonTotals": pgettext_lazy("audit", "totals as of now"),
    "users.CountingMark": pgettext_lazy("audit", "marks for counting people"),
    "users.NumberMark": pgettext_lazy("audit", "marks for counting days"),
}


# How the pages name a column's values, where the model has no choices: by table and column, as each app registers it.
_names: dict[tuple[str, str], Callable[[Any], str]] = {}


def register_value_names(table: str, column: str, name: Callable[[Any], str]) -> None:
    """Called once by an app for a column whose values have names of their own."""
    _names[table, column] = name


# What staff call rows, by model and number.
Names = Mapping[Any, Mapping[Any, str]]


@dataclass(frozen=True)
class ColumnChange:
    """A column, and what it was and is; None where there was no row, or is none any more."""

    label: str
    was: str | None
    now: str | None


def act_in_words(what: str) -> str:
    """Say what was done, as in «Бронирование: изменено»; give an unknown name as it is."""
    if what in ACTS:
        return str(ACTS[what])
    table, _dot, done = what.rpartition(".")
    model = models_by_table().get(table)
    if model is None or done not in DONE_TO_ROWS:
        return what
    return f"{capfirst(name_of_table(model))}: {DONE_TO_ROWS[done]}"


def name_of_table(model: type[Model]) -> str:
    """What staff call one row of a table."""
    return str(NAMES.get(model._meta.label, model._meta.verbose_name))


def name_of_rows(model: type[Model]) -> str:
    """What staff call the rows of a table."""
    return str(NAMES_OF_ROWS.get(model._meta.label, model._meta.verbose_name_plural))


def name_of_column(field: "Field[Any, Any]") -> str:
    """What staff call a column."""
    return str(NAMES.get(f"{field.model._meta.label}.{field.name}", field.verbose_name))


@cache
def models_by_table() -> dict[str, type[Model]]:
    """Every table that has a model; views and proxies have none of their own."""
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table: model for model in models if not model._meta.proxy}


def changes_in_words(
    table: str, was: dict[str, Any] | None, now: dict[str, Any] | None, names: Names | None = None
) -> list[ColumnChange]:
    """What each column was and is; columns that held nothing are left out of a row that was made or deleted.

    ``names`` are those of the rows that a column may point to, by model and number.
    """
    model = models_by_table().get(table)
    return list(_changes(model, was or {}, now or {}, names or {}, both=was is not None and now is not None))


def _changes(
    model: type[Model] | None, was: dict[str, Any], now: dict[str, Any], names: Names, *, both: bool
) -> Iterator[ColumnChange]:
    columns = {field.column: field for field in model._meta.concrete_fields} if model else {}
    for column in dict.fromkeys((*was, *now)):
        field = columns.get(column)
        if field is not None and field.primary_key:
            continue  # the number of the row stands beside what was done
        old, new = _cut(*(_value(field, values[column], names) if column in values else None for values in (was, now)))
        if both or (old or new) not in {None, "—"}:
            label = name_of_column(field) if field else DETAILS.get(column, column)
            yield ColumnChange(str(label), old, new)


def _value(field: "Field[Any, Any] | None", value: Any, names: Names) -> str:
    """Say a value as staff read it; what cannot be understood stays as the database wrote it."""
    if value is None or value in ("", [], {}):
        return "—"
    if field is not None and (name := _names.get((field.model._meta.db_table, field.column or ""))):
        return name(value)
    if field is not None and isinstance(value, int) and (known := names.get(field.related_model, {}).get(value)):
        return known
    if field is not None and field.flatchoices and not isinstance(value, list | dict):
        words = {str(key): str(label) for key, label in field.flatchoices}
        return words.get(str(value), str(value))
    if isinstance(value, bool) or isinstance(field, BooleanField):
        return _("yes") if value else _("no")
    if isinstance(value, str) and (isinstance(field, DateTimeField) or (field is None and MOMENT.match(value))):
        return _moment(value)
    if isinstance(value, list) and all(isinstance(part, str) and part in DETAILS for part in value):
        return ", ".join(str(DETAILS[part]) for part in value)  # rules of retention that were not finished
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(was: str | None, now: str | None) -> tuple[str | None, str | None]:
    """Shorten two values, so that what differs is in sight however long what they begin with."""
    same = (
        sum(1 for _same in takewhile(lambda pair: pair[0] == pair[1], zip(was or "", now or "", strict=False))) - BEFORE
    )
    if same > 0 and max(len(was or ""), len(now or "")) > LONGEST:
        was, now = (f"…{text[same:]}" if text else text for text in (was, now))
    cut_was, cut_now = (Truncator(text).chars(LONGEST) if text else text for text in (was, now))
    return cut_was, cut_now


def _moment(value: str) -> str:
    try:
        at: datetime | None = parse_datetime(value)
        return timezone.localtime(at).strftime("%d.%m.%Y %H:%M") if at and timezone.is_aware(at) else value
    except (ValueError, OverflowError):
        return value
