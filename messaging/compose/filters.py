"""What narrows the list of drafts."""

import django_filters
from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.web.filters import ListFilter, SearchFilter
from messaging.models import Draft
from users.models import User


class DraftFilter(ListFilter):
    """The drafts that are not sent."""

    q = SearchFilter(label=_("Search in the text"), placeholder=_("Words from the message or its name"))
    state = django_filters.ChoiceFilter(
        method="filter_state",
        label=_("State"),
        empty_label=_("All drafts"),
        choices=[("waiting", _("Waiting for approval")), ("mine", _("Changed by me last"))],
    )

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Draft]", by: User) -> None:
        super().__init__(data, queryset=queryset)
        self.by = by

    def filter_search(self, rows: "QuerySet[Draft]", _name: str, text: str) -> "QuerySet[Draft]":
        return rows.filter(Q(content__text__icontains=text) | Q(content__name__icontains=text))

    def filter_state(self, rows: "QuerySet[Draft]", _name: str, state: str) -> "QuerySet[Draft]":
        return rows.filter(updated_by=self.by) if state == "mine" else rows.filter(asked_version=F("version"))
