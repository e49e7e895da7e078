"""The Django admin of messages, for looking things up; sending has its own pages."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.admin import ReadOnlyAdmin, TableAdmin, page_address
from hsl_dashboard.web.mentions import read_number
from messaging.broadcasts.privacy import found_in_texts, may_read, may_read_letters
from messaging.models import (
    Automation,
    Broadcast,
    CorrectedMessage,
    Correction,
    Draft,
    MessageTemplate,
    Outbox,
    ReceivedUpdate,
    Recipient,
    Report,
    Runner,
    Segment,
    SendingRules,
    TelegramLink,
    TemplateVersion,
)
from messaging.models.recipient_types import RecipientType
from users.admin import PersonRowsMixin, person_link, staff_of

SHOWN = 100  # characters of a message's text in a list, as in the previous dashboard


class LettersAdmin(ReadOnlyAdmin):
    """A table with words to individuals: whoever may not read these on the pages is shown none of them here."""

    letter_fields: ClassVar[frozenset[str]] = frozenset()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readable(super().get_fields(request, obj), request, obj)

    def readable(self, fields: Iterable[Any], request: HttpRequest, row: Any) -> list[Any]:
        """Leave out what this member of staff may not read."""
        if self.may_read(request, row):
            return list(fields)
        return [*(field for field in fields if field not in self.letter_fields), "for_others"]

    def may_read(self, request: HttpRequest, row: Any) -> bool:
        return may_read_letters(staff_of(request))

    @admin.display(description=_("text"))
    def for_others(self, row: Any) -> str:
        return gettext("Personal message: only those who write messages can read it")


@admin.register(Broadcast)
class BroadcastAdmin(LettersAdmin):
    letter_fields = frozenset(
        {"name", "message_text", "buttons", "media_file_id", "media_upload", "media_name", "audience"}
    )
    list_display = ("id", "text", "state", "kind", "recipient_group", "delivered", "sent_at", "starts_at")
    list_filter = ("state", "kind", "recipient_type")
    search_fields = ("message_text",)
    search_help_text = _("A part of the text, or the number of the message")
    ordering = (F("sent_at").desc(nulls_last=True), "-id")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Broadcast]", search_term: str
    ) -> tuple["QuerySet[Broadcast]", bool]:
        number = read_number(search_term, largest=LARGEST_BIGINT)
        found = found_in_texts(search_term, staff_of(request))
        return queryset.filter(found if number is None else found | Q(pk=number)), False

    def get_fields(self, request: HttpRequest, obj: Broadcast | None = None) -> Any:
        fields = [field.name for field in self.opts.concrete_fields]
        return [*self.readable(fields, request, obj), "recipients_link"]

    def may_read(self, request: HttpRequest, row: Broadcast | None) -> bool:
        return row is not None and may_read(row, staff_of(request))

    def get_list_display(self, request: HttpRequest) -> Any:
        return [
            "text_to_groups" if column == "text" and not may_read_letters(staff_of(request)) else column
            for column in self.list_display
        ]

    def view_on_site(self, obj: Broadcast) -> str | None:
        return page_address("messaging:broadcast_detail", obj.pk)

    @admin.display(description=_("text"))
    def text(self, broadcast: Broadcast) -> str:
        text = broadcast.message_text
        return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"

    @admin.display(description=_("text"))
    def text_to_groups(self, broadcast: Broadcast) -> str:
        is_to_group = broadcast.recipient_type == RecipientType.GROUP
        return self.text(broadcast) if is_to_group else self.for_others(broadcast)

    @admin.display(description=_("delivered"))
    def delivered(self, broadcast: Broadcast) -> str:
        return f"{broadcast.successful_deliveries or 0} / {broadcast.total_recipients or 0}"

    @admin.display(description=_("recipients"))
    def recipients_link(self, broadcast: Broadcast) -> SafeString:
        address = reverse("admin:messaging_recipient_changelist")
        return format_html('<a href="{}?message__exact={}">{}</a>', address, broadcast.pk, _("Show the recipients"))


@admin.register(Recipient)
class RecipientAdmin(PersonRowsMixin, ReadOnlyAdmin):
    list_display = ("id", "broadcast", "person", "state", "reason", "sent_at", "attempt", "error_text")
    list_filter = ("state", "reason")
    ordering = ("-id",)
    list_per_page = 30  # drawn in the time of other pages
    sortable_by = ()  # millions of rows, and no index but the number's

    @admin.display(description=_("broadcast"))
    def broadcast(self, recipient: Recipient) -> SafeString:
        return broadcast_link(recipient.message_id)


@admin.register(Correction)
class CorrectionAdmin(LettersAdmin):
    letter_fields = frozenset({"message_text", "buttons"})
    list_display = ("id", "to_broadcast", "kind", "state", "created_by", "created_at", "finished_at")
    list_filter = ("kind", "state")
    list_select_related = ("created_by",)
    ordering = ("-id",)

    def may_read(self, request: HttpRequest, row: Correction | None) -> bool:
        return row is not None and may_read(row.broadcast, staff_of(request))

    @admin.display(description=_("broadcast"))
    def to_broadcast(self, correction: Correction) -> SafeString:
        return broadcast_link(correction.broadcast_id)


@admin.register(CorrectedMessage)
class CorrectedMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "correction", "person", "state", "done_at", "attempt", "error_text")
    list_filter = ("state",)
    list_select_related = ("correction", "recipient__telegram_user")
    ordering = ("-id",)
    sortable_by = ()

    @admin.display(description=_("person"))
    def person(self, message: CorrectedMessage) -> SafeString | str:
        return person_link(message.recipient.telegram_user)


@admin.register(Outbox)
class OutboxAdmin(PersonRowsMixin, LettersAdmin):
    """Messages about bookings that wait to be sent, or were."""

    letter_fields = frozenset({"message_text"})
    list_display = ("queued_at", "person", "kind", "state", "queued_by")
    list_filter = ("state", "kind")
    list_select_related = ("telegram_user", "queued_by")
    ordering = ("-id",)
    sortable_by = ()


@admin.register(Automation)
class AutomationAdmin(ReadOnlyAdmin):
    """Automations; they are changed on their own page."""

    list_display = ("kind", "is_on", "switched_on_at", "offset")
    ordering = ("id",)

    def view_on_site(self, obj: Automation) -> str | None:
        return page_address("messaging:automation_edit", obj.kind)


@admin.register(ReceivedUpdate)
class ReceivedUpdateAdmin(ReadOnlyAdmin):
    """Updates received from Telegram."""

    list_display = ("update_id", "received_at")
    ordering = ("-received_at",)


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """Reports to authors about how their broadcasts ended."""

    list_display = ("broadcast", "message", "queued_at", "settled_at")
    list_select_related = ("broadcast", "message")
    ordering = ("-queued_at",)


@admin.register(Runner)
class RunnerAdmin(ReadOnlyAdmin):
    """What is sending right now, and when it was last seen alive."""

    list_display = ("worker", "sends", "corrects", "started_at", "seen_at")
    list_select_related = ("broadcast", "correction")
    ordering = ("-seen_at",)

    @admin.display(description=_("broadcast"))
    def sends(self, runner: Runner) -> Broadcast | None:
        return runner.broadcast

    @admin.display(description=_("correction"))
    def corrects(self, runner: Runner) -> Correction | None:
        return runner.correction


def broadcast_link(pk: int | None) -> SafeString:
    """A broadcast's number, as a link to its page in the admin."""
    return format_html('<a href="{}">#{}</a>', reverse("admin:messaging_broadcast_change", args=[pk]), pk)


