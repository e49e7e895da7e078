"""manage.py migrate: Django's own, as the owner of the tables."""

from typing import Any

from django.core.management.commands import migrate

from hsl_dashboard.db import as_owner


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> Any:
        with as_owner():
            return super().handle(*args, **options)
