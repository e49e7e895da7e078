"""Search for people by any part of a name, @username, t.me link, id or e-mail."""

import re
from typing import Any, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Exists,
    Expression,
    F,
    Func,
    Model,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Left, Lower

from users.models import PersonCounts
from users.registrations import lesson_registrations

P = TypeVar("P", bound=PersonCounts)
R = TypeVar("R", bound=Model)

# People: fewer are listed one by one; more are so common that any walk through the list meets them at once.
RARE = 3_000
LISTED_BY_NAME = 60_000  # more than have the commonest first name of half a million
LINK = re.compile(r"^(?:https?://)?(?:www\.)?(?:t|telegram)\.(?:me|dog)/(?:s/)?@?([^/?#\s]*).*$", re.IGNORECASE)


class PersonText(Func):
    """The text in which people are searched, as users' migration 0013 indexes it; ``path`` leads to the person."""

    function = "person_text"
    output_field = TextField()

    def __init__(self, path: str = "telegram_user__", **others: Expression | F) -> None:
        columns = ("user_id", "username", "first_name", "last_name")
        super().__init__(*(others.get(name) or F(f"{path}{name}") for name in columns))


class IsOneOf(Func):
    """``id = ANY (array)``: one parameter, where IN would have thousands."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


def search_text(typed: str) -> str:
    """Read what staff type as the index holds it: lower case, ё as е, a t.me link as its @username."""
    text = " ".join(typed.split())
    if link := LINK.match(text):
        text = "@" + link[1] if link[1] else ""
    return text.lower().replace("ё", "е")


def having_in_person_text(rows: "QuerySet[R]", typed: str, *, path: str = "telegram_user__") -> "QuerySet[R]":
    """Keep the rows whose person ``typed`` means, one after the other: for lists that something else keeps short."""
    text = search_text(typed)
    found: QuerySet[R] = rows.alias(person_text=PersonText(path)).filter(person_text__contains=text)  # type: ignore[assignment]
    return found if text else rows.none()


def narrow_by_search(
    people: "QuerySet[P]", text: str, *, with_emails: bool, at_most: int = RARE
) -> "tuple[QuerySet[P], bool]":
    """Keep the people in whose text ``text`` stands; say whether they are more than ``at_most``, and not listed."""
    if not text:
        return people.none(), False
    found = _found(text, with_emails=with_emails, at_most=at_most)
    if found is not None:
        return people.filter(IsOneOf(F("pk"), Value(found, ArrayField(BigIntegerField())))), False
    condition = Q(text__contains=text)
    if with_emails:
        condition |= Q(Exists(_with_email(text)))
    common: QuerySet[P] = people.alias(text=PersonText()).filter(condition)  # type: ignore[assignment]
    return common, True


def _found(text: str, *, with_emails: bool, at_most: int) -> list[int] | None:
    """Ask the index; None when more than ``at_most`` people are found."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT people_found(%s, %s, %s)", [text, with_emails, at_most])
        found: list[int] | None = cursor.fetchone()[0]
        return found


def _with_email(text: str) -> "QuerySet[Any]":
    registrations = lesson_registrations().filter(telegram_user=OuterRef("pk"))
    found: QuerySet[Any] = registrations.alias(searched_email=Left(Lower("email"), 254)).filter(
        searched_email__contains=text
    )
    return found
