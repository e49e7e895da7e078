"""What Django's tests call after a test that committed; it stands before Django's own command of this name."""

from typing import Any

from django.core.management import BaseCommand

from hsl_dashboard.availability.limits import NONE, within
from tests.reset.kept import reset_rows


class Command(BaseCommand):
    help = "Put the tables of the test database back to what the migrations left."
    stealth_options = ("interactive", "reset_sequences", "allow_cascade", "inhibit_post_migrate", "database")

    def handle(self, *args: Any, **options: Any) -> None:
        with within(NONE):
            reset_rows()
