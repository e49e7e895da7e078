"""Registers the app."""

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        from bookings import jump
        from bookings.incoming import today as incoming
        from bookings.incoming.retention import WEBHOOK_PAYLOADS
        from bookings.models import status_label
        from bookings.money import today as money
        from bookings.payments import today as payments
        from bookings.payments.upkeep import known_waiting
        from bookings.person.extension import BOOKINGS
        from bookings.quality.counts import known_problems
        from bookings.saved_lists import SAVED_LISTS
        from bookings.services.bulk_undo import UNDO_BULK
        from bookings.services.undoing import UNDO_BOOKING
        from bookings.services.waiting import UNDO_ASKING
        from bookings.today import FIGURES, LINES
        from hsl_dashboard.web.jump import register_jump_source
        from hsl_dashboard.web.navigation import register_badge
        from hsl_dashboard.web.saved_lists import register_saved_list
        from hsl_dashboard.web.today import register_today_figures, register_today_lines
        from users.audit.lines import register_row_address
        from users.audit.words import register_value_names
        from users.person.extensions import register_person_extension
        from users.retention.rules import register_keeping_rule
        from users.undo.services import register_undo

        register_person_extension(BOOKINGS)
        register_keeping_rule(WEBHOOK_PAYLOADS)
        for undo in (UNDO_BOOKING, UNDO_BULK, UNDO_ASKING):
            register_undo(undo)
        register_badge("/data-quality/", lambda user: known_problems(user.has_perm))
        register_badge("/payments/", known_waiting)
        register_value_names("bookings", "confirmed", status_label)
        register_row_address("bookings", lambda number: reverse("bookings:booking_detail", args=[number]))
        for source in (jump.BOOKINGS, jump.STREAMS, jump.COUPONS):
            register_jump_source(source)
        for lines in (*LINES, money.LINES, payments.LINES, incoming.LINES):
            register_today_lines(lines)
        for saved in SAVED_LISTS:
            register_saved_list(saved)
        register_today_figures(FIGURES)
        register_today_figures(money.FIGURES)
