"""What is no backup of ours is said in a sentence, before anything is written; none of it needs a database."""

import json
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from hsl_dashboard.backup.archive import DUMP, MANIFEST, unpack
from hsl_dashboard.backup.tools import BackupFailed

RIGHT: dict[str, Any] = {"made_at": "2026-11-30", "tables": {"users": 1}, "files": {DUMP: "0" * 64}}

ODD: list[dict[str, Any]] = [
    {"files": []}, {"files": None}, {"files": {}}, {"files": {DUMP: 5}}, {"tables": []},
    {"tables": {"users": "1"}}, {"tables": {"users": True}}, {"made_at": 5}, {"more": 1},
    {"files": {DUMP: "0", "../../etc/passwd": "0"}},
    {"files": {DUMP: "0", "/etc/passwd": "0"}},
]  # fmt: skip


def archive_with(folder: Path, manifest: bytes, mode: Any = "w") -> Path:
    path = folder / "hsl.tar"
    with tarfile.open(path, mode) as archive:
        for name, content in ((DUMP, b"a dump"), (MANIFEST, manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    return path


@pytest.mark.parametrize(
    "manifest",
    [
        b"", b"null", b"[]", b"5", b"\xff\xfe", b"[" * 200_000, b'{"made_at": ' + b"9" * 5_000 + b"}",
        *(json.dumps(RIGHT | odd).encode() for odd in ODD),
        json.dumps({"made_at": "2026-11-30"}).encode(),
    ],
    ids=lambda manifest: manifest[:40],
)  # fmt: skip
def test_an_odd_manifest_ends_in_a_sentence(tmp_path, manifest):
    with pytest.raises(BackupFailed, match=r"hsl\.tar cannot be read as a backup"):
        unpack(archive_with(tmp_path, manifest), tmp_path / "to")


def test_a_right_manifest_is_held_against_the_files(tmp_path):
    with pytest.raises(BackupFailed, match=r"hsl\.tar is damaged: database\.dump"):
        unpack(archive_with(tmp_path, json.dumps(RIGHT).encode()), tmp_path / "to")


def test_a_compressed_archive_is_none_of_ours(tmp_path):
    with pytest.raises(BackupFailed, match="cannot be read as a backup"):
        unpack(archive_with(tmp_path, json.dumps(RIGHT).encode(), "w:gz"), tmp_path / "to")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00key", bytes(range(256)) * 20])
def test_a_binary_file_is_no_key(tmp_path, content):
    (tmp_path / "key").write_bytes(content)

    with pytest.raises(CommandError, match="holds no key of age"):
        call_command("restore", str(archive_with(tmp_path, b"{}")), identity=tmp_path / "key")


def test_a_key_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("restore", str(archive_with(tmp_path, b"{}")), identity=tmp_path / "missing")
