"""Filters of the lists of messages and of recipients."""

from collections.abc import Iterator, Sequence
from datetime import date

import django_filters
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.labels import Labels
from hsl_dashboard.web.days import day_begins, day_ends
from hsl_dashboard.web.filters import DayFilter, ListFilter, SearchFilter
from hsl_dashboard.web.mentions import read_number
from messaging.broadcasts.journal import staff_name
from messaging.broadcasts.privacy import TO_INDIVIDUALS, found_in_texts
from messaging.broadcasts.rows import group_name
from messaging.broadcasts.versions import NOW, with_version
from messaging.models import Broadcast, Recipient
from messaging.models.recipient_types import NO_MESSAGES, TO_STAFF, RecipientType
from messaging.models.recipients import reason_label
from users.models import User
from users.people.search import matching_person_text

# Choices beside the streams, whose codes never contain a colon.
AUTOMATIONS, REPORTS, TESTS, ANSWERS = "by:automation", "by:report", "by:test", "by:answer"
NOTICES = "by:notice"
TYPES = {
    AUTOMATIONS: RecipientType.AUTOMATION,
    REPORTS: RecipientType.REPORT,
    NOTICES: RecipientType.NOTICE,
    TESTS: RecipientType.TEST,
    ANSWERS: RecipientType.ANSWER,
}
NOBODY = "none"  # no author, or no reason, is recorded
WAITING = "waiting"


class BroadcastFilter(ListFilter):
    """The history of messages."""

    q = SearchFilter(label=_("Search in the text"), placeholder=_("Words from the message or its number"))
    to = django_filters.ChoiceFilter(method="filter_to", label=_("To whom"), empty_label=_("All messages"))
    state = django_filters.ChoiceFilter(label=_("State"), empty_label=_("Any state"), choices=Broadcast.State.choices)
    kind = django_filters.ChoiceFilter(label=_("Kind"), empty_label=_("Any kind"), choices=Broadcast.Kind.choices)
    author = django_filters.ChoiceFilter(method="filter_author", label=_("Author"), empty_label=_("Any author"))
    since = DayFilter(method="filter_since", label=_("Date from"))
    until = DayFilter(method="filter_until", label=_("Date to"))

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Broadcast]", labels: Labels, by: User) -> None:
        super().__init__(data, queryset=queryset)
        self.by = by
        self.form.fields["to"].choices = [
            (RecipientType.INDIVIDUAL, _("Individual")),
            *self._streams(labels),
            (AUTOMATIONS, _("Automations")),
            (REPORTS, _("Reports to authors")),
            (NOTICES, _("Notices to staff")),
            (TESTS, _("Test messages")),
            (ANSWERS, _("Answers to students")),
        ]
        authors = User.objects.filter(pk__in=Broadcast.objects.exclude(created_by=None).values("created_by"))
        self.form.fields["author"].choices = [
            *((str(author.pk), staff_name(author)) for author in authors.order_by("username")),
            (NOBODY, _("No author recorded")),
        ]

    def _streams(self, labels: Labels) -> Iterator[tuple[str, str]]:
        yield from labels.codes.items()
        groups = Broadcast.objects.filter(recipient_type=RecipientType.GROUP).order_by("recipient_group")
        for code in groups.values_list("recipient_group", flat=True).distinct():
            if code and "," not in code and code not in labels.codes:
                yield code, group_name(code, labels)

    def filter_queryset(self, queryset: "QuerySet[Broadcast]") -> "QuerySet[Broadcast]":
        # The previous dashboard's sent_at is the time when the row was created.
        moment = Coalesce("started_at", "starts_at", "scheduled_at", "sent_at", "created_at")
        narrowed: QuerySet[Broadcast] = super().filter_queryset(queryset.alias(moment=moment))
        # Every message to an audience has a report, every conversation its answers: hidden unless asked for.
        if self.form.cleaned_data.get("to") in {REPORTS, NOTICES, ANSWERS}:
            return narrowed
        return narrowed.exclude(recipient_type__in=NO_MESSAGES)

    def filter_search(self, rows: "QuerySet[Broadcast]", _name: str, text: str) -> "QuerySet[Broadcast]":
        found = found_in_texts(text, self.by)
        if (number := read_number(text)) is not None:
            found |= Q(pk=number)
        return rows.filter(found)

    def filter_to(self, rows: "QuerySet[Broadcast]", _name: str, to: str) -> "QuerySet[Broadcast]":
        if to == RecipientType.INDIVIDUAL:
            return rows.filter(TO_INDIVIDUALS).exclude(recipient_type__in=[*TYPES.values(), *TO_STAFF])
        if to in TYPES:
            return rows.filter(recipient_type=TYPES[to])
        asked = {"include": [{"kind": "stream", "code": to}]}
        return rows.filter(Q(recipient_group=to) | Q(audience__contains=asked))

    def filter_author(self, rows: "QuerySet[Broadcast]", _name: str, author: str) -> "QuerySet[Broadcast]":
        return rows.filter(created_by=None if author == NOBODY else int(author))

    def filter_since(self, rows: "QuerySet[Broadcast]", _name: str, day: date) -> "QuerySet[Broadcast]":
        return rows.filter(Q(moment__gte=day_begins(day)))

    def filter_until(self, rows: "QuerySet[Broadcast]", _name: str, day: date) -> "QuerySet[Broadcast]":
        return rows.filter(Q(moment__lt=day_ends(day)))


