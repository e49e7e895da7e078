"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")

    def ready(self) -> None:
        from hsl_dashboard.web.navigation import register_badge
        from messaging.automations.notifying import tell_students_about_bookings
        from messaging.broadcasts.privacy import drafts_waiting_for
        from messaging.person.extension import MESSAGING
        from users.person.extensions import register_person_extension

        register_badge("/messages/", drafts_waiting_for)
        tell_students_about_bookings()
        register_person_extension(MESSAGING)
