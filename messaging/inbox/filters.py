"""What narrows the list of conversations, and the counts of its tabs."""

from dataclasses import dataclass

import django_filters
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hsl_dashboard.db import run_sql
from hsl_dashboard.web.filters import ListFilter, SearchFilter
from messaging.broadcasts.journal import staff_name
from messaging.models import Conversation
from messaging.models.conversations import OPEN_STATES
from users.models import User
from users.people.search import search_condition, search_text, with_all_words

OPEN, ALL = "open", "all"
ME, NOBODY = "me", "none"
COUNTED = 1_000  # conversations of a tab; beyond, «больше» says enough

State = Conversation.State


class ConversationFilter(ListFilter):
    """The list of conversations: those that wait for an answer, unless the address asks for others."""

    q = SearchFilter(label=pgettext_lazy("field label", "Search"), placeholder=_("@username, name or ID"))
    state = django_filters.ChoiceFilter(
        method="filter_state",
        label=_("State"),
        empty_label=pgettext_lazy("conversations", "Waiting for us"),
        choices=[*State.choices, (ALL, pgettext_lazy("conversations", "All"))],
    )
    of = django_filters.ChoiceFilter(method="filter_of", label=_("Who answers"), empty_label=_("Anybody"))

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Conversation]", by: User) -> None:
        super().__init__(data, queryset=queryset)
        self.by = by
        self.is_common = False  # so many people match that nobody counts their conversations
        self.form.fields["of"].choices = [
            (ME, pgettext_lazy("who answers", "Me")),
            (NOBODY, pgettext_lazy("who answers", "Nobody")),
            *((str(user.pk), staff_name(user)) for user in who_may_answer() if user != by),
        ]

    def filter_queryset(self, queryset: "QuerySet[Conversation]") -> "QuerySet[Conversation]":
        narrowed: QuerySet[Conversation] = super().filter_queryset(queryset)
        if not self.form.cleaned_data.get("state"):
            narrowed = narrowed.filter(state__in=OPEN_STATES)
        return narrowed.order_by("-last_text_at", "-pk")

    def filter_search(self, rows: "QuerySet[Conversation]", _name: str, text: str) -> "QuerySet[Conversation]":
        words = search_text(text)
        listed, self.is_common = search_condition(words, with_emails=False)
        if self.is_common:
            # Walked in the order of the list, by the stored text: the function over it costs ten times as much.
            return rows.filter(with_all_words(words, F("telegram_user__persontotals__search_text")))
        return rows.filter(listed)

    def filter_state(self, rows: "QuerySet[Conversation]", _name: str, state: str) -> "QuerySet[Conversation]":
        return rows if state == ALL else rows.filter(state=state)

    def filter_of(self, rows: "QuerySet[Conversation]", _name: str, who: str) -> "QuerySet[Conversation]":
        if who in {ME, NOBODY}:
            return rows.filter(assignee=self.by if who == ME else None)
        return rows.filter(assignee=int(who))


def who_may_answer() -> "QuerySet[User]":
    """Members of staff to whom a conversation can be handed (one query)."""
    return User.objects.with_perm("messaging.answer_students").order_by("username")


@dataclass(frozen=True)
class StateTab:
    """A state of conversations as a link, and how many there are, up to one more than COUNTED."""

    label: str | Promise
    query: str
    count: int
    is_current: bool = False

    @property
    def shown(self) -> str:
        return f"{COUNTED}+" if self.count > COUNTED else str(self.count)


TABS: dict[str, str | Promise] = {
    "": pgettext_lazy("conversations", "Waiting for us"),
    State.UNREAD: pgettext_lazy("conversations", "Unread"),
    ME: pgettext_lazy("conversations", "Mine"),
    State.ANSWERED: pgettext_lazy("conversations", "Answered"),
    State.SNOOZED: pgettext_lazy("conversations", "Snoozed"),
    State.CLOSED: pgettext_lazy("conversations", "Closed"),
    ALL: pgettext_lazy("conversations", "All"),
}


def tabs(query: QueryDict, *, by: User) -> list[StateTab]:
    """Give the tabs with their counts (one query, which reads no more than COUNTED entries of an index for each)."""
    counts = count_conversations(by=by)
    state, of = query.get("state", ""), query.get("of", "")
    current = ME if not state and of == ME else state
    return [
        StateTab(label, f"?of={ME}" if name == ME else f"?state={name}" if name else "", counts[name], name == current)
        for name, label in TABS.items()
    ]


def count_conversations(*, by: User) -> dict[str, int]:
    """Count conversations by tab, each up to one more than COUNTED."""
    conditions = {
        "": "state IN ('unread', 'waiting')",
        ME: "state IN ('unread', 'waiting') AND assignee_id = %(me)s",
        **{str(state): f"state = '{state}'" for state in (State.UNREAD, State.ANSWERED, State.SNOOZED, State.CLOSED)},
        ALL: "true",
    }
    counted = "(SELECT count(*) FROM (SELECT FROM messaging_conversation WHERE {} LIMIT %(most)s) AS counted)"
    counts = ", ".join(map(counted.format, conditions.values()))
    [row] = run_sql(f"SELECT {counts}", {"me": by.pk, "most": COUNTED + 1})
    return dict(zip(conditions, row, strict=True))
