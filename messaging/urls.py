"""Addresses of messages."""

from django.urls import path

from messaging.automations import views as automations
from messaging.broadcasts.views import acts, history
from messaging.compose.views import compose, confirm, library, link
from messaging.inbound.views import blocked, webhook

app_name = "messaging"

urlpatterns = [
    path("messages/new/", compose.compose_message, name="compose_message"),
    path("messages/templates/", library.template_list, name="template_list"),
    path("messages/new/link/", link.compose_link, name="compose_link"),
    path("messages/new/<int:pk>/", compose.compose_message, name="compose_message"),
    path("messages/new/<int:pk>/confirm/", confirm.compose_confirm, name="compose_confirm"),
    path("messages/", history.broadcast_list, name="broadcast_list"),
    path("messages/blocked/", blocked.blocked_list, name="blocked_list"),
    path("messages/blocked/export/", blocked.blocked_export, name="blocked_export"),
    path("messages/blocked/<int:user_id>/", blocked.person_unblock, name="person_unblock"),
    path("messages/<int:pk>/", history.broadcast_detail, name="broadcast_detail"),
    path("messages/<int:pk>/progress/", history.broadcast_progress, name="broadcast_progress"),
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
    path("messages/automations/<slug:kind>/switch/", automations.automation_switch, name="automation_switch"),
    path("api/telegram/webhook", webhook.telegram_webhook, name="telegram_webhook"),
]
