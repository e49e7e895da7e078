"""The filter of the list of blocked people."""

from datetime import date

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hsl_dashboard.web.days import day_begins, day_ends
from hsl_dashboard.web.filters import DayFilter, ListFilter, SearchFilter
from users.models import BlockedUser
from users.people.search import matching_person_text


class BlockedFilter(ListFilter):
    """Blocked people."""

    q = SearchFilter(label=pgettext_lazy("field label", "Search"), placeholder=_("@username, name or ID"))
    why = django_filters.ChoiceFilter(
        method="filter_why",
        label=_("Why"),
        empty_label=_("Any reason"),
        choices=[
            ("bot_blocked_by_user", _("Blocked the bot")),
            ("user_is_deactivated", _("Account deleted")),
            ("bot_not_started", _("Never started the bot")),
            ("chat_not_found", _("Chat not found")),
            ("staff", _("Decided by staff")),
        ],
    )
    since = DayFilter(method="filter_since", label=_("Blocked from"))
    until = DayFilter(method="filter_until", label=_("Blocked to"))

    def filter_search(self, rows: "QuerySet[BlockedUser]", _name: str, text: str) -> "QuerySet[BlockedUser]":
        return matching_person_text(rows, text)

    def filter_why(self, rows: "QuerySet[BlockedUser]", _name: str, why: str) -> "QuerySet[BlockedUser]":
        known = [value for value, _label in self.form.fields["why"].choices if value and value != "staff"]
        return rows.exclude(reason__in=known) if why == "staff" else rows.filter(reason=why)

    def filter_since(self, rows: "QuerySet[BlockedUser]", _name: str, day: date) -> "QuerySet[BlockedUser]":
        return rows.filter(blocked_at__gte=day_begins(day))

    def filter_until(self, rows: "QuerySet[BlockedUser]", _name: str, day: date) -> "QuerySet[BlockedUser]":
        return rows.filter(blocked_at__lt=day_ends(day))
