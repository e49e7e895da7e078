"""Migrations by their names: their numbers change when branches meet."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent


def migration(app: str, name: str) -> ModuleType:
    """Import the migration of ``app`` that is called ``name``, whatever its number."""
    [path] = (ROOT / app / "migrations").glob(f"[0-9][0-9][0-9][0-9]_{name}.py")
    return import_module(f"{app}.migrations.{path.stem}")
