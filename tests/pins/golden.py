"""Golden files: what was so when the house was rearranged; a test shows every difference.

``REWRITE_PINS=1 .venv/bin/python -m pytest tests/pins`` writes them anew, for a difference that was meant.
"""

import difflib
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
REWRITE = "REWRITE_PINS"


def assert_golden(name: str, text: str) -> None:
    """Compare a text with the file of this name; fail with the difference, line by line."""
    path = HERE / name
    text = text.rstrip("\n") + "\n"
    if os.environ.get(REWRITE):
        path.write_text(text)
        return
    wanted = path.read_text() if path.exists() else ""
    difference = difflib.unified_diff(
        wanted.splitlines(), text.splitlines(), f"tests/pins/{name}", "today", lineterm="", n=2
    )
    if said := "\n".join(difference):
        pytest.fail(
            f"{said}\n\nIf this was meant:  {REWRITE}=1 .venv/bin/python -m pytest tests/pins  rewrites the files.",
            pytrace=False,
        )


def assert_as_pinned(name: str, measured: dict[str, Any], *, partly: bool = False) -> None:
    """Compare with ``golden/<name>.json``, entry by entry; ``partly``: the file holds those of other tests too."""
    path = HERE / "golden" / f"{name}.json"
    measured = json.loads(json.dumps(measured))
    if os.environ.get(REWRITE):
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
