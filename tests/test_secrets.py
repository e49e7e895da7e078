"""No secret stands in a file that is committed, and the scan that says so sees one."""

import subprocess

import pytest

from tests.secrets_scan import PATTERNS, secrets_in
from tests.test_repository import ROOT

# Made up, and nothing opens with it.
FAKES = {"1000000001:SANDBOX-not-a-secret-SANDBOX-012345"}


def test_no_secret_is_committed():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = {}
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path.stat().st_size > 2_000_000:
            continue
        text = path.read_bytes().decode(errors="replace")
        if told := [(kind, secret) for kind, secret in secrets_in(text) if secret not in FAKES]:
            found[name] = told

    assert found == {}, "Take it out and change it: what was committed is known. A made-up one goes into FAKES."


@pytest.mark.parametrize(
    "planted",
    [
        # Pasted together, so that no scan of this file finds them.
        "123456789" + ":" + "AAF" + "x9Kq" * 8,
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "AKIA" + "IOSFODNN7EXAMPLQ",
        "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
        "hsl_" + "Zk3" * 15,
        "AGE-SECRET-KEY-1" + "QPZRY9X8GF" * 5 + "QPZRY9X8",
        "postgres://hsl:" + "Tr0ub4dor-and-3" + "@db.example.org/hsl",
        "https://" + "0123456789abcdef" * 2 + "@sentry.example.org/5",
        "xoxb-" + "123456789012-123456789012-abcdefghijklmnopqrstuvwx",
    ],
    ids=lambda planted: planted[:8],
)
def test_a_planted_secret_is_seen(planted):
    assert list(secrets_in(f'KEY = "{planted}"\n')), planted


def test_the_patterns_are_those_of_a_library_and_ours():
    assert len(PATTERNS) > 15
