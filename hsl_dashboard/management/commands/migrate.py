"""manage.py migrate: Django's own, as the owner of the tables; never over the tables of a bot."""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate

from hsl_dashboard.adoption.migrations import tables_of_the_bot
from hsl_dashboard.db import as_owner


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> Any:
        with as_owner():
            if found := tables_of_the_bot():
                raise CommandError(
                    f"This database belongs to the bot: {', '.join(found)} are there already. Nothing was changed. "
                    "To take it over run adopt_database --dry-run, then adopt_database."
                )
            return super().handle(*args, **options)
