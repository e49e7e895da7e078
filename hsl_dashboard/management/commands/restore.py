"""``manage.py restore``: a backup into an empty database; nothing that waits in it is sent."""

import shutil
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from hsl_dashboard.backup.archive import DUMP, MEDIA, WORK, rows_by_table, unpack
from hsl_dashboard.backup.tools import BackupFailed, run
from hsl_dashboard.db import as_owner
from messaging.delivery.restored import hold_everything


class Command(BaseCommand):
    help = "Bring a backup back into an empty database; messages that wait in it are held. Stop web, workers and beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("archive", type=Path, help="what manage.py backup wrote")
        parser.add_argument("--identity", type=Path, help="the file with the age key, for an encrypted archive")

    def handle(self, *args: Any, archive: Path, identity: Path | None, **options: Any) -> None:
        try:
            # Beside the archive: /tmp is often in memory, and an archive is as large as the database.
            with as_owner(), tempfile.TemporaryDirectory(prefix=WORK, dir=archive.parent) as folder:
                self._restore(archive, Path(folder), _key_in(identity) if identity else "")
        except (BackupFailed, OSError) as error:
            raise CommandError(str(error)) from None

    def _restore(self, archive: Path, folder: Path, identity: str) -> None:
        name = connection.settings_dict["NAME"]
        if connection.introspection.table_names():
            raise BackupFailed(f"The database {name} is not empty. Nothing was changed: make an empty one (createdb).")
        manifest = unpack(archive, folder, identity=identity)
        self.stdout.write(f"{archive.name}, made {manifest.made_at}: all checksums are right.")
        # In one transaction: what breaks off leaves the database empty.
        run("pg_restore", "--single-transaction", "--no-owner", "--no-privileges", str(folder / DUMP))
        rows = rows_by_table()
        # The archive may be of an earlier version; messages are held in this one's tables. Grants come with it.
        call_command("migrate", interactive=False, verbosity=0)
        held = hold_everything(at=timezone.now())
        for table, wanted in manifest.tables.items():
            if (found := rows.get(table)) != wanted:
                raise BackupFailed(f"{table} has {found} rows, and had {wanted} when it was backed up.")
        files = self._bring_files(folder / MEDIA)
        self.stdout.write(f"{len(rows)} tables, {sum(rows.values()):,} rows, {files} files are back.")
        for sentence in held:
            self.stdout.write(sentence)

    def _bring_files(self, source: Path) -> int:
        """Copy the files of staff back; a file that is there already is the same, since no name is given twice."""
        files = [path for path in source.rglob("*") if path.is_file()]
        for path in files:
            target = Path(settings.MEDIA_ROOT) / path.relative_to(source)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        return len(files)


def _key_in(identity: Path) -> str:
    try:
        return identity.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BackupFailed(
            f"{identity} holds no key of age: such a file is text, with a line AGE-SECRET-KEY-1…"
        ) from None
