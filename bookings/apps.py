"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import jump
        from bookings.person.extension import BOOKINGS
        from hsl_dashboard.web.jump import register_jump_source
        from users.person.extensions import register_person_extension

        register_person_extension(BOOKINGS)
        register_jump_source(jump.BOOKINGS)
        register_jump_source(jump.STREAMS)
