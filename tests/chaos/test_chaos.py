"""The short version of `make chaos`: every promise of the sending engine, under every accident, in a minute."""

import subprocess
import sys

import pytest

from tests.chaos.system import ROOT


@pytest.mark.timeout(300)  # a minute on two idle cores
def test_nobody_is_missed_and_nobody_gets_it_twice():
    done = subprocess.run([sys.executable, "-m", "tests.chaos"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n| ") == 11  # ten scenarios and the head
