"""The whole sending system as processes of its own: PostgreSQL, Valkey, sandbox, workers and beats, to be killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg
from redis import Redis

from demo.sandbox.client import SandboxClient, start_sandbox
from demo.servers.keeper import APPLICATION, USER, Postgres, Valkey

ROOT = Path(__file__).parent.parent.parent
RATE = 150  # messages/s
CALL_TIMEOUT = 2  # seconds; a dead claim is rescued after 2 · 2 + 5 = 9
WINDOW = 256  # the most rows that a worker has under way: delivery.MOST


@dataclass
class System:
    """Servers that can be restarted and workers that can be killed at any moment."""

    folder: Path
    rate: float = RATE
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    beats: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    code: Path = ROOT  # what workers and beats run that are started from now on
    disk: Path | None = None  # where PostgreSQL keeps everything, if not in the folder
    lost_in_kills: int = 0  # rows that were under way in the processes that were killed

    def start(self, *, workers: int, beats: int) -> None:
        """Start everything, with an empty database."""
        (self.folder / "log").mkdir()
        self.valkey, self.postgres = self._valkey(), self._postgres()
        self.valkey.start()
        self.postgres.start()
        self.sandbox: SandboxClient = start_sandbox(latency_ms=(20, 80))
        self.environment = os.environ | {
            "DATABASE_URL": self.postgres.url.replace(f"//{USER}:", f"//{APPLICATION}:", 1),
            "OWNER_DATABASE_URL": "",
            "REDIS_URL": self.valkey.url,
            "DEBUG": "false",  # as in production: a debugging Django keeps every query
            "SECRET_KEY": "a-key-for-nothing-but-chaos-5hP9qLx2Zr7Tn4Wk8",
            "ALLOWED_HOSTS": "localhost",
            "BOT_TOKEN": self.sandbox.token,
            "TELEGRAM_API_URL": self.sandbox.url,
            "TELEGRAM_MESSAGES_PER_SECOND": str(self.rate),
            "TELEGRAM_CALL_TIMEOUT": str(CALL_TIMEOUT),
            "SENTRY_DSN": "",
            "PTB_TIMEDELTA": "1",
            "DJANGO_SETTINGS_MODULE": "hsl_dashboard.settings",
        }
        self.migrate()
        for _ in range(workers):
            self.start_worker()
        for _ in range(beats):
            self.start_beat()

    def migrate(self) -> None:
        """As the owner of the tables, which nobody else is."""
        self._run("manage.py", "migrate", "--verbosity=0", OWNER_DATABASE_URL=self.postgres.url)

    def stop(self) -> None:
        """End everything."""
        for process in [*self.workers, *self.beats]:
            kill(process)
        if hasattr(self, "sandbox"):
            self.sandbox.stop()
            if self.sandbox.process and self.sandbox.process.stdout:
                self.sandbox.process.stdout.close()
        self.postgres.stop()
        self.valkey.stop()

    # Workers

    def start_worker(self) -> None:
        number = len(self.workers)
        options = ["--queues=telegram,default", "--concurrency=1", "--without-gossip", "--without-mingle"]
        name = f"--hostname=w{number}-{time.monotonic_ns()}@%h"
        self.workers.append(self._spawn(f"worker-{number}", "worker", "--loglevel=info", name, *options))

    def start_beat(self) -> None:
        """Start a beat. Nobody wants several at once, but it happens."""
        number = len(self.beats)
        self.beats.append(self._spawn(f"beat-{number}", "beat", "--loglevel=info", "--pidfile="))

    def kill_worker(self, which: int, *, only_child: bool = False) -> None:
        """End a worker with SIGKILL (or only the process in it that sends), and start another one."""
        worker = self.workers[which]
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(worker.pid).children(recursive=True)
            if only_child and children:
                killed = [child.pid for child in children]
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
                self._count_lost(killed)
                return  # the worker makes itself a new one
        killed = [worker.pid, *(child.pid for child in children)]
        kill(worker)
        self.workers.remove(worker)
        self._count_lost(killed)
        self.start_worker()

    def terminate_worker(self, which: int) -> None:
        """End a worker as an update does, with SIGTERM, and start another one: nothing may be lost by it."""
        worker = self.workers.pop(which)
        worker.terminate()
        worker.wait(30)
        self.start_worker()

    def stop_workers(self) -> int:
        """End all of them as a machine that is switched off does, with SIGTERM; say how many there were."""
        ended, self.workers = self.workers, []
        for worker in ended:
            worker.terminate()
        for worker in ended:
            worker.wait(30)
        return len(ended)

    def stop_beats(self) -> int:
        """End every beat; say how many there were."""
        ended, self.beats = self.beats, []
        for beat in ended:
            kill(beat)
        return len(ended)

    def _count_lost(self, pids: list[int]) -> None:
        names = [f"%:{pid}" for pid in pids]
        query = "SELECT count(*) FROM message_recipients WHERE state = 'sending' AND worker LIKE ANY(%s)"
        self.lost_in_kills += self.ask(query, names)

    # Servers

    def restart_postgres(self, *, away: float = 0) -> None:
        """Stop it, and start it again after ``away`` seconds."""
        # What is under way may be claimed without anybody having heard of it.
        self.lost_in_kills += WINDOW * len(self.workers)
        self.postgres.stop()
        time.sleep(away)
        self.postgres = self._postgres()
        self.postgres.start()

    @contextlib.contextmanager
    def frozen_postgres(self) -> Iterator[None]:
        """Let it take every connection and question, and answer none: SIGSTOP, as a suspended machine looks."""
        main = psutil.Process(self.postgres.process.pid)
        frozen = [main, *main.children(recursive=True)]
        for process in frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            for process in frozen:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()

    def restart_valkey(self, *, away: float = 0) -> None:
        """Restart it empty after ``away`` seconds: what it held is lost."""
        self.valkey.process.kill()
        self.valkey.process.wait()
        time.sleep(away)
        for dump in self.valkey.data.glob("*.rdb"):
            dump.unlink()
        self.valkey = self._valkey()
        self.valkey.start()

    def flush_valkey(self) -> None:
        with Redis.from_url(self.valkey.url) as redis:
            redis.flushall()

    def ask(self, query: str, *parameters: Any) -> Any:
        """Ask the database for one value, from outside of Django."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            row = connection.execute(query, parameters).fetchone()  # type: ignore[arg-type]
        return row[0] if row else None

    def _valkey(self) -> Valkey:
        return Valkey(self.folder / "valkey", self.folder / "log", time.monotonic() + 90)

    def _postgres(self) -> Postgres:
        return Postgres((self.disk or self.folder) / "postgres", self.folder / "log", time.monotonic() + 90)

    def _spawn(self, log: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "log" / f"{log}.log").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "hsl_dashboard", *arguments],
                cwd=self.code,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a group of its own: SIGKILL for it and its children, and no Ctrl-C
            )

    def _run(self, *command: str, **more: str) -> None:
        subprocess.run([sys.executable, *command], cwd=self.code, env={**self.environment, **more}, check=True)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL for the process and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def running_system(
    *, workers: int = 3, beats: int = 2, rate: float = RATE, disk: Path | None = None
) -> Iterator[System]:
    """A system for the length of a block."""
    with TemporaryDirectory(prefix="hsl-chaos-") as folder:
        system = System(Path(folder), rate=rate, disk=disk)
        try:
            system.start(workers=workers, beats=beats)
            yield system
        finally:
            system.stop()
