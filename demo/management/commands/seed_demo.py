"""``manage.py seed_demo``: an invented, Russian-speaking school around today's date, into an empty database."""

from argparse import ArgumentParser
from datetime import date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from demo.school.build import build_school
from demo.school.loading import DatabaseNotEmpty, store_school
from demo.school.rhythm import MOSCOW
from users.totals import fold_marked_people

EVENING = time(21, 0, tzinfo=MOSCOW)


class Command(BaseCommand):
    help = "Fill an empty database with an invented school: every status and every odd case on every page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="the same seed and day give the same rows (default 1)")
        parser.add_argument("--people", type=int, default=1200, help="about how many people (default 1200)")
        parser.add_argument(
            "--today",
            type=date.fromisoformat,
            help="the school as it stood at 21:00 Moscow time of this day, YYYY-MM-DD (default: this minute)",
        )

    def handle(self, *args: Any, seed: int, people: int, today: date | None, **options: Any) -> None:
        if people < 50:
            raise CommandError(_("A school of fewer than 50 people cannot show every case. Use --people 50 or more."))
        now = datetime.combine(today, EVENING) if today else timezone.now()
        school = build_school(seed=seed, people=people, now=now)
        try:
            store_school(school)
        except DatabaseNotEmpty as refusal:
            raise CommandError(
                _(
                    "The database is not empty: the table “%(table)s” has rows. The demo school is only written into "
                    "an empty database, and nothing is ever deleted. Make a new database and run migrate first."
                )
                % {"table": refusal.model._meta.db_table}
            ) from refusal
        fold_marked_people()  # whom the events have marked: before anybody looks
        self.stdout.write(
            _("The demo school is ready: %(people)d people, %(bookings)d bookings, %(events)d events.")
            % {"people": len(school.people), "bookings": len(school.bookings), "events": len(school.events)}
        )
