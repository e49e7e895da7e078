"""Registers the project itself, so that its checks and commands are found."""

from django.apps import AppConfig


class HslDashboardConfig(AppConfig):
    name = "hsl_dashboard"
