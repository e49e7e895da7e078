"""Search for people by any part of a name, @username, t.me link, id or e-mail."""

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
from django.db.models.functions import Left, Lower, StrIndex
from django.db.models.lookups import GreaterThan

from hsl_dashboard.web.mentions import read_mention
from users.person.extensions import lesson_registrations

R = TypeVar("R", bound=Model)

# People: up to this many matches are listed by id; more are so common that a walk through any order meets them soon.
RARE = 3_000
LISTED_BY_NAME = 60_000  # more than share the commonest first name among half a million
WALKED = 100_000  # people that a walk passes in 40 ms; sorting the matches takes 200 ms
LAST_LETTER = chr(0x10FFFF)


class PersonText(Func):
    """The searched text of a person (users/sql/person_text.sql), which is indexed; ``path`` leads to the person."""

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
    """Normalise typed text as the index does: lower case, ё as е, a Telegram link as its @username."""
    return read_mention(typed).searched.lower().replace("ё", "е")


def matching_person_text(rows: "QuerySet[R]", typed: str, *, path: str = "telegram_user__") -> "QuerySet[R]":
    """Keep the rows whose person matches ``typed``; it checks row by row, so only for lists that are short anyway."""
    text = search_text(typed)
    found: QuerySet[R] = rows.alias(person_text=PersonText(path)).filter(person_text__contains=text)  # type: ignore[assignment]
    return found if text else rows.none()


def search_condition(text: str, *, with_emails: bool, at_most: int = RARE) -> tuple[Q, bool]:
    """Give the condition of a search, and whether it matches more than ``at_most`` people (one query)."""
    if not text:
        return Q(pk__in=[]), False
    listed, by_email = _ask_indexes(text, with_emails=with_emails, at_most=at_most)
    if listed is not None:
        return is_one_of(listed), False
    # The planner believes LIKE to be selective and would read the whole table; strpos() > 0 it estimates at a third of
    # the rows, so it walks the index in the order of the list.
    condition = Q(GreaterThan(StrIndex(F("search_text"), Value(text)), 0))
    if by_email is None:
        condition |= Q(Exists(_with_email(text)))
    elif by_email:
        condition |= is_one_of(by_email)
    return condition, True


def prefers_sort_over_walk(text: str, *, descending: bool) -> bool:
    """Whether to sort the matches rather than walk the name index.

    True when many names begin with ``text`` and a walk in name order would pass many others first.
    """
    first, end = text, text + LAST_LETTER
    count = "(SELECT count(*) FROM (SELECT FROM person_totals WHERE {} LIMIT %s) AS names)"
    named = count.format("name_key >= %s AND name_key < %s")
    passed = count.format("name_key >= %s" if descending else "name_key < %s")
    with connection.cursor() as cursor:
        edge = end if descending else first
        # PostgreSQL runs the second count only if the first comparison is true.
        cursor.execute(f"SELECT {named} > %s AND {passed} > %s", [first, end, RARE + 1, RARE, edge, WALKED + 1, WALKED])
        return bool(cursor.fetchone()[0])


def is_one_of(people: list[int]) -> Q:
    return Q(IsOneOf(F("pk"), Value(people, ArrayField(BigIntegerField()))))


def _ask_indexes(text: str, *, with_emails: bool, at_most: int) -> tuple[list[int] | None, list[int] | None]:
    """Ask the indexes: the people found, or those found by e-mail alone; None for more than ``at_most``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT listed, by_email FROM people_sought(%s, %s, %s)", [text, with_emails, at_most])
        listed, by_email = cursor.fetchone()
        return listed, by_email


def _with_email(text: str) -> "QuerySet[Any]":
    registrations = lesson_registrations().filter(telegram_user=OuterRef("pk"))
    found: QuerySet[Any] = registrations.alias(searched_email=Left(Lower("email"), 254)).filter(
        searched_email__contains=text
    )
    return found
