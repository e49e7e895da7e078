"""Golden texts: what is so today stands in a file beside the tests, and a test shows every difference."""

import difflib
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REWRITE = "REWRITE_PINS"  # set to anything: the files are written anew, for a difference that was meant


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
