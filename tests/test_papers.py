"""The papers about themselves: they are short, their links lead somewhere, and they name what is there."""

import re
from pathlib import Path

from tests.test_repository import ROOT, files, name_of

PAPERS = files("*.md")
DECISIONS = ROOT / "docs" / "decisions"
NUMBERED = sorted(DECISIONS.glob("[0-9]*.md"))
PARTS_OF_A_DECISION = ["## Context", "## Decision", "## Consequences"]
LARGEST_PICTURE = 200_000  # bytes


def anchors_of(path: Path) -> set[str]:
    """Names that GitHub and others give to the headings of a paper."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_first_papers_are_short() -> None:
    limits = {ROOT / "README.md": 120, ROOT / "docs" / "architecture.md": 150}
    lengths = {path: len(path.read_text().splitlines()) for path in limits}

    assert {name_of(path): length for path, length in lengths.items() if length > limits[path]} == {}


def test_links_of_the_papers_lead_somewhere() -> None:
    links = [
        (path, target, anchor)
        for path in PAPERS
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", path.read_text())
    ]
    broken = []
    for path, target, anchor in links:
        leads_to = path.parent / target if target else path
        if not leads_to.exists() or (anchor and anchor not in anchors_of(leads_to)):
            broken.append(f"{name_of(path)}: {target}#{anchor}")

    assert len(links) > 20
    assert broken == []


def test_the_papers_name_only_files_and_folders_that_are_there() -> None:
    """A path in backticks: a file by its ending, a folder by the slash at its end; one name alone may be anywhere."""
    present = {name_of(path) for path in files("*.py", "*.html", "*.css", "*.js", "*.toml", "*.yml", "*.sql", "*.md")}
    names = {part for name in present for part in name.split("/")}
    missing = []
    for path in PAPERS:
        for named in re.findall(
            r"`([\w./-]+\.(?:py|html|css|js|toml|yml|sql|md)|[\w-]+/(?:[\w-]+/)*)`", path.read_text()
        ):
            if named.endswith("/"):
                found = (ROOT / named).is_dir() or named.rstrip("/") in names
            else:
                found = f"templates/{named}" in present or (named in names if "/" not in named else named in present)
            if not found:
                missing.append(f"{name_of(path)}: {named}")

    assert missing == []


def test_decisions_are_numbered_without_gaps_and_are_in_the_index() -> None:
    index = (DECISIONS / "README.md").read_text()

    assert [path.name[:4] for path in NUMBERED] == [f"{number + 1:04}" for number in range(len(NUMBERED))]
    assert [path.name for path in NUMBERED if f"[{path.name[:4]}]({path.name})" not in index] == []


def test_decisions_have_one_form() -> None:
    odd = {}
    for path in NUMBERED:
        lines = path.read_text().splitlines()
        has_form = (
            lines[0].startswith(f"# {path.name[:4]} ")
            and lines[2].startswith("**Status:** ")
            and [line for line in lines if line.startswith("## ")] == PARTS_OF_A_DECISION
        )
        if not has_form or len(lines) > 30:
            odd[path.name[:4]] = len(lines)

    assert odd == {}


def test_pictures_are_small_and_shown() -> None:
    pictures = sorted((ROOT / "docs" / "screenshots").glob("*.png"))
    readme = (ROOT / "README.md").read_text()

    assert len(pictures) == 2
    assert [path.name for path in pictures if path.stat().st_size > LARGEST_PICTURE] == []
    assert [path.name for path in pictures if f"(docs/screenshots/{path.name})" not in readme] == []
