"""Registers the project itself, so that its checks and commands are found."""

from types import ModuleType

from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models.signals import post_migrate

from hsl_dashboard import calendar, catalogues, sentry


class HslDashboardConfig(AppConfig):
    name = "hsl_dashboard"

    def __init__(self, app_name: str, app_module: ModuleType) -> None:
        super().__init__(app_name, app_module)
        # Before the first connection, which may be made while the apps load.
        calendar.watch_connections()
        # Here, not in ready(): Django reads the catalogues while it loads the models, and keeps what it read.
        catalogues.compile_if_stale()

    def ready(self) -> None:
        # The application must exist in every process that queues a task: without it, shared tasks look for a broker
        # of their own.
        from hsl_dashboard import celery, checks, grants  # noqa: F401
        from hsl_dashboard.backup.system import last_backup
        from hsl_dashboard.web.system import register_system_lines

        register_system_lines(last_backup)

        # Once, not for each app: the signal comes for those that have models.
        users = apps.get_app_config("users")
        post_migrate.connect(grants.keep_grants, sender=users, dispatch_uid="hsl_dashboard.keep_grants")
        if settings.SENTRY_DSN:
            sentry.start(settings.SENTRY_DSN)
