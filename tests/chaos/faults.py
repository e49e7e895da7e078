"""What may go wrong around the pages while a message is sent and staff click, each with what must hold at its end."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from demo.servers.keeper import APPLICATION, USER
from tests.chaos.disks import fill
from tests.chaos.pages import BROKE_OFF, Clicks, Gunicorn, Staff
from tests.chaos.scenarios import Broken, Chaos, Result
from tests.chaos.system import ROOT, System
from tests.signing_in import signed_in
from users.models import AuditEntry, Note, User

# Pages of everyday work; each asks other tables.
PLACES = [
    "/", "/workshops/", "/bookings/", "/bookings/?status=2", "/users/", "/users/?sort=-events", "/messages/",
    "/analytics/", "/free-lessons/", "/inbox/", "/payments/", "/messages/new/counts/",
]  # fmt: skip
HEAD = "| fault | how it was tried | what came of it |\n|---|---|---|"


@dataclass(frozen=True)
class Found:
    """One line of the table."""

    fault: str
    how: str
    what: str

    def row(self) -> str:
        return f"| {self.fault} | {self.how} | {self.what} |"


def insist(kept: bool, broken: str) -> None:
    if not kept:
        raise Broken(broken)


def sign_in(count: int) -> list[str]:
    """Sessions of so many colleagues who may everything."""
    sessions = []
    for _number in range(count):
        name = f"clicks-{secrets.token_hex(4)}"
        user = User.objects.create(username=name, email=f"{name}@example.test", is_staff=True, is_superuser=True)
        client = signed_in(user)
        [session] = [cookie.value for name, cookie in client.cookies.items() if name.endswith("sessionid")]
        sessions.append(session)
    return sessions


@contextmanager
def clicking(web: Gunicorn, *, people: int = 6, think: float = 0.3) -> Iterator[Clicks]:
    with Staff(sign_in(people), PLACES, think=think, web=lambda: web) as clicks:
        yield clicks


def warm_up(web: Gunicorn) -> None:
    """Let each page be made once: templates and pools are there then."""
    [session] = sign_in(1)
    for place in PLACES * 2:
        web.ask(place, session=session)


def in_words(clicks: Clicks) -> str:
    statuses = ", ".join(f"{count} × {status or 'broken off'}" for status, count in sorted(clicks.statuses().items()))
    return f"{statuses}; slowest {clicks.percentile(1):.1f} s"


def write_note(web: Gunicorn, session: str, person: int, text: str) -> int:
    return web.ask(f"/users/{person}/notes/", session=session, data={"text": text})


def out_of_connections(chaos: Chaos, web: Gunicorn) -> Found:
    """Take every connection that PostgreSQL gives, for ten seconds of a broadcast and of clicks."""
    address = chaos.system.postgres.url.replace(f"//{USER}:", f"//{APPLICATION}:", 1)
    taken: list[psycopg.Connection] = []
    with chaos.scenario("out of connections") as result:
        broadcast = chaos.start(chaos.scale)
        chaos.wait_for_calls(chaos.scale // 4)
        with clicking(web) as clicks:
            try:
                with contextlib.suppress(psycopg.OperationalError):
                    while True:
                        taken.append(psycopg.connect(address, autocommit=True))
                refused, before = len(taken), len(clicks.answers)
                until = time.monotonic() + 10
                lives = ready = True
                while time.monotonic() < until:
                    with contextlib.suppress(psycopg.OperationalError):  # whatever is given back, at once
                        taken.append(psycopg.connect(address, autocommit=True))
                    lives = lives and web.lives()
                    ready = ready and web.is_ready()
                    time.sleep(0.2)
                # Whoever asks now waits for what others gave back.
                wait_until(lambda: len(clicks.answers) > before, "an answer without connections")
                during = Clicks(clicks.answers[before:])
            finally:
                for connection in taken:
                    connection.close()
        wait_until(web.is_ready, "ready again")
        chaos.wait_for_state(broadcast, "finished")
        judged = chaos.judge(result, broadcast)
    insist(lives, "the probe of life did not answer")
    insist(not ready, "nobody was told that the database takes no connection")
    wrong = {status for _place, status in during.failures()} - {503}
    insist(not wrong, f"answers {wrong} while there were no connections")
    return Found(
        "PostgreSQL out of connections",
        f"{refused} idle connections more, until it refused, for 10 s of a broadcast and of 6 people clicking",
        f"{in_words(during)}; `/health/ready` 503, `/health/live` 200; {sent(judged)}",
    )


def full_disk(chaos: Chaos, web: Gunicorn, disk: Path) -> Found:
    """Fill the file system on which PostgreSQL keeps everything, write-ahead log included."""
    [session], person = sign_in(1), chaos.people(1)[0]
    ballast = disk / "ballast"
    with chaos.scenario("disk full") as result:
        broadcast = chaos.start(chaos.scale)
        chaos.wait_for_calls(chaos.scale // 4)
        try:
            fill(ballast)
            grown = _grow(chaos.system)
            with clicking(web) as clicks:
                until, writes = time.monotonic() + 10, []
                while time.monotonic() < until:
                    writes.append(write_note(web, session, person, "x" * 1_000))
                    time.sleep(0.3)
                lives = web.lives()
        finally:
            ballast.unlink(missing_ok=True)
        stood = chaos.system.postgres.process.poll() is None
        if not stood:
            chaos.system.lost_in_kills += 256 * len(chaos.system.workers)
            chaos.system.postgres = chaos.system._postgres()
            chaos.system.postgres.start()
        wait_until(lambda: write_note(web, session, person, "again") < 400, "notes are written again")
        wait_until(web.is_ready, "ready again")
        chaos.wait_for_state(broadcast, "finished")
        judged = chaos.judge(result, broadcast)
    insist(lives, "the probe of life did not answer")
    wrong = {status for _place, status in clicks.failures()} - {503}
    insist(not wrong, f"answers {wrong} on a full disk")
    wrote = {status for status in writes if status >= 400} - {503}
    insist(not wrote, f"a change was answered with {wrote}")
    server = "PostgreSQL stayed up" if stood else "PostgreSQL ended (its log found no room) and was started again"
    return Found(
        "disk of PostgreSQL full",
        f"a file system of its own (tmpfs), filled in the middle of a broadcast; {grown}",
        f"{in_words(clicks)}; of {len(writes)} changes {writes.count(503)} × 503; {server}; after there was room:"
        f" {sent(judged)}",
    )


def _grow(system: System) -> str:
    """Use up what the tables themselves have left, as the bot would."""
    try:
        with psycopg.connect(system.postgres.url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO events (user_id, event_type, details)"
                " SELECT 5, 'start_command', jsonb_build_object('a', repeat(md5(n::text), 50))"
                " FROM generate_series(1, 200000) AS n"
            )
    except psycopg.Error as error:
        return f"the bot's INSERT: {type(error).__name__}"
    raise Broken("the disk was not full")


def out_of_memory(chaos: Chaos, web: Gunicorn) -> Found:
    """Give a worker that sends no more memory, then end it as the kernel does: SIGKILL for the largest process."""
    system = chaos.system
    with chaos.scenario("out of memory") as result:
        broadcast = chaos.start(chaos.scale)
        chaos.wait_for_calls(chaos.scale // 4)
        pids = [child.pid for child in psutil.Process(system.workers[0].pid).children(recursive=True)]
        for pid in pids:
            process = psutil.Process(pid)
            process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms, psutil.RLIM_INFINITY))
        chaos.wait_for_calls(chaos.scale // 2)
        system.kill_worker(0, only_child=True)
        chaos.wait_for_state(broadcast, "finished")
        judged = chaos.judge(result, broadcast)
    insist(web.lives(), "the web went with it")
    return Found(
        "a worker out of memory",
        "no further memory for the process that sends (RLIMIT_AS), then SIGKILL, which is what the kernel does;"
        " in the middle of a broadcast",
        f"at most {judged.lost_at_most} were under way; {sent(judged)}",
    )


def killed_web(chaos: Chaos, web: Gunicorn) -> Found:
    """SIGKILL a web process that holds an open change and pages; the rest of them go on."""
    [session], person = sign_in(1), chaos.people(1)[0]
    answers: list[int] = []

    def post() -> None:
        answers.append(write_note(web, session, person, "killed in the middle"))

    with clicking(web) as clicks:
        time.sleep(2)
        with psycopg.connect(chaos.system.postgres.url) as lock:
            lock.execute("LOCK TABLE users_note IN ACCESS EXCLUSIVE MODE")
            thread = threading.Thread(target=post, daemon=True)
            thread.start()
            wait_until(lambda: waiting_for_a_lock(chaos.system), "the change waits for the lock")
            killed, before = web.workers(), list(clicks.answers)
            owner = _who_waits(chaos.system, killed)
            os.kill(owner, signal.SIGKILL)
            thread.join(20)
        time.sleep(6)
        wait_until(lambda: len(set(web.workers()) - {owner}) == 2, "a new process serves")
        broke_off = [status for _place, status, _took in clicks.answers[len(before) :]].count(BROKE_OFF)
        after = len(clicks.answers)
        time.sleep(3)
    wrong = [status for _place, status in clicks.failures() if status != BROKE_OFF]
    insist(not wrong, f"answers {set(wrong)}")
    insist(not Clicks(clicks.answers[after:]).failures(), "pages failed after the new process was there")
    insist(answers == [BROKE_OFF], f"the killed change was answered with {answers}")
    # PostgreSQL may have had the whole statement already: then the change is made, and nobody has heard of it.
    notes = Note.objects.filter(telegram_user_id=person).count()
    lines = AuditEntry.objects.filter(telegram_user_id=person, what="users_note.insert").count()
    insist(notes <= 1 and lines == notes, f"{notes} notes with {lines} lines of the audit: half of a change")
    insist(write_note(web, session, person, "again") < 400, "the next change could not be made")
    return Found(
        "`kill -9` of a web process in mid-request",
        "a change that waits for a lock, 6 people clicking; the process that holds the change is killed",
        f"the change is {'made whole, with its line of the audit' if notes else 'not made at all'}; {broke_off}"
        f" requests of that process broke off, no other answer was an error; gunicorn has a new process",
    )


WAITS = "SELECT client_port FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%users_note%%'"


def waiting_for_a_lock(system: System) -> bool:
    return system.ask(WAITS) is not None


def _who_waits(system: System, pids: list[int]) -> int:
    """The web process whose connection waits: by the port that PostgreSQL sees."""
    port = system.ask(WAITS)
    for pid in pids:
        if any(end.laddr and end.laddr.port == port for end in psutil.Process(pid).net_connections("tcp")):
            return pid
    raise Broken("nobody's connection waits")


def sent(result: Result) -> str:
    states = result.states
    return (
        f"{result.recipients} people: {states.get('sent', 0)} sent, {states.get('uncertain', 0)} uncertain,"
        f" {result.duplicates} twice"
    )


def wait_until(done: Callable[[], bool], what: str, *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise Broken(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)


def fill_school(system: System, *, people: int) -> None:
    """The demo school: pages that have something to show."""
    command = [sys.executable, "manage.py", "seed_demo", f"--people={people}", "--verbosity=0"]
    owner = {"DATABASE_URL": system.postgres.url, "OWNER_DATABASE_URL": "", "DEBUG": "true"}
    subprocess.run(command, cwd=ROOT, env={**system.environment, **owner}, check=True, capture_output=True)
