"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messaging")

    def ready(self) -> None:
        from messaging.automations.notifying import tell_students_about_bookings
        from messaging.person.erasure import keep_deliveries
        from messaging.person.sections import show_on_persons_page

        tell_students_about_bookings()
        keep_deliveries()
        show_on_persons_page()
