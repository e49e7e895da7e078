"""Registers the project itself, so that its checks and commands are found."""

from django.apps import AppConfig


class HslDashboardConfig(AppConfig):
    name = "hsl_dashboard"

    def ready(self) -> None:
        # The application must exist in every process that queues a task: without it, shared tasks look for a broker
        # of their own. And no process may show old translations: this runs before any is read.
        from hsl_dashboard import celery, checks, messages  # noqa: F401

        messages.compile_if_stale()
