"""Translations: ``python -m hsl_dashboard.catalogues`` compiles every catalogue, in Python alone.

The .mo files that Django reads are made, not committed; manage.py, the tests and wsgi call ``compile_if_stale()``, so
nothing ever runs with old ones. It costs two ``stat`` calls a catalogue when there is nothing to do.
"""

import os
import tempfile
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def catalogues() -> list[Path]:
    """Every .po of the project: the top folder's own and one an app, a language."""
    pattern = "locale/*/LC_MESSAGES/django.po"
    return sorted([*PROJECT_ROOT.glob(pattern), *PROJECT_ROOT.glob(f"*/{pattern}")])


def compile_if_stale() -> list[Path]:
    """Compile the catalogues that are newer than their .mo; return those compiled."""
    stale = [po for po in catalogues() if _is_stale(po)]
    for po in stale:
        compile_catalogue(po)
    return stale


def compile_catalogue(po: Path) -> None:
    """Write the .mo beside ``po``; fuzzy entries are left out.

    Raises:
        babel.messages.pofile.PoFileError: the catalogue is not well-formed; the text has the line.
    """
    # Imported here: only a stale catalogue pays for it.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with po.open("rb") as source:
        catalogue = read_po(source, locale=po.parent.parent.name, abort_invalid=True)
    # Written aside and moved in place: another process may read the old one at this moment.
    descriptor, name = tempfile.mkstemp(dir=po.parent, prefix="django.", suffix=".tmp")
    with os.fdopen(descriptor, "wb") as target:
        write_mo(target, catalogue)
    Path(name).chmod(0o644)
    Path(name).replace(po.with_suffix(".mo"))


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime_ns <= po.stat().st_mtime_ns


def main() -> None:
    """Compile all of them and say so."""
    for po in catalogues():
        compile_catalogue(po)
        print(f"compiled {po.relative_to(PROJECT_ROOT).with_suffix('.mo')}")


if __name__ == "__main__":
    main()
