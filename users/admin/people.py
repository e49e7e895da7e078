"""The bot's people, their events, notes, tags and blocks; the audit."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.admin import ReadOnlyAdmin, TableAdmin, json_block, page_address, without_emails
from hsl_dashboard.web.mentions import read_number
from users.event_types import EVENT_LABELS, event_label
from users.models import (
    AuditEntry,
    BlockedUser,
    EmailDisclosure,
    Event,
    Note,
    PeopleExport,
    PersonTag,
    PersonTotals,
    Tag,
    TelegramUser,
)
from users.people.search import people_matching

PEOPLE_FOUND = 500  # a name that fits more people narrows nothing


def person_link(person: TelegramUser | None) -> SafeString | str:
    """The person's name and @username, as a link to their page in the admin."""
    if person is None:
        return "—"
    username = f"@{person.username}" if person.username else str(_("no @username"))
    return format_html(
        '<a href="{}">{}</a> <span class="quiet">{}</span>',
        reverse("admin:users_telegramuser_change", args=[person.pk]),
        person.display_name,
        username,
    )


class PersonRowsMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table whose rows belong to people: shows them, and finds rows by their person or by their own number."""

    person_field = "telegram_user"
    search_help_text = _("Telegram id, @username or part of the name; # and a number finds the row itself")
    search_fields: ClassVar[tuple[str, ...]] = ("telegram_user",)  # the admin shows its search box when there are some
    autocomplete_fields: ClassVar[tuple[str, ...]] = ("telegram_user",)
    list_select_related: ClassVar[tuple[str, ...]] = ("telegram_user",)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Look the people up first: their table is small, and this one has an index on the person."""
        if not search_term.strip():
            return queryset, False
        number = read_number(search_term, largest=LARGEST_BIGINT)
        if number is not None and search_term.strip().startswith(("#", "№")):
            return queryset.filter(pk=number), False
        people = TelegramUser.objects.filter(people_matching(search_term)).order_by()[:PEOPLE_FOUND]
        found = Q(**{f"{self.person_field}__in": list(people.values_list("pk", flat=True))})
        return queryset.filter(found | self.also_found_by(search_term)), False

    def also_found_by(self, term: str) -> Q:
        """What else a search term may mean in this table; nothing unless a table says more."""
        return Q()

    @admin.display(description=_("person"))
    def person(self, row: Any) -> SafeString | str:
        return person_link(row.telegram_user)


class EventTypeFilter(admin.SimpleListFilter):
    """The known kinds of events; a DISTINCT over the table would read all of it."""

    title = _("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return sorted(((code, str(label)) for code, label in EVENT_LABELS.items()), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Event]") -> "QuerySet[Event]":
        return queryset.filter(event_type=self.value()) if self.value() else queryset


class RecentFilter(admin.SimpleListFilter):
    """The last day, week or month."""

    title = _("period")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return (("1", _("last 24 hours")), ("7", _("last 7 days")), ("30", _("last 30 days")))

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Event]") -> "QuerySet[Event]":
        if self.value() not in {"1", "7", "30"}:
            return queryset
        return queryset.filter(created_at__gte=timezone.now() - timedelta(days=int(self.value() or 0)))


class HasBlockFilter(admin.EmptyFieldListFilter):
    """Django's for a row that may be missing, under a name of ours: that of the relation is the model's in English."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.title = _("is blocked")


@admin.register(TelegramUser)
class TelegramUserAdmin(ReadOnlyAdmin):
    """The bot writes people; staff read them, and an administrator may delete one with all that is theirs."""

    list_display = ("user_id", "name", "last_name", "telegram", "language_code", "first_seen_at", "is_blocked")
    list_filter = (("username", admin.EmptyFieldListFilter), ("block", HasBlockFilter))
    list_select_related = ("block",)
    search_fields = ("username", "first_name", "last_name")
    search_help_text = _("Telegram id, @username or part of the name")
    # The totals have an index of this order, and everybody has totals soon; one of "users" would cost the bot.
    ordering = ("-persontotals__first_seen_at", "-persontotals__telegram_user_id")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[TelegramUser]", search_term: str
    ) -> tuple["QuerySet[TelegramUser]", bool]:
        # In the list alone: the page of somebody who came a second ago has no totals to wait for.
        queryset = queryset.filter(persontotals__isnull=False)
        return (queryset.filter(people_matching(search_term)) if search_term.strip() else queryset), False

    def get_fields(self, request: HttpRequest, obj: TelegramUser | None = None) -> Any:
        return [*(field.name for field in self.opts.concrete_fields), "rows"]

    def view_on_site(self, obj: TelegramUser) -> str | None:
        return page_address("users:person_detail", obj.pk)

    @admin.display(description=_("first name"), ordering="first_name")
    def name(self, person: TelegramUser) -> str:
        return person.display_name

    @admin.display(description="Telegram", ordering="username")
    def telegram(self, person: TelegramUser) -> SafeString | str:
        if not person.telegram_url:
            return str(_("no @username"))
        return format_html('<a href="{}" rel="noreferrer">@{}</a>', person.telegram_url, person.username)

    @admin.display(description=_("is blocked"), boolean=True)
    def is_blocked(self, person: TelegramUser) -> bool:
        return hasattr(person, "block")

    @admin.display(description=_("rows of this person"))
    def rows(self, person: TelegramUser) -> SafeString:
        """Links to the person's rows in the other tables."""
        links = []
        for relation in self.opts.related_objects:
            if self.admin_site.is_registered(relation.related_model) and not relation.one_to_one:
                meta = relation.related_model._meta
                address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
                links.append((f"{address}?{relation.field.name}__exact={person.pk}", str(meta.verbose_name_plural)))
        return format_html_join(" · ", '<a href="{}">{}</a>', links)


