"""``manage.py apply_retention [--dry-run]``: delete what is older than the settings keep."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from users.retention.rules import keeping_rules
from users.retention.run import apply_retention, due

ROW = "{:<28}{:<30}{:>12}{:>14}"


class Command(BaseCommand):
    help = "Delete what is older than the KEEP_… settings say, in small batches; the bot and staff may go on working."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="write nothing; print what would go")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        at = timezone.now()
        if dry_run:
            self._print("to forget", {rule.name: rows for rule, rows in due(at)})
            return
        applied = apply_retention(at=at)
        self._print("forgotten", applied.rows)
        if applied.unfinished:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in applied.unfinished.items())
            raise CommandError(f"Not finished: {reasons}. Run it again: it goes on where it stopped.")

    def _print(self, heading: str, rows: dict[str, int | None] | dict[str, int]) -> None:
        self.stdout.write(ROW.format("what", "setting", "kept, days", heading))
        for rule in keeping_rules():
            number = rows.get(rule.name)
            self.stdout.write(
                ROW.format(rule.name, rule.setting, rule.days or "for ever", "-" if number is None else f"{number:,}")
            )
