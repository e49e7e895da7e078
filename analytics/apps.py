"""Registers the app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")

    def ready(self) -> None:
        from analytics.person import ANALYTICS
        from analytics.today import FIGURES
        from hsl_dashboard.web.today import register_today_figures
        from users.person.extensions import register_person_extension

        register_person_extension(ANALYTICS)
        for figures in FIGURES:
            register_today_figures(figures)
