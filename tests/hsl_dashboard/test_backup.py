"""The drill: fill, back up, bring back elsewhere, compare; and nothing that waited goes out."""

import os
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import psycopg
import pyrage
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from psycopg import sql

from bookings.models import Booking
from hsl_dashboard.backup.archive import backups, is_too_old, latest_backup, make_backup
from hsl_dashboard.backup.tasks import make_nightly_backup
from hsl_dashboard.db import run_sql
from hsl_dashboard.grants import grant_statements
from messaging.delivery.lifecycle import start_scheduled
from messaging.models import Automation, Broadcast, Outbox
from messaging.models.reasons import StateReason
from tests.adoption.databases import Database
from tests.factories import BookingFactory, BroadcastFactory, RecipientFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.owner, pytest.mark.timeout(180)]

State = Broadcast.State
KEY = pyrage.x25519.Identity.generate()
# What a restore writes itself: what it held, and its record.
HELD = {"message_history", "messaging_outbox", "messaging_automation", "users_auditentry", "pghistory_context"}


@pytest.fixture
def elsewhere() -> Iterator[Database]:
    """An empty database on the same server."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with psycopg.connect(Database("postgres").conninfo, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield Database(name)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    folder = tmp_path / "media" / "broadcasts"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"a picture")
    return tmp_path / "media"


@pytest.fixture
def busy_school(media: Path) -> Booking:
    """Messages in every state that would go on by itself."""
    for minutes in (-5, 30):
        BroadcastFactory.create(state=State.SCHEDULED, starts_at=timezone.now() + timedelta(minutes=minutes))
    RecipientFactory.create(message=BroadcastFactory.create(state=State.SENDING), state="pending")
    booking = BookingFactory.create()
    Automation.objects.update(is_on=True)
    Outbox.objects.create(
        telegram_user=booking.telegram_user, kind="confirmed", message_text="Место за вами", queued_at=timezone.now()
    )
    return booking


def checksums(database: Database) -> dict[str, str]:
    tables = [name for (name,) in database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    return {
        table: database.value(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t")
        for table in tables
    }


def restore(archive: Path, into: Database, **options: object) -> str:
    out = StringIO()
    with into.as_default():
        call_command("restore", str(archive), stdout=out, **options)
    return out.getvalue()


def test_what_was_backed_up_comes_back_elsewhere_and_nothing_is_sent(
    busy_school: Booking, elsewhere: Database, media: Path, settings, tmp_path: Path
) -> None:
    before = checksums(Database(connection.settings_dict["NAME"]))
    archive = make_backup(tmp_path / "to", at=timezone.now(), recipients=[str(KEY.to_public())])
    assert archive.read_bytes().startswith(b"age-encryption.org/")
    assert archive.stat().st_mode & 0o777 == 0o600
    settings.MEDIA_ROOT = tmp_path / "other"
    (tmp_path / "key.txt").write_text(f"# created\n{KEY}\n")

    said = restore(archive, elsewhere, identity=tmp_path / "key.txt")

    after = checksums(elsewhere)
    assert before.keys() == after.keys()
    differing = {table for table in before if before[table] != after[table]}
    assert {"message_history", "messaging_outbox"} <= differing
    assert {name for name in differing if not name.endswith("event")} <= HELD
    assert (tmp_path / "other" / "broadcasts" / "a.png").read_bytes() == b"a picture"
    assert "Scheduled messages held: 2" in said
    assert "Messages paused: 1" in said
    assert "Notices to students withdrawn: 1" in said
    with elsewhere.as_default():
        assert Booking.objects.get() == busy_school
        assert start_scheduled(at=timezone.now() + timedelta(minutes=31)) == []
        assert set(Broadcast.objects.values_list("state", "state_reason")) == {
            (State.HELD, StateReason.RESTORED),
            (State.PAUSED, StateReason.RESTORED),
        }
        assert not Outbox.objects.filter(state=Outbox.State.QUEUED).exists()
        assert not Automation.objects.filter(is_on=True).exists()
        assert call_command("rebuild_statistics", check=True, stdout=StringIO()) is None


def test_a_database_with_tables_is_left_alone(media: Path, tmp_path: Path) -> None:
    archive = make_backup(tmp_path / "to", at=timezone.now())

    with pytest.raises(CommandError, match=r"not empty\. Nothing was changed"):
        call_command("restore", str(archive))


@pytest.fixture
def archive(media: Path, tmp_path: Path) -> Path:
    return make_backup(tmp_path / "to", at=timezone.now())


def _damage(archive: Path) -> None:
    with archive.open("r+b") as file:
        file.seek(2_000)
        file.write(b"\xff" * 64)


def _cut(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:5_000])


def _empty(archive: Path) -> None:
    archive.write_bytes(b"")


@pytest.mark.parametrize("spoil", [_damage, _cut, _empty])
def test_a_spoiled_archive_writes_nothing(archive: Path, elsewhere: Database, spoil: Callable[[Path], None]) -> None:
    spoil(archive)

    with pytest.raises(CommandError, match=r"damaged|cannot be read as a backup"):
        restore(archive, elsewhere)

    assert elsewhere.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []


def test_an_archive_of_an_earlier_version_is_brought_up_to_this_one(
    archive: Path, elsewhere: Database, tmp_path: Path
) -> None:
    restore(archive, elsewhere)
    with elsewhere.as_default():
        call_command("migrate", "bookings", "0007_mark_what_was_there", verbosity=0)
        earlier = make_backup(tmp_path / "earlier", at=timezone.now())
    elsewhere.run("DROP SCHEMA public, kept CASCADE", "CREATE SCHEMA public")

    restore(earlier, elsewhere)

    with elsewhere.as_default():
        call_command("migrate", check_unapplied=True, verbosity=0)  # it ends the process where something is missing
    assert list(tmp_path.glob("*/.hsl-work-*")) == []


def test_an_encrypted_archive_opens_with_its_key_alone(
    media: Path, elsewhere: Database, settings, tmp_path: Path
) -> None:
    archive = make_backup(tmp_path / "to", at=timezone.now(), recipients=[str(KEY.to_public())])
    other = tmp_path / "other.txt"
    other.write_text(str(pyrage.x25519.Identity.generate()))

    with pytest.raises(CommandError, match="is encrypted: give the file with its key"):
        restore(archive, elsewhere)
    with pytest.raises(CommandError, match="The key does not open"):
        restore(archive, elsewhere, identity=other)
    settings.BACKUP_RECIPIENTS = ["AGE-SECRET-KEY-1"]
    with pytest.raises(CommandError, match="no public key of age"):
        call_command("backup", to=str(tmp_path / "to"))


def test_the_nightly_one_keeps_the_newest_and_tells_when_it_is_missing(media: Path, settings, tmp_path: Path) -> None:
    folder = tmp_path / "nightly"
    assert latest_backup() is None
    assert not is_too_old(timezone.now())  # nobody asked for any
    settings.BACKUP_DIR, settings.BACKUP_KEEP = str(folder), 2
    assert is_too_old(timezone.now())
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"hsl-2026-01-0{day}T010000Z.tar").write_bytes(b"")
    (folder / "notes.txt").write_text("of the school")
    for work, hours in (("killed", 13), ("running", 1)):
        (folder / f".hsl-work-{work}").mkdir()
        (folder / f".hsl-work-{work}" / "archive.tar").write_bytes(b"in the clear")
        since = (timezone.now() - timedelta(hours=hours)).timestamp()
        os.utime(folder / f".hsl-work-{work}", (since, since))

    make_nightly_backup()

    kept = backups(folder)
    assert len(kept) == 2
    assert kept[1].name == "hsl-2026-01-03T010000Z.tar"
    assert (folder / "notes.txt").exists()
    assert [path.name for path in folder.glob(".hsl-work-*")] == [".hsl-work-running"]
    assert not is_too_old(timezone.now())
    assert is_too_old(timezone.now() + timedelta(hours=31))


def test_what_cannot_be_written_is_said_in_a_sentence(media: Path, settings, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Say where to"):
        call_command("backup")
    (tmp_path / "a-file").write_text("")
    with pytest.raises(CommandError, match="a-file"):
        call_command("backup", to=str(tmp_path / "a-file"))
    settings.POSTGRES_TOOLS = str(tmp_path)
    with pytest.raises(CommandError, match=r"pg_dump is not here\. Install"):
        call_command("backup", to=str(tmp_path / "to"))
    assert backups(tmp_path / "to") == []


def test_the_applications_role_can_back_up_what_it_cannot_change(media: Path, tmp_path: Path) -> None:
    """The nightly one runs in a worker, which owns nothing."""
    database = Database(connection.settings_dict["NAME"], user="hsl_test_backup")
    run_sql("CREATE ROLE hsl_test_backup LOGIN PASSWORD 'x'")
    for statement in grant_statements("hsl_test_backup"):
        run_sql(statement)
    run_sql("GRANT USAGE ON SCHEMA kept TO hsl_test_backup")  # of the tests alone
    run_sql("GRANT SELECT ON ALL TABLES IN SCHEMA kept TO hsl_test_backup")
    try:
        with database.as_default():
            archive = make_backup(tmp_path / "to", at=datetime(2026, 11, 30, tzinfo=UTC))
    finally:
        run_sql("DROP OWNED BY hsl_test_backup; DROP ROLE hsl_test_backup")

    assert archive.name == "hsl-2026-11-30T000000Z.tar"
    with tarfile.open(archive) as tar:
        assert {"database.dump", "manifest.json", "media/broadcasts/a.png"} <= set(tar.getnames())