@admin.register(Event)
class EventAdmin(PersonRowsMixin, ReadOnlyAdmin):
    list_display = ("created_at", "event", "person", "short_details")
    list_filter = (EventTypeFilter, RecentFilter)
    ordering = (models.F("created_at").desc(nulls_last=True), "-id")
    sortable_by = ()  # only the default order has an index
    fields = ("telegram_user", "event", "event_type", "created_at", "all_details", "username", "first_name")

    @admin.display(description=_("event"))
    def event(self, event: Event) -> str:
        return event_label(event.event_type)

    @admin.display(description=_("details"))
    def short_details(self, event: Event) -> str:
        text = "" if event.details is None else without_emails(json.dumps(event.details, ensure_ascii=False))
        return text if len(text) <= 80 else f"{text[:79]}…"

    @admin.display(description=_("details"))
    def all_details(self, event: Event) -> SafeString:
        return json_block(event.details)


@admin.register(BlockedUser)
class BlockedUserAdmin(PersonRowsMixin, TableAdmin):
    """Staff may block somebody, say why, and lift the block again; the audit keeps both."""

    deletable = True
    list_display = ("person", "blocked_at", "reason")
    list_filter = (("blocked_at", admin.DateFieldListFilter),)
    ordering = (models.F("blocked_at").desc(nulls_last=True), "telegram_user_id")
    readonly_fields = ("blocked_at",)
    fields = ("telegram_user", "reason", "blocked_at")

    def get_readonly_fields(self, request: HttpRequest, obj: BlockedUser | None = None) -> tuple[str, ...]:
        return ("telegram_user", "blocked_at") if obj else ("blocked_at",)

    def get_exclude(self, request: HttpRequest, obj: BlockedUser | None = None) -> Any:
        return None


@admin.register(PersonTotals)
class PersonTotalsAdmin(PersonRowsMixin, ReadOnlyAdmin):
    """Derived: triggers keep it, and `rebuild_statistics` can make it again."""

    list_display = ("person", "bookings", "events", "lessons", "last_activity_at", "temperature", "blocked")
    list_filter = ("temperature", "latest_status", "blocked")
    ordering = ("-last_activity_at", "-telegram_user_id")


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    """Words that staff put on people, on their pages."""

    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(PersonTag)
class PersonTagAdmin(PersonRowsMixin, ReadOnlyAdmin):
    list_display = ("id", "person", "tag")
    list_filter = ("tag",)
    list_select_related = ("telegram_user", "tag")
    ordering = ("-id",)


@admin.register(Note)
class NoteAdmin(PersonRowsMixin, ReadOnlyAdmin):
    list_display = ("written_at", "person", "text", "written_by")
    list_select_related = ("telegram_user", "written_by")
    ordering = ("-written_at", "-id")


@admin.register(EmailDisclosure)
class EmailDisclosureAdmin(PersonRowsMixin, ReadOnlyAdmin):
    """Who was shown whose e-mail address in full: a record that nobody changes."""

    list_display = ("shown_at", "person", "shown_to")
    list_select_related = ("telegram_user", "shown_to")
    ordering = ("-shown_at", "-id")


@admin.register(AuditEntry)
class AuditEntryAdmin(PersonRowsMixin, ReadOnlyAdmin):
    """Who changed or did what: nobody changes it, and nobody deletes it."""

    list_display = ("at", "what", "done_by", "person", "object_table", "object_id", "address")
    list_select_related = ("telegram_user", "done_by")
    ordering = ("-id",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: AuditEntry | None = None) -> Any:
        return [field.name for field in self.opts.concrete_fields if field.name != "data"] + ["details"]

    @admin.display(description=_("details"))
    def details(self, entry: AuditEntry) -> SafeString:
        return json_block(entry.data)


@admin.register(PeopleExport)
class PeopleExportAdmin(ReadOnlyAdmin):
    """Who downloaded which list of people: a record that nobody changes."""

    list_display = ("exported_at", "exported_by", "format", "rows", "with_emails", "query")
    list_filter = ("format", "with_emails")
    list_select_related = ("exported_by",)
    ordering = ("-exported_at", "-id")
