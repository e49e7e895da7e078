"""manage.py adopt_database: take over the bot's live database; see docs/adopting.md."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hsl_dashboard.adoption.locks import AdoptionFailed, Patience
from hsl_dashboard.adoption.run import adopt
from hsl_dashboard.db import as_owner


class Command(BaseCommand):
    help = "Take over the bot's live database: add what the dashboard needs, while the bot goes on, and lose no row."
    # The checks would look for tables that are not there yet.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Print the plan and write nothing.")
        parser.add_argument(
            "--naive-timezone",
            default="UTC",
            metavar="ZONE",
            help="What the bot's dates without a zone mean (default: UTC; another zone rewrites their table).",
        )
        parser.add_argument(
            "--longest-lock",
            type=float,
            default=1.0,
            metavar="SECONDS",
            help="How long a step may keep the bot waiting once it has its lock (default: 1).",
        )
        parser.add_argument(
            "--patience",
            type=float,
            default=600.0,
            metavar="SECONDS",
            help="How long to try for a lock that others hold (default: 600).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        limits = Patience(longest_lock=options["longest_lock"], patience=options["patience"])
        try:
            with as_owner():
                adopt(
                    dry_run=options["dry_run"],
                    naive_timezone=options["naive_timezone"],
                    limits=limits,
                    stdout=self.stdout,
                )
        except AdoptionFailed as failure:
            raise CommandError(str(failure)) from failure