# What composing keeps -------------------------------------------------------------------------------------------------


@admin.register(SendingRules)
class SendingRulesAdmin(TableAdmin):
    """One row: above how many recipients a second person approves."""

    list_display = ("__str__", "approval_above")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not SendingRules.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: SendingRules | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SendingRules, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(Draft)
class DraftAdmin(LettersAdmin):
    letter_fields = frozenset({"content", "media_upload", "media_name"})
    list_display = ("id", "updated_by", "updated_at", "version", "broadcast")
    list_select_related = ("updated_by", "broadcast")
    ordering = ("-updated_at",)


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ReadOnlyAdmin):
    list_display = ("name", "is_archived", "created_by", "created_at")
    list_select_related = ("created_by",)
    ordering = ("name",)


@admin.register(TemplateVersion)
class TemplateVersionAdmin(LettersAdmin):
    letter_fields = frozenset({"content", "media_upload", "media_name"})
    list_display = ("template", "number", "created_by", "created_at")
    list_select_related = ("template", "created_by")
    ordering = ("template__name", "-number")


@admin.register(Segment)
class SegmentAdmin(LettersAdmin):
    letter_fields = frozenset({"audience"})
    list_display = ("name", "owner", "created_by", "created_at")
    list_select_related = ("owner", "created_by")
    ordering = ("name",)


@admin.register(TelegramLink)
class TelegramLinkAdmin(ReadOnlyAdmin):
    """Which Telegram account belongs to which member of staff; the code itself is kept nowhere."""

    list_display = ("user", "telegram_user", "linked_at")
    list_select_related = ("user", "telegram_user")
    ordering = ("user__username",)

    def get_fields(self, request: HttpRequest, obj: TelegramLink | None = None) -> Any:
        return ("user", "telegram_user", "linked_at", "code_sent_at", "wants_reports")
