"""manage.py prepare_demo: tables, a demo school in an empty database, and staff logins that everyone knows."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management import BaseCommand, CommandError, call_command, get_commands
from django.db.models import Q

from hsl_dashboard.demo import LOGINS, PASSWORD
from hsl_dashboard.environment import is_on_this_machine
from users.models import TelegramUser, User

# The group of each login, and what it may do where no migration has filled the group.
GROUPS = {
    "marketing": ("Marketing manager", Q(codename__startswith="view_") | Q(content_type__app_label="messaging")),
    "courses": ("Course manager", Q(codename__startswith="view_") | Q(content_type__app_label="bookings")),
    "viewer": ("Viewer", Q(codename__startswith="view_")),
}
OURS = ("users", "bookings", "messaging", "analytics")


class Command(BaseCommand):
    help = "Make the tables, a demo school in an empty database, and staff logins with a known password."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG or not is_on_this_machine(settings.DATABASES["default"]["HOST"]):
            raise CommandError("The demo's logins have a known password: only with DEBUG=true and a local database.")
        call_command("migrate", interactive=False, verbosity=1)
        if TelegramUser.objects.exists():
            self.stdout.write("The database has people already: kept as it is.")
        elif "seed_demo" in get_commands():
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
        if name in GROUPS:
            account.groups.add(self._group(*GROUPS[name]))

    def _group(self, name: str, may: Q) -> Group:
        group, _ = Group.objects.get_or_create(name=name)
        if not group.permissions.exists():
            labels = [label for label in OURS if apps.is_installed(label)]
            group.permissions.set(Permission.objects.filter(may, content_type__app_label__in=labels))
        return group
