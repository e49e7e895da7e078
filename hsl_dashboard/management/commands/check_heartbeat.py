"""``manage.py check_heartbeat NAME``: whether a worker or beat lives; for the health check of its container."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hsl_dashboard.availability import heartbeats

NAMES = [heartbeats.BEAT, *(f"worker-{queue}" for queue in heartbeats.QUEUES)]


class Command(BaseCommand):
    help = "Exit with 1 when this process, wherever it runs, has been silent for half a minute."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=NAMES)

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        for silence in heartbeats.silences():
            if silence.what in {name, "redis"}:
                since = f"has been silent since {silence.since:%Y-%m-%d %H:%M:%S} UTC" if silence.since else "is silent"
                raise CommandError(f"{silence.what} {since}.")
        self.stdout.write(f"{name} works.")
