"""Debian's Chromium, as the browser tests and the screenshots start it; no browser is downloaded."""

import os
import shutil

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "Chromium is not installed: the browser needs it (apt-get install chromium)."
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_program() -> str | None:
    """The path of the browser, or None where there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def chromium_flags() -> list[str]:
    """What it is started with."""
    # Chromium's own sandbox does not run as root.
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else [*FLAGS]
