"""manage.py prepare_demo: tables, a demo school in an empty database, and staff logins that everyone knows."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError, call_command, get_commands

from demo.launcher import LOGINS, PASSWORD
from hsl_dashboard.db import as_owner
from hsl_dashboard.environment.connections import is_on_this_machine
from users.models import TelegramUser, User
from users.staff.roles import ADMINISTRATOR, COURSES, MARKETING, VIEWER

# The group of each login; ``migrate`` has filled them.
GROUPS = {"admin": ADMINISTRATOR, "marketing": MARKETING, "courses": COURSES, "viewer": VIEWER}


class Command(BaseCommand):
    help = "Make the tables, a demo school in an empty database, and staff logins with a known password."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT or not is_on_this_machine(settings.DATABASES["default"]["HOST"]):
            raise CommandError("The demo's logins have a known password: only with DEBUG=true and a local database.")
        call_command("migrate", interactive=False, verbosity=1)
        if TelegramUser.objects.exists():
            self.stdout.write("The database has people already: kept as it is.")
        elif "seed_demo" in get_commands():
            with as_owner():  # it sets the counters of the tables
                call_command("seed_demo")
        for name in LOGINS:
            self._make_login(name)

    def _make_login(self, name: str) -> None:
        account, new = User.objects.get_or_create(username=name, defaults={"email": f"{name}@example.test"})
        if not new:
            return
        account.set_password(PASSWORD)
        account.is_staff = account.is_superuser = name == "admin"
        account.save()
        account.groups.add(Group.objects.get(name=GROUPS[name]))
