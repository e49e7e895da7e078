"""One archive: the dump, the files of staff, and a manifest that proves both."""

import hashlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyrage
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from hsl_dashboard.availability.limits import NONE, within
from hsl_dashboard.backup.tools import BackupFailed, run

DUMP, MANIFEST, MEDIA = "database.dump", "manifest.json", "media"
PREFIX, ENDINGS = "hsl-", (".tar", ".tar.age")
WORK = ".hsl-work-"  # folders in which archives are made and unpacked, in the clear
LEFT_AFTER = timedelta(hours=12)  # no backup takes as long
MAGIC = b"age-encryption.org/"
LOCK = 7_228_001  # of PostgreSQL's advisory locks: one backup at a time


@dataclass(frozen=True)
class Manifest:
    """What an archive holds: rows of each table, SHA-256 of each file."""

    made_at: str
    tables: dict[str, int]
    files: dict[str, str]

    @classmethod
    def read(cls, text: str) -> "Manifest":
        """Read what an archive says of itself.

        Raises:
            ValueError: no backup of ours says this.
        """
        told = json.loads(text)
        match told:
            case {"made_at": str(made_at), "tables": dict(tables), "files": dict(files)} if len(told) == 3:
                counts = all(type(rows) is int for rows in tables.values())
                sums = all(isinstance(found, str) and _stays_inside(name) for name, found in files.items())
                if counts and sums and DUMP in files:
                    return cls(made_at, tables, files)
        raise ValueError("its manifest is none of ours")


def _stays_inside(name: str) -> bool:
    return not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts


class _Hashed:
    """A file whose SHA-256 is computed while it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.sum = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        read = self.file.read(size)
        self.sum.update(read)
        return read


def make_backup(folder: Path, *, at: datetime, recipients: Sequence[str] = (), keep: int = 0) -> Path:
    """Write an archive of the database and the files into ``folder``, and remove all but the newest ``keep`` of them.

    ``recipients`` are public keys of age; without any the archive is not encrypted. ``keep`` of 0 removes none.

    Raises:
        BackupFailed: nothing was written; the text says why.
    """
    keys = _public_keys(recipients)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_left_over(folder, at)
    target = folder / f"{PREFIX}{at.astimezone(UTC):%Y-%m-%dT%H%M%SZ}{ENDINGS[1] if keys else ENDINGS[0]}"
    with tempfile.TemporaryDirectory(prefix=WORK, dir=folder) as name:
        work = Path(name)
        tables = _dump(work / DUMP)
        plain = work / "archive.tar"
        _pack(plain, work / DUMP, tables, at)
        done = plain
        if keys:
            done = work / "archive.age"
            pyrage.encrypt_file(str(plain), str(done), keys)
        done.chmod(0o600)
        done.replace(target)
    for old in backups(folder)[keep:] if keep else []:
        old.unlink()
    return target


def backups(folder: Path) -> list[Path]:
    """Give the archives of a folder, the newest first."""
    return sorted((path for path in folder.glob(f"{PREFIX}*") if path.name.endswith(ENDINGS)), reverse=True)


def latest_backup() -> datetime | None:
    """Give the moment of the newest archive; None where there is none, or where none are made."""
    if not settings.BACKUP_DIR:
        return None
    newest = backups(Path(settings.BACKUP_DIR))[:1]
    return datetime.fromtimestamp(newest[0].stat().st_mtime, tz=UTC) if newest else None


def is_too_old(at: datetime) -> bool:
    """Say whether a backup is missing, or the newest is older than ALERT_BACKUP_HOURS; with 0 it may be of any age."""
    newest, hours = latest_backup(), settings.ALERT_BACKUP_HOURS
    is_old = newest is None or (hours > 0 and at - newest > timedelta(hours=hours))
    return bool(settings.BACKUP_DIR) and is_old


def _remove_left_over(folder: Path, at: datetime) -> None:
    """Remove what a killed backup or restore left: it holds the data of all students in the clear."""
    for left in folder.glob(f"{WORK}*"):
        if at.timestamp() - left.stat().st_mtime > LEFT_AFTER.total_seconds():
            shutil.rmtree(left, ignore_errors=True)


def _public_keys(recipients: Sequence[str]) -> list[Any]:
    try:
        return [pyrage.x25519.Recipient.from_str(key) for key in recipients]
    except pyrage.RecipientError:
        raise BackupFailed("BACKUP_RECIPIENTS holds no public key of age: each begins with age1.") from None


def _dump(target: Path) -> dict[str, int]:
    """Dump the database, and count its tables as that dump saw them."""
    with within(NONE), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s), pg_export_snapshot()", [LOCK])
        is_alone, snapshot = cursor.fetchone()
        if not is_alone:
            raise BackupFailed("Another backup is being made.")
        run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}")
        return rows_by_table()


def rows_by_table() -> dict[str, int]:
    """Count every table of the database."""
    with within(NONE), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables = [table for (table,) in cursor.fetchall()]
        count = sql.SQL("(SELECT count(*) FROM {})").format
        cursor.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(count(sql.Identifier(name)) for name in tables)))
        return dict(zip(tables, cursor.fetchone(), strict=True))


def _pack(target: Path, dump: Path, tables: dict[str, int], at: datetime) -> None:
    root = Path(settings.MEDIA_ROOT)
    files = {DUMP: dump} | {f"{MEDIA}/{path.relative_to(root)}": path for path in sorted(root.rglob("*"))}
    sums: dict[str, str] = {}
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in files.items():
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    hashed = _Hashed(file)
                    archive.addfile(archive.gettarinfo(str(path), name), hashed)
                    sums[name] = hashed.sum.hexdigest()
        text = json.dumps(asdict(Manifest(at.isoformat(), tables, sums)), indent=1).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size, info.mtime = len(text), int(at.timestamp())
        archive.addfile(info, BytesIO(text))


def unpack(archive: Path, folder: Path, *, identity: str = "") -> Manifest:
    """Decrypt and unpack an archive into ``folder``, and compare the checksum of each file.

    ``identity`` is what the file with the age key says.

    Raises:
        BackupFailed: it is no archive of ours, it is damaged, or the key is missing or another one.
    """
    try:
        plain = _decrypted(archive, folder, identity)
        with tarfile.open(plain, "r:") as tar:  # as we write it: not compressed
            tar.extractall(folder, filter="data")
        manifest = Manifest.read((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, tarfile.TarError, ValueError, RecursionError) as error:
        raise BackupFailed(f"{archive.name} cannot be read as a backup: {error}") from None
    for name, wanted in manifest.files.items():
        path = folder / name
        if not path.is_file() or _sum(path) != wanted:
            raise BackupFailed(f"{archive.name} is damaged: {name} is not what was put into it.")
    return manifest


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _decrypted(archive: Path, folder: Path, identity: str) -> Path:
    with archive.open("rb") as file:
        if not file.read(len(MAGIC)).startswith(MAGIC):
            return archive
    if not identity:
        raise BackupFailed(f"{archive.name} is encrypted: give the file with its key as --identity.")
    secret = next((line for line in identity.splitlines() if line.startswith("AGE-SECRET-KEY-")), "")
    plain = folder / "archive.tar"
    try:
        key = pyrage.x25519.Identity.from_str(secret)
        pyrage.decrypt_file(str(archive), str(plain), [key])
    except (pyrage.IdentityError, pyrage.DecryptError):
        raise BackupFailed(
            f"The key does not open {archive.name}: it is another one, or the archive is damaged."
        ) from None
    return plain
