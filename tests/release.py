"""The papers of a release, and the advisories about what it is made of; ``make release`` and ``make audit`` call it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path("dist")  # never committed: .gitignore
BIN = Path(sys.executable).parent


def constraints_of(report: dict[str, Any]) -> str:
    """Name each package of pip's report with its version and its hash, and no address that it came from."""
    lines = []
    for item in report["install"]:
        archive = item["download_info"].get("archive_info")
        if not archive:  # ourselves
            continue
        name, version = item["metadata"]["name"].lower(), item["metadata"]["version"]
        lines.append(f"{name}=={version} --hash=sha256:{archive['hashes']['sha256']}")
    return "\n".join(sorted(lines)) + "\n"


def write_papers() -> None:
    """Resolve what an installation gets today, and write it down: constraints with hashes, and a bill of materials."""
    FOLDER.mkdir(exist_ok=True)
    constraints, bill = FOLDER / "constraints.txt", FOLDER / "sbom.cdx.json"
    resolve = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--dry-run",
        "--ignore-installed",
        "--report",
        "-",
        ".",
    ]
    report = subprocess.run(resolve, check=True, capture_output=True, text=True).stdout
    constraints.write_text(constraints_of(json.loads(report)))
    command = [BIN / "cyclonedx-py", "requirements", "--output-reproducible", "--output-file", bill, constraints]
    subprocess.run(command, check=True)
    sys.stdout.write(f"Written: {constraints}, {bill}\n")


def verdict_of(packages: list[dict[str, Any]]) -> tuple[str, bool]:
    """Put pip-audit's answer into words; whether it is a reason to stop.

    pip-audit calls a package that the advisory service does not know "skipped", and ends as if all were well.
    """
    known = [package for package in packages if "skip_reason" not in package]
    told = [
        f"{package['name']} {package['version']}: {', '.join(hole['id'] for hole in package['vulns'])}"
        for package in known
        if package["vulns"]
    ]
    if told:
        return "Advisories:\n  " + "\n  ".join(told), True
    if len(known) < len(packages) / 2:
        return f"NOT AUDITED: only {len(known)} of {len(packages)} packages are known to the service.", False
    return f"No advisories about {len(known)} of {len(packages)} packages.", False


def audit() -> bool:
    """Ask for advisories about everything that is installed here; True when something is wrong."""
    one = FOLDER / "asked.txt"
    FOLDER.mkdir(exist_ok=True)
    one.write_text("django==5.2\n")  # which has some, so that whoever knows advisories knows this
    if not any("vulns" in package for package in _asked("--no-deps", "--disable-pip", "--requirement", str(one))):
        sys.stdout.write("NOT AUDITED: the service that knows advisories does not answer here.\n")
        return False
    words, is_bad = verdict_of(_asked("--local", "--skip-editable"))
    sys.stdout.write(f"{words}\n")
    return is_bad


def _asked(*options: str) -> list[dict[str, Any]]:
    command = [BIN / "pip-audit", "--progress-spinner=off", "--format=json", "--timeout=10", *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except json.JSONDecodeError:
        return []
    return packages


if __name__ == "__main__":
    if sys.argv[1:] == ["audit"]:
        sys.exit(audit())
    write_papers()
