"""``manage.py rebuild_statistics [--check]``: count the derived tables anew, or prove them equal to their sources."""

from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.lessons.steps import rebuild_steps, steps_differences
from users.totals import rebuild_totals, totals_differences

SHOWN = 20  # differences: enough to see what kind they are


class Command(BaseCommand):
    help = "Count the derived tables anew; the bot may go on writing. With --check only compare them with the sources."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when something differs")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if check:
            self._check_steps()
            self._check()
            return
        people = rebuild_totals()
        self.stdout.write(f"person_totals: counted {people} people anew.")
        self.stdout.write(f"lesson_steps: counted {rebuild_steps()} people anew.")

    def _check(self) -> None:
        differences = totals_differences()
        shown = list(islice(differences, SHOWN))
        for found in shown:
            self.stdout.write(f"person {found.user_id}: {found.column} is {found.kept}, counted {found.counted}")
        if shown:
            more = sum(1 for _ in differences)
            raise CommandError(
                f"person_totals differs from its sources in {len(shown) + more} places. "
                "Cure: manage.py rebuild_statistics"
            )
        self.stdout.write("person_totals equals its sources.")

    def _check_steps(self) -> None:
        shown = list(islice(steps_differences(), SHOWN))
        for registration, kept, counted in shown:
            self.stdout.write(f"registration {registration}: {kept}, counted {counted}")
        if shown:
            raise CommandError("lesson_steps differs from its sources. Cure: manage.py rebuild_statistics")
        self.stdout.write("lesson_steps equals its sources.")
