"""Registers the app."""

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")

    def ready(self) -> None:
        from hsl_dashboard.web.jump import register_jump_source
        from hsl_dashboard.web.navigation import register_badge
        from hsl_dashboard.web.saved_lists import register_saved_list
        from hsl_dashboard.web.today import register_today_lines
        from messaging.audiences.lists import register_audience_list
        from messaging.automations.notifying import tell_students_about_bookings
        from messaging.broadcasts.jump import MESSAGES
        from messaging.broadcasts.outcome import AFTER_A_MESSAGE
        from messaging.broadcasts.privacy import drafts_waiting_for
        from messaging.delivery.undoing import UNDO_START
        from messaging.inbox.jump import CONVERSATIONS
        from messaging.inbox.today import LINES as CONVERSATION_LINES
        from messaging.inbox.today import waiting_for
        from messaging.inbox.undoing import UNDO_CONVERSATION
        from messaging.person.extension import MESSAGING
        from messaging.saved_lists import SAVED_LISTS
        from messaging.today import LINES
        from users.audit.lines import register_row_address
        from users.person.extensions import register_person_extension
        from users.undo.services import register_undo

        register_badge("/messages/", drafts_waiting_for)
        register_badge("/inbox/", waiting_for)
        tell_students_about_bookings()
        register_person_extension(MESSAGING)
        register_row_address("message_history", lambda number: reverse("messaging:broadcast_detail", args=[number]))
        for undo in (UNDO_START, UNDO_CONVERSATION):
            register_undo(undo)
        register_audience_list("outcome", AFTER_A_MESSAGE)
        for saved in SAVED_LISTS:
            register_saved_list(saved)
        register_row_address(
            "messaging_conversation", lambda number: reverse("messaging:conversation_detail", args=[number])
        )
        for source in (MESSAGES, CONVERSATIONS):
            register_jump_source(source)
        for lines in (*LINES, CONVERSATION_LINES):
            register_today_lines(lines)
        self._keep_watch()

    def _keep_watch(self) -> None:
        from hsl_dashboard.watching.numbers import register_gauge
        from hsl_dashboard.watching.rounds import register_round
        from hsl_dashboard.web.system import register_system_lines
        from messaging.alerts.retention import INCIDENTS
        from messaging.alerts.system import alert_lines
        from messaging.alerts.watch import AlertWatch
        from messaging.content.retention import register_retention
        from messaging.today import GAUGES, oldest_waiting
        from users.retention.rules import register_keeping_rule

        register_retention()
        register_keeping_rule(INCIDENTS)
        register_system_lines(oldest_waiting)
        register_system_lines(alert_lines)
        register_round(AlertWatch().go_round)
        for gauge in GAUGES:
            register_gauge(gauge)
