"""``manage.py backup``: the database and the files of staff in one archive."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from hsl_dashboard.backup.archive import make_backup
from hsl_dashboard.backup.tools import BackupFailed


class Command(BaseCommand):
    help = "Write the database and the files of staff into one archive; everybody may go on working."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", default=settings.BACKUP_DIR, help="the folder (BACKUP_DIR)")
        parser.add_argument("--keep", type=int, default=settings.BACKUP_KEEP, help="how many stay; 0 keeps all")

    def handle(self, *args: Any, to: str, keep: int, **options: Any) -> None:
        if not to:
            raise CommandError("Say where to: --to FOLDER, or BACKUP_DIR in .env.")
        if keep < 0:
            raise CommandError("--keep is a number of archives, 0 or more.")
        recipients = settings.BACKUP_RECIPIENTS
        try:
            made = make_backup(Path(to), at=timezone.now(), recipients=recipients, keep=keep)
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Written: {made} ({made.stat().st_size:,} bytes)")
        if not recipients:
            self.stdout.write("It is not encrypted, and holds the data of all students: set BACKUP_RECIPIENTS.")