class RecipientFilter(ListFilter):
    """The recipients of one broadcast."""

    q = SearchFilter(label=pgettext_lazy("field label", "Search"), placeholder=_("@username, name or ID"))
    state = django_filters.ChoiceFilter(
        method="filter_state",
        label=_("Result"),
        empty_label=_("All"),
        choices=[
            (Recipient.State.SENT, _("Delivered")),
            (Recipient.State.FAILED, _("Not delivered")),
            (Recipient.State.UNCERTAIN, _("Not known")),
            (WAITING, _("Waiting")),
            (Recipient.State.CANCELLED, _("Cancelled (recipient)")),
            (Recipient.State.DELETED, _("Deleted")),
            (Recipient.State.SKIPPED, _("Skipped")),
        ],
    )
    reason = django_filters.ChoiceFilter(method="filter_reason", label=_("Reason"), empty_label=_("Any reason"))
    version = django_filters.ChoiceFilter(method="filter_version", label=_("Text"), empty_label=_("Any text"))

    def __init__(
        self, data: QueryDict, *, queryset: "QuerySet[Recipient]", broadcast: Broadcast, former: Sequence[int]
    ) -> None:
        """``former``: the ids of its former texts, oldest first."""
        super().__init__(data, queryset=queryset)
        self.broadcast = broadcast
        numbered = [(str(pk), _("Version %(number)d") % {"number": n}) for n, pk in enumerate(former, start=1)]
        self.form.fields["version"].choices = [
            (NOW, _("The current text")),
            *reversed(numbered),
        ]
        self.has_versions = bool(numbered)
        choices = [(reason, reason_label(reason)) for reason in Recipient.Reason.values]
        self.form.fields["reason"].choices = [*choices, (NOBODY, reason_label(""))]

    def filter_search(self, rows: "QuerySet[Recipient]", _name: str, text: str) -> "QuerySet[Recipient]":
        return matching_person_text(rows, text)

    def filter_state(self, rows: "QuerySet[Recipient]", _name: str, state: str) -> "QuerySet[Recipient]":
        duplicates = Q(reason=Recipient.Reason.DUPLICATE)
        if state == Recipient.State.SKIPPED:
            return rows.filter(Q(state=state) | duplicates)
        states = [Recipient.State.PENDING, Recipient.State.SENDING] if state == WAITING else [state]
        return rows.filter(~duplicates, state__in=states)

    def filter_version(self, rows: "QuerySet[Recipient]", _name: str, version: str) -> "QuerySet[Recipient]":
        return rows.filter(pk__in=with_version(self.broadcast, None if version == NOW else int(version)))

    def filter_reason(self, rows: "QuerySet[Recipient]", _name: str, reason: str) -> "QuerySet[Recipient]":
        return rows.filter(reason="" if reason == NOBODY else reason)
