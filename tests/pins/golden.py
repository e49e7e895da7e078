"""Golden files of what the pins measure, an entry a line; ``REWRITE_PINS=1 pytest tests/pins`` writes them anew."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"


def assert_as_pinned(name: str, measured: dict[str, Any], *, partly: bool = False) -> None:
    """Compare with ``golden/<name>.json``, entry by entry; ``partly``: the file holds those of other tests too."""
    path = FOLDER / f"{name}.json"
    measured = json.loads(json.dumps(measured))
    if os.environ.get("REWRITE_PINS"):
        _write(path, (_read(path) if partly and path.exists() else {}) | measured)
    pinned = _read(path)
    keys = measured.keys() if partly else measured.keys() | pinned.keys()
    different = {key for key in keys if pinned.get(key) != measured.get(key)}
    # Only what differs: the whole of a golden file would hide it.
    assert {key: measured.get(key) for key in different} == {key: pinned.get(key) for key in different}


def _read(path: Path) -> dict[str, Any]:
    pinned: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return pinned


def _write(path: Path, entries: dict[str, Any]) -> None:
    lines = (f"{_compact(key)}: {_compact(value)}" for key, value in sorted(entries.items()))
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def digest_of(ids: Iterable[int]) -> list[int | str]:
    """Count and digest of a set of ids."""
    ordered = sorted(ids)
    return [len(ordered), hashlib.sha256(repr(ordered).encode()).hexdigest()[:12]]
