"""A production's environment for tests, and programs started in it."""

import os
import subprocess
import sys

from hsl_dashboard.environment.reading import ROOT
from hsl_dashboard.environment.variables import Environment

PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": "long-enough-and-random-enough-for-a-test-5hP9qLx2Zr7Tn4Wk8",
    "ALLOWED_HOSTS": "dashboard.example.org",
    "DATABASE_URL": "postgres://user:password@database.example.org/name",
    "REDIS_URL": "rediss://:password@redis.example.org/0",
    "BOT_TOKEN": "1:token",
}


def environment_of(**changes: str) -> dict[str, str]:
    """A production that differs by ``changes``; "" stands for a missing variable."""
    # Empty rather than left out: what a developer has in .env must not come in.
    return {"PATH": os.environ["PATH"], **dict.fromkeys(Environment.model_fields, ""), **PRODUCTION, **changes}


def start(*command: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment_of(**changes),
        capture_output=True,
        text=True,
        check=False,
    )


def run_check(**changes: str) -> "subprocess.CompletedProcess[str]":
    """``manage.py check --deploy`` in a production that differs by ``changes``."""
    return start("manage.py", "check", "--deploy", "--fail-level", "WARNING", **changes)
