"""manage.py check_grants: prove that the application cannot change history, audit or tables; see docs/adopting.md."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from hsl_dashboard.grants import grant_statements, unprotected, writer_statements


class Command(BaseCommand):
    help = (
        "Say what the application's role may that it should not; exit with 1, and the SQL to run as the owner, if so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", help="The role to look at; that of DATABASE_URL unless told otherwise.")

    def handle(self, *args: Any, role: str | None, **options: Any) -> None:
        role = role or str(connection.settings_dict["USER"])
        found = unprotected(role)
        for sentence in found:
            self.stdout.write(f"- {sentence}")
        if found:
            self.stdout.write(
                "\nRun this as the owner of the tables. If the role is their owner, make another for the application:"
                "\nCREATE ROLE hsl_app LOGIN PASSWORD '…', and run  manage.py check_grants --role hsl_app\n"
            )
            for statement in [*writer_statements(), *grant_statements(role)]:
                self.stdout.write(f"{statement};")
            raise CommandError(f"{role} is not as it should be; what is written above is not protected.")
        self.stdout.write(f"{role} adds to history and audit, changes neither, and makes no tables.")
