"""The launcher's children: each has a log, and all of them end together, whatever they do."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from demo import launcher, processes
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


def test_a_worker_that_ends_is_started_again_with_a_word(tmp_path: Path) -> None:
    said: list[str] = []
    children = Children(said.append)
    worker = children.start("worker", WITH_A_CHILD, {}, tmp_path, again=True)
    first, grandchild = worker.process, psutil.Process(int(wait_for_text(worker.log)))
    first.kill()
    first.wait()

    children.check()

    assert worker.process is not first and worker.process.poll() is None
    assert has_ended(grandchild)
    assert said == [f"worker was ended by SIGKILL, and was started again; see {tmp_path / 'worker.log'}"]
    children.stop()
    assert worker.process.returncode == -signal.SIGTERM


def test_a_worker_that_cannot_work_ends_the_demo_with_its_log(tmp_path: Path) -> None:
    said: list[str] = []
    children = Children(said.append)
    worker = children.start("worker", ["sh", "-c", "echo 'no such table'; exit 3"], {}, tmp_path, again=True)

    for _ in range(processes.RESTARTS):
        worker.process.wait()
        children.check()
    worker.process.wait()
    with pytest.raises(ChildEnded) as error:
        children.check()

    assert len(said) == processes.RESTARTS
    assert str(error.value).startswith("worker ended with exit code 3. The end of")
    assert str(error.value).endswith("no such table\n" + "    no such table")
    children.stop()


def test_a_worker_that_ends_now_and_then_is_always_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, processes.WITHIN // processes.RESTARTS + 1))
    monkeypatch.setattr(processes.time, "monotonic", lambda: next(clock))
    said: list[str] = []
    children = Children(said.append)
    worker = children.start("worker", ["true"], {}, tmp_path, again=True)

    for _ in range(3 * processes.RESTARTS):
        while worker.process.poll() is None:
            pass
        children.check()

    assert len(said) == 3 * processes.RESTARTS
    monkeypatch.undo()
    children.stop()


def test_the_demo_starts_workers_and_beat_again_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: dict[str, bool] = {}

    class Noted(Children):
        def start(self, name, *rest, again=False):
            noted[name] = again

    for name in ("_require_free_port", "_wait_for_page", "_announce", "_watch"):
        monkeypatch.setattr(launcher, name, lambda *arguments: None)
    monkeypatch.setattr(launcher, "_environment", lambda port: {})
    monkeypatch.setattr(Noted, "wait_for", lambda self, child: None)

    launcher._run(8000, Noted())

    assert {name for name, restarted in noted.items() if restarted} == {"worker-default", "worker-telegram", "beat"}
    assert noted.keys() >= {"sandbox", "prepare", "web"}


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
