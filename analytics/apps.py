"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")

    def ready(self) -> None:
        from analytics.person import ANALYTICS
        from analytics.rollups import counted_until
        from analytics.today import FIGURES
        from hsl_dashboard.web.today import register_today_figures
        from users.person.extensions import register_person_extension
        from users.retention.rules import register_day_counter

        register_person_extension(ANALYTICS)
        register_day_counter(counted_until)
        for figures in FIGURES:
            register_today_figures(figures)
