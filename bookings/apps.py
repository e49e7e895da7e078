"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings.labels import stream_names
        from bookings.person.erasure import keep_what_is_counted
        from bookings.person.people_bar import change_many_people
        from bookings.person.sections import show_on_persons_page
        from users.person.names import register_stream_names

        keep_what_is_counted()
        register_stream_names(stream_names)
        change_many_people()
        show_on_persons_page()
