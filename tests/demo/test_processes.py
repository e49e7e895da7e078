"""The launcher's children: each has a log, and all of them end together, whatever they do."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from demo import processes
from demo.processes import ChildEnded, Children

SLEEP = ["sleep", "60"]
WITH_A_CHILD = ["sh", "-c", "sleep 60 & echo $!; wait"]
DEAF = ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"]


@pytest.fixture
def children() -> Iterator[Children]:
    started = Children()
    yield started
    started.stop()


def wait_for_text(log: Path) -> str:
    deadline = time.monotonic() + 5
    while not log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    return log.read_text()


def has_ended(process: psutil.Process) -> bool:
    psutil.wait_procs([process], timeout=5)
    # An orphan is reaped by the machine's first process, which may take its time.
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_stopping_ends_the_children_of_children(children: Children, tmp_path: Path) -> None:
    child = children.start("parent", WITH_A_CHILD, {}, tmp_path)
    grandchild = psutil.Process(int(wait_for_text(child.log)))

    children.stop()

    assert child.process.returncode == -signal.SIGTERM
    assert has_ended(grandchild)


def test_a_child_that_does_not_listen_is_killed(
    children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.2)
    child = children.start("deaf", DEAF, {}, tmp_path)
    wait_for_text(child.log)

    children.stop()

    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_dies_is_named_with_the_end_of_its_log(children: Children, tmp_path: Path) -> None:
    children.start("beat", SLEEP, {}, tmp_path)
    web = children.start("web", ["sh", "-c", "echo starting; echo 'no such table'; exit 3"], {}, tmp_path)
    web.process.wait()

    with pytest.raises(ChildEnded) as error:
        children.check()

    assert str(error.value).startswith(f"web ended with exit code 3. The end of {tmp_path / 'web.log'}")
    assert str(error.value).endswith("    starting\n    no such table")


def test_waiting_for_one_notices_that_another_died(children: Children, tmp_path: Path) -> None:
    children.start("sandbox", ["false"], {}, tmp_path)
    prepare = children.start("prepare", SLEEP, {}, tmp_path)

    with pytest.raises(ChildEnded, match="sandbox ended with exit code 1"):
        children.wait_for(prepare)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
def test_children_end_when_the_launcher_is_killed(tmp_path: Path) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path)],
        cwd=processes.PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout
    with launcher:
        child = psutil.Process(int(launcher.stdout.readline()))
        launcher.kill()

    assert has_ended(child)


LAUNCHER = """
import sys, time
from pathlib import Path
from demo.processes import Children
print(Children().start("child", ["sleep", "60"], {}, Path(sys.argv[1])).process.pid, flush=True)
time.sleep(60)
"""
