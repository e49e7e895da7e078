"""``manage.py rebuild_statistics [--check]``: count the derived tables anew, or prove them equal to their sources."""

from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from analytics.rollups import number_differences, rebuild_numbers, sealed_days
from bookings.lessons.steps import rebuild_steps, steps_differences
from bookings.money.kept import money_differences, rebuild_money
from bookings.payments.upkeep import payments_differences, rebuild_payments
from bookings.services.counts import booking_count_differences, rebuild_booking_counts
from messaging.delivery.counts import rebuild_recipient_counts, recipient_count_differences
from users.totals import Difference, rebuild_totals, totals_differences

SHOWN = 20  # differences: enough to see what kind they are


class Command(BaseCommand):
    help = "Count the derived tables anew; the bot may go on writing. With --check only compare them with the sources."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when something differs")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if sealed := sealed_days():
            self.stdout.write(
                f"Sealed, and left as they were counted: {len(sealed):,} days from {min(sealed)} to {max(sealed)},"
                " and their weeks. The details of their events are deleted (KEEP_EVENT_DETAILS_DAYS)."
            )
        if check:
            self._check()
            return
        people = rebuild_totals()
        self.stdout.write(f"person_totals: counted {people} people anew.")
        self.stdout.write(f"lesson_steps: counted {rebuild_steps()} people anew.")
        self.stdout.write(f"Waiting payments: looked at {rebuild_payments(at=timezone.now())} people anew.")
        for table, number in rebuild_numbers(timezone.now()).items():
            self.stdout.write(f"{table}: counted {number} anew.")
        self.stdout.write(f"bookings_moneyday: counted {rebuild_money()} anew.")
        self.stdout.write(f"bookings_bookingcount: counted {rebuild_booking_counts()} anew.")
        self.stdout.write(f"messaging_recipientcount: counted {rebuild_recipient_counts()} anew.")

    def _check(self) -> None:
        tables = {
            "person_totals": map(_of_a_person, totals_differences()),
            "lesson_steps": (
                f"registration {found[0]}: {found[1]}, counted {found[2]}" for found in steps_differences()
            ),
            "Waiting payments": (
                f"booking {found[0]}: {found[1]}, found {found[2]}" for found in payments_differences()
            ),
            "The numbers": number_differences(timezone.now()),
            "bookings_moneyday": money_differences(),
            "bookings_bookingcount": booking_count_differences(),
            "messaging_recipientcount": recipient_count_differences(),
        }
        wrong = [f"{what}: {places}" for what, found in tables.items() if (places := self._compare(what, found))]
        if wrong:
            raise CommandError(
                f"Places that differ from their sources: {', '.join(wrong)}. Cure: manage.py rebuild_statistics"
            )

    def _compare(self, what: str, differences: Iterator[str]) -> int:
        """Print what differs, and say in how many places."""
        shown = list(islice(differences, SHOWN))
        for sentence in shown:
            self.stdout.write(sentence)
        if not shown:
            self.stdout.write(f"{what}: equal to the sources.")
        return len(shown) + sum(1 for _ in differences)


def _of_a_person(found: Difference) -> str:
    return f"person {found.user_id}: {found.column} is {found.kept}, counted {found.counted}"
