"""The filter of the audit: who, what, whom, when, and one field for numbers, requests, addresses and reasons."""

import re
from collections.abc import Iterator
from datetime import date
from functools import reduce
from operator import and_, or_
from typing import Any

import django_filters
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorExact
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.web.days import day_begins, day_ends
from hsl_dashboard.web.filters import DayFilter, ListFilter, SearchFilter
from hsl_dashboard.web.mentions import read_mention
from users.audit.words import ACTS, models_by_table, name_of_table
from users.models import AuditEntry, TelegramUser, User
from users.models.audit import NOT_AUDITED
from users.people.search import people_matching

NOBODY = "none"  # the bot, or a task
REASON = SearchVector("reason", config="simple")  # as the index has it


class AuditFilter(ListFilter):
    """Lines of the audit."""

    q = SearchFilter(label=_("Number, request, address or reason"), placeholder=_("221, 10.0.0.7, a word"))
    by = django_filters.ChoiceFilter(label=_("Who"), empty_label=_("Everybody"))
    what = django_filters.ChoiceFilter(label=_("What"), empty_label=_("Everything"))
    person = SearchFilter(label=_("Whom"), placeholder=_("ID or @username"))
    since = DayFilter(label=_("Date from"))
    until = DayFilter(label=_("Date to"))

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[AuditEntry]") -> None:
        super().__init__(data, queryset=queryset)
        accounts = User.objects.order_by("username")
        staff = [(str(user.pk), user.shown_name) for user in accounts]
        self.form.fields["by"].choices = [*staff, (NOBODY, _("The bot or a task"))]
        self.form.fields["what"].choices = [
            (_("Acts"), list(ACTS.items())),
            (_("Tables"), sorted(_tables(), key=lambda choice: choice[1])),
        ]

    def conditions(self) -> dict[str, Q]:
        """What each field asks for, by its name; :mod:`users.audit.walking` puts them together as it likes."""
        return {name: getattr(self, f"_{name}")(value) for name, value in self.values().items()}

    def filter_queryset(self, queryset: "QuerySet[AuditEntry]") -> "QuerySet[AuditEntry]":
        return queryset.filter(*self.conditions().values())

    @staticmethod
    def _q(text: str) -> Q:
        return reduce(or_, ways_to_find(text).values())

    @staticmethod
    def _by(who: str) -> Q:
        return Q(done_by=None if who == NOBODY else int(who))

    @staticmethod
    def _what(what: str) -> Q:
        return Q(what=what) if what in ACTS else Q(object_table=what)

    @staticmethod
    def _person(typed: str) -> Q:
        mention = read_mention(typed)
        if mention.user_id is not None:
            return Q(telegram_user_id=mention.user_id)
        name = mention.possible_username
        if not name:
            return Q(pk__in=[])
        # An index finds whose texts hold the name; of these, whoever has it.
        named = TelegramUser.objects.filter(people_matching(f"@{name}"), username__iexact=name)
        return Q(telegram_user_id__in=list(named.values_list("pk", flat=True)))

    @staticmethod
    def _since(day: date) -> Q:
        return Q(at__gte=day_begins(day))

    @staticmethod
    def _until(day: date) -> Q:
        return Q(at__lt=day_ends(day))


def ways_to_find(text: str) -> dict[str, Q]:
    """What a search finds: one condition for each index that it takes."""
    typed = text.strip()
    ways = {
        "row": Q(object_id=typed.lstrip("#№ ")),
        # The indexes of these are of what is not empty.
        "request": Q(request=typed) & ~Q(request=""),
        "address": Q(address=typed) & ~Q(address=""),
    }
    if words := re.findall(r"\w+", typed):
        ways["words"] = reduce(and_, map(beginning_in_reason, words)) & ~Q(reason="")
    return ways


def word_in_reason(word: str) -> Q:
    return Q(SearchVectorExact(REASON, SearchQuery(word, config="simple", search_type="raw")))


def beginning_in_reason(word: str) -> Q:
    return word_in_reason(f"{word}:*")


def _tables() -> Iterator[tuple[str, Any]]:
    for table, model in models_by_table().items():
        if model._meta.managed and not hasattr(model, "pgh_obj") and model._meta.label not in NOT_AUDITED:
            yield table, capfirst(name_of_table(model))
