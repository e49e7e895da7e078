"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")

    def ready(self) -> None:
        from hsl_dashboard.web.jump import register_jump_source
        from messaging.automations.notifying import tell_students_about_bookings
        from messaging.broadcasts.jump import MESSAGES
        from messaging.person.extension import MESSAGING
        from users.person.extensions import register_person_extension

        tell_students_about_bookings()
        register_person_extension(MESSAGING)
        register_jump_source(MESSAGES)
