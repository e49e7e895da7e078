"""What a release says of itself: what it is made of, and what is known against that."""

import tomllib

from tests.release import constraints_of, verdict_of
from tests.test_repository import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()


def test_the_release_says_what_it_is_made_of():
    archive = {"archive_info": {"hashes": {"sha256": "ab" * 32}}, "url": "https://files.example.org/a.whl"}
    report = {
        "install": [
            {"metadata": {"name": "Django", "version": "5.2.19"}, "download_info": archive},
            {
                "metadata": {"name": "hsl-dashboard", "version": "0.1.0"},
                "download_info": {"dir_info": {}, "url": "file:///"},
            },
        ]
    }

    assert constraints_of(report) == f"django==5.2.19 --hash=sha256:{'ab' * 32}\n"
    assert "\nrelease: " in MAKEFILE and "tests.release\n" in MAKEFILE
    assert "dist/" in (ROOT / ".gitignore").read_text().split()


def test_what_nobody_looked_up_is_not_called_well():
    well = {"name": "a", "version": "1", "vulns": []}
    unknown = {"name": "b", "skip_reason": "Dependency not found on PyPI"}
    bad = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-2026-1"}]}

    assert verdict_of([well, well, unknown]) == ("No advisories about 2 of 3 packages.", False)
    assert verdict_of([unknown, unknown, unknown, well])[0].startswith("NOT AUDITED")
    assert verdict_of([well, bad, unknown]) == ("Advisories:\n  c 2: PYSEC-2026-1", True)


def test_advisories_are_asked_for_by_the_long_checks():
    long_checks = MAKEFILE.split("\ncheck-long:")[1].split("\n\n")[0]
    assert "tests.release audit" in long_checks


def test_the_lints_of_security_are_on():
    """All of bandit's rules, which ruff calls S; what is left out has its reason beside it."""
    lint = PROJECT["tool"]["ruff"]["lint"]

    assert "S" in lint["select"]
    assert {rule for rule in lint["ignore"] if rule.startswith(("S1", "S6"))} == {
        "S101", "S105", "S106", "S603", "S607",
    }  # fmt: skip
    exempt = {path for path, rules in lint["per-file-ignores"].items() if {"S", "S608", "S311"} & set(rules)}
    assert exempt == {"demo/**", "hsl_dashboard/adoption/*.py", "tests/**", "benchmarks/**"}
