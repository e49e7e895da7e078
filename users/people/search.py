"""Search for people by any part of a name, @username, t.me link, id or e-mail."""

from functools import reduce
from operator import and_
from typing import Any, TypeVar

from django.contrib.postgres.fields import ArrayField
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
from django.db.models.functions import Left, StrIndex
from django.db.models.lookups import GreaterThan

from hsl_dashboard.db import run_sql, sql_value
from hsl_dashboard.folding import Folded, fold
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
    """Fold typed text as the index is folded, a Telegram link as its @username; its words may stand in any order."""
    return fold(read_mention(typed).searched)


def with_all_words(text: str, searched: Expression | F) -> Q:
    """Ask for the rows where ``searched``, which is folded, contains every word of a folded text."""
    words = (Q(GreaterThan(StrIndex(searched, Value(word)), 0)) for word in dict.fromkeys(text.split()))
    return reduce(and_, words, Q())


def matching_person_text(rows: "QuerySet[R]", typed: str, *, path: str = "telegram_user__") -> "QuerySet[R]":
    """Keep the rows whose person matches ``typed``; it checks row by row, so only for lists that are short anyway."""
    text = search_text(typed)
    return rows.filter(with_all_words(text, PersonText(path))) if text else rows.none()


def people_matching(typed: str) -> Q:
    """Give the condition on people themselves of a search; the indexes answer it unless too many match (one query)."""
    text = search_text(typed)
    if not text:
        return Q(pk__in=[])
    listed, _by_email = _ask_indexes(text, with_emails=False, at_most=RARE)
    return with_all_words(text, PersonText("")) if listed is None else is_one_of(listed)


def search_condition(text: str, *, with_emails: bool, at_most: int = RARE) -> tuple[Q, bool]:
    """Give the condition of a search, and whether it matches more than ``at_most`` people (one query)."""
    if not text:
        return Q(pk__in=[]), False
    listed, found = _ask_indexes(text, with_emails=with_emails, at_most=at_most)
    if listed is not None:
        return is_one_of(listed), False
    # The planner believes LIKE to be selective and would read the whole table; strpos() > 0 it estimates at a third of
    # the rows, so it walks the index in the order of the list.
    return with_all_words(text, F("search_text")) | _of_email(text, found), True


def by_email(text: str, *, at_most: int, person: str = "pk") -> Q:
    """Give the condition on rows whose person (``person``: the column with the id) has a matching e-mail (one query).

    For a walk past rows that match by name in large numbers.
    """
    listed, found = _ask_indexes(text, with_emails=True, at_most=at_most)
    return _of_email(text, found if listed is None else listed, person=person)


def prefers_sort_over_walk(text: str, *, descending: bool) -> bool:
    """Whether to sort the matches rather than walk the name index.

    True when many names begin with one of the words and a walk in name order would pass many others first.
    """
    count = "(SELECT count(*) FROM (SELECT FROM person_totals WHERE {} LIMIT %s) AS names)"
    named = count.format("name_key >= %s AND name_key < %s")
    passed = count.format("name_key >= %s" if descending else "name_key < %s")
    asked, params = [], list[Any]()
    for word in dict.fromkeys(text.split()):
        first, end = word, word + LAST_LETTER
        # PostgreSQL runs the second count only if the first comparison is true.
        asked.append(f"{named} > %s AND {passed} > %s")
        params += [first, end, RARE + 1, RARE, end if descending else first, WALKED + 1, WALKED]
    return bool(sql_value(f"SELECT {' OR '.join(asked)}", params))


def is_one_of(people: list[int], *, person: str = "pk") -> Q:
    return Q(IsOneOf(F(person), Value(people, ArrayField(BigIntegerField()))))


def _ask_indexes(text: str, *, with_emails: bool, at_most: int) -> tuple[list[int] | None, list[int] | None]:
    """Ask the indexes: the people found, or those found by e-mail alone; None for more than ``at_most``."""
    [(listed, by_email)] = run_sql(
        "SELECT listed, by_email FROM people_sought(%s, %s, %s)", [text, with_emails, at_most]
    )
    return listed, by_email


def _of_email(text: str, found: list[int] | None, *, person: str = "pk") -> Q:
    if found is None:
        registrations = lesson_registrations().filter(telegram_user=OuterRef(person))
        return Q(Exists(registrations.filter(with_all_words(text, Left(Folded("email"), 254)))))
    return is_one_of(found, person=person) if found else Q()
