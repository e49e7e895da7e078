"""Search for bookings: by the person as people are searched, by the name that was booked with, by number."""

from django.contrib.postgres.fields import ArrayField
from django.db.models import F, IntegerField, Q, QuerySet, TextField, Value

from bookings.models import Booking
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.mentions import read_number
from users.people.search import (
    IsOneOf,
    PersonText,
    by_email,
    is_one_of,
    search_text,
    with_all_words,
)

# Bookings: fewer are listed one by one, in some 50 ms; of a million more take seconds, most of them to count.
RARE = 10_000


def narrow_by_search(
    bookings: "QuerySet[Booking]", typed: str, *, with_emails: bool
) -> "tuple[QuerySet[Booking], bool]":
    """Keep the bookings that ``typed`` means: @name, a t.me link, a name, a Telegram id, a number with or without #,
    a referral code; part of an e-mail for those who may see e-mails (``with_emails``).

    And say whether they are more than RARE.
    """
    text = search_text(typed)
    if not text:
        return bookings.none(), False
    exactly = _numbered(text) | with_code(typed.strip())
    listed, people, booked = _found(text, with_emails=with_emails)
    if listed is not None:
        return bookings.filter(exactly | _one_of(listed)), False
    if people is not None and booked is not None:
        return bookings.filter(exactly | is_one_of(people, person="telegram_user_id") | _one_of(booked)), True
    booked_text = PersonText("", user_id=F("telegram_user_id"), last_name=Value(None, TextField()))
    common = with_all_words(text, PersonText()) | with_all_words(text, booked_text)
    if with_emails:
        common |= by_email(text, at_most=RARE, person="telegram_user_id")
    return bookings.filter(exactly | common), True


def with_code(code: str) -> Q:
    """Ask for a referral code as staff type it: they are upper-case today, and the index serves an equality only."""
    return Q(referral_code__in={code, code.upper(), code.lower()})


def _found(text: str, *, with_emails: bool) -> tuple[list[int] | None, list[int] | None, list[int] | None]:
    """Ask the indexes for the bookings, or for their people and those booked under such a name.

    None stands for more than RARE.
    """
    [(listed, people, booked)] = run_sql(
        "SELECT listed, CASE WHEN listed IS NULL THEN people END, CASE WHEN listed IS NULL THEN booked END"
        " FROM bookings_found(%s, %s, %s)",
        [text, with_emails, RARE],
    )
    return listed, people, booked


def _one_of(bookings: list[int]) -> Q:
    return Q(IsOneOf(F("pk"), Value(bookings, ArrayField(IntegerField()))))


def _numbered(text: str) -> Q:
    """The booking of that number."""
    return Q(pk=read_number(text))
