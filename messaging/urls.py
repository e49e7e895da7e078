"""Addresses of messages."""

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import URLPattern, path

from messaging.automations import views as automations
from messaging.broadcasts.views import acts, history, takeover
from messaging.compose.views import compose, confirm, drafts, library, link, listing
from messaging.inbound.views import blocked, webhook
from messaging.inbox.views import acts as inbox
from messaging.inbox.views import conversation
from messaging.inbox.views import listing as conversations
from messaging.notices.views import notice_settings

app_name = "messaging"


def form_verb(address: str, view: Callable[..., HttpResponse], *, name: str) -> tuple[URLPattern, URLPattern]:
    """The addresses of a verb of the form of a new message."""
    return (
        path(f"messages/new/{address}", view, name=name),
        path(f"messages/new/<int:pk>/{address}", view, name=name),
    )


urlpatterns = [
    path("data-quality/takeover/", takeover.takeover, name="takeover"),
    path("messages/new/", compose.compose_message, name="compose_message"),
    path("messages/templates/", library.template_list, name="template_list"),
    path("messages/templates/<int:pk>/rename/", library.template_rename, name="template_rename"),
    path("messages/templates/<int:pk>/write/", library.template_write, name="template_write"),
    path("messages/templates/<int:pk>/archive/", library.template_archive, name="template_archive"),
    path("messages/new/counts/", compose.compose_counts, name="compose_counts"),
    path("messages/new/<int:pk>/total/", compose.draft_total, name="draft_total"),
    path("messages/new/to/", compose.compose_to, name="compose_to"),
    path("messages/new/link/", link.compose_link, name="compose_link"),
    path("messages/new/<int:pk>/", compose.compose_message, name="compose_message"),
    path("messages/new/<int:pk>/confirm/", confirm.compose_confirm, name="compose_confirm"),
    path("messages/new/<int:pk>/file/", drafts.draft_file, name="draft_file"),
    path("messages/new/<int:pk>/discard/", drafts.draft_discard, name="draft_discard"),
    # What a button of the form does: with a draft, and before there is one.
    *form_verb("preview/", drafts.draft_preview, name="draft_preview"),
    *form_verb("check/", drafts.draft_check, name="draft_check"),
    *form_verb("overwrite/", drafts.draft_overwrite, name="draft_overwrite"),
    *form_verb("test/", drafts.draft_test, name="draft_test"),
    *form_verb("file/upload/", drafts.draft_upload, name="draft_upload"),
    *form_verb("file/remove/", drafts.draft_file_remove, name="draft_file_remove"),
    *form_verb("button/add/", drafts.draft_button_add, name="draft_button_add"),
    *form_verb("person/add/", drafts.draft_person_add, name="draft_person_add"),
    *form_verb("person/leave/", drafts.draft_person_leave, name="draft_person_leave"),
    *form_verb("template/use/", library.template_use, name="template_use"),
    *form_verb("template/save/", library.template_save, name="template_save"),
    *form_verb("segment/use/", library.segment_use, name="segment_use"),
    *form_verb("segment/save/", library.segment_save, name="segment_save"),
    *form_verb("segment/delete/", library.segment_delete, name="segment_delete"),
    path("messages/drafts/", listing.draft_list, name="draft_list"),
    path("messages/", history.broadcast_list, name="broadcast_list"),
    path("messages/blocked/", blocked.blocked_list, name="blocked_list"),
    path("messages/blocked/export/", blocked.blocked_export, name="blocked_export"),
    path("messages/blocked/<telegram_id:user_id>/", blocked.person_unblock, name="person_unblock"),
    path("messages/<int:pk>/", history.broadcast_detail, name="broadcast_detail"),
    path("messages/<int:pk>/progress/", history.broadcast_progress, name="broadcast_progress"),
    path("messages/<int:pk>/file/", history.broadcast_file, name="broadcast_file"),
    path("messages/<int:pk>/own-test/", history.own_test, name="own_test"),
    path("messages/<int:pk>/expected/", history.broadcast_expected, name="broadcast_expected"),
    path("messages/<int:pk>/outcome/", history.broadcast_outcome, name="broadcast_outcome"),
    path("messages/<int:pk>/recipients/export/", history.recipient_export, name="recipient_export"),
    path("messages/<int:pk>/start/", acts.broadcast_start, name="broadcast_start"),
    path("messages/<int:pk>/pause/", acts.broadcast_pause, name="broadcast_pause"),
    path("messages/<int:pk>/resume/", acts.broadcast_resume, name="broadcast_resume"),
    path("messages/<int:pk>/cancel/", acts.broadcast_cancel, name="broadcast_cancel"),
    path("messages/<int:pk>/schedule/", acts.broadcast_schedule, name="broadcast_schedule"),
    path("messages/<int:pk>/edit/", acts.broadcast_edit, name="broadcast_edit"),
    path("messages/<int:pk>/delete/", acts.broadcast_delete, name="broadcast_delete"),
    path("messages/<int:pk>/retry/", acts.broadcast_retry, name="broadcast_retry"),
    path("messages/<int:pk>/decide/", acts.broadcast_decide, name="broadcast_decide"),
    path("messages/<int:pk>/clone/", acts.broadcast_clone, name="broadcast_clone"),
    path("messages/<int:pk>/take-back/", acts.broadcast_take_back, name="broadcast_take_back"),
    path("messages/<int:pk>/missed/", acts.broadcast_missed, name="broadcast_missed"),
    path("messages/automations/", automations.automation_list, name="automation_list"),
    path("messages/automations/<slug:kind>/", automations.automation_edit, name="automation_edit"),
    path("messages/automations/<slug:kind>/preview/", automations.automation_preview, name="automation_preview"),
    path("messages/automations/<slug:kind>/switch/", automations.automation_switch, name="automation_switch"),
    path("inbox/", conversations.conversation_list, name="conversation_list"),
    path("accounts/notices/", notice_settings, name="notice_settings"),
    path("inbox/news/", conversations.conversation_news, name="conversation_news"),
    path("inbox/<telegram_id:user_id>/", conversation.conversation_detail, name="conversation_detail"),
    path("inbox/<telegram_id:user_id>/live/", conversation.conversation_live, name="conversation_live"),
    path("inbox/<telegram_id:user_id>/answer/", conversation.conversation_answer, name="conversation_answer"),
    path("inbox/<telegram_id:user_id>/preview/", conversation.answer_preview, name="answer_preview"),
    path("inbox/<telegram_id:user_id>/assign/", inbox.conversation_assign, name="conversation_assign"),
    path("inbox/<telegram_id:user_id>/close/", inbox.conversation_close, name="conversation_close"),
    path("inbox/<telegram_id:user_id>/reopen/", inbox.conversation_reopen, name="conversation_reopen"),
    path("inbox/<telegram_id:user_id>/snooze/", inbox.conversation_snooze, name="conversation_snooze"),
    path("inbox/<telegram_id:user_id>/unread/", inbox.conversation_unread, name="conversation_unread"),
    path("api/telegram/webhook", webhook.telegram_webhook, name="telegram_webhook"),
]
