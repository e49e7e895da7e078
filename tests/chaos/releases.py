"""Another version under load: its migration under the old code, its web beside the old one, its worker."""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.faults import PLACES, Found, in_words, insist, sent, sign_in, wait_until, write_note
from tests.chaos.pages import BROKE_OFF, Clicks, Gunicorn, Staff, running_web
from tests.chaos.scenarios import Chaos, Result
from tests.chaos.system import ROOT

RELEASE, COLUMN = "hsl-next-release", "of_next_release"
MIGRATION = f"""
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("users", "{{last}}")]
    operations = [
        migrations.RunSQL("ALTER TABLE users_note ADD COLUMN {COLUMN} text NOT NULL DEFAULT 'no'"),
    ]
"""


def next_release(folder: Path) -> Path:
    """Write a version of the code that differs: a column more in a table that both write, and a mark on each page."""
    unwanted = shutil.ignore_patterns(".git", ".venv", ".local", "__pycache__", ".*_cache", "media", "staticfiles")
    code = Path(shutil.copytree(ROOT, folder / "code", ignore=unwanted))
    migrations = code / "users" / "migrations"
    last = max(path.stem for path in migrations.glob("0*.py"))
    (migrations / "9999_next_release.py").write_text(MIGRATION.format(last=last))
    base = code / "templates" / "base.html"
    base.write_text(base.read_text().replace("</head>", f'<meta name="{RELEASE}" content="yes"></head>', 1))
    insist(RELEASE in base.read_text(), "the pages have no head")
    return code


class Deploy:
    """The steps of one deploy, and what was written meanwhile."""

    def __init__(self, chaos: Chaos, web: Gunicorn) -> None:
        self.chaos, self.system, self.web = chaos, chaos.system, web
        self.people, self.noted = chaos.people(40), 0
        [self.session] = sign_in(1)
        self.before = 0  # answers to clicks until the new web was there

    def write(self, count: int, when: str) -> None:
        statuses = [write_note(self.web, self.session, self.people.pop(), "a note") for _ in range(count)]
        insist(max(statuses) < 400 and BROKE_OFF not in statuses, f"{when}: changes were answered with {statuses}")
        self.noted += count

    def is_new(self) -> bool:
        return RELEASE in self.web.read("/", session=self.session)[1]

    def migrate(self, code: Path) -> None:
        self.write(4, "before")
        self.system.code = code
        self.system.migrate()
        self.write(8, "by the old code in the new tables")
        insist(not self.is_new(), "the old web is the new one")

    def turn_over(self, new: Gunicorn, clicks: Clicks) -> None:
        old, self.web, self.before = self.web, new, len(clicks.answers)
        old.process.terminate()
        old.process.wait(40)
        insist(self.is_new(), "the new web is the old one")
        self.write(8, "by the new code")

    def renew_processes(self) -> None:
        self.system.terminate_worker(0)  # and one of the new code
        old = set(self.web.workers())
        os.kill(self.web.process.pid, signal.SIGHUP)
        wait_until(lambda: len(now := set(self.web.workers())) == 2 and not now & old, "new processes serve")
        self.write(4, "by new processes")

    def found(self, clicks: Clicks, judged: Result) -> Found:
        insist(not clicks.failures(), f"lost: {clicks.failures()[:5]} of {len(clicks.answers)}")
        insist(judged.states.get("uncertain", 0) == 0, "a worker lost what it had under way")
        kept = self.system.ask(f"SELECT count(*) FROM users_note WHERE {COLUMN} = 'no'")
        insist(kept >= self.noted, f"of {self.noted} notes {kept} are there")
        return Found(
            "deploy under load",
            "another version in a folder of its own, with a migration more and other pages: migrated under the old"
            " code, its web started beside the old one, the clicks turned over when `/health/ready` said so, the old"
            " one ended with SIGTERM; then HUP; a worker ended with SIGTERM and one of the new code started; 8 people"
            " clicking, notes written all the time, a broadcast",
            f"{self.before} answers before, {len(clicks.answers)} in all, none lost ({in_words(clicks)}); {self.noted}"
            f" notes written and there, 12 of them by the old code; {sent(judged)}",
        )


def deploy(chaos: Chaos, web: Gunicorn) -> Found:
    """Bring another version under clicks and changes, and lose nothing."""
    act = Deploy(chaos, web)
    with chaos.scenario("deploy") as result, contextlib.ExitStack() as webs:
        code = next_release(Path(webs.enter_context(TemporaryDirectory(prefix="hsl-release-"))))
        broadcast = chaos.start(chaos.scale)
        chaos.wait_for_calls(chaos.scale // 4)
        with Staff(sign_in(8), PLACES, think=0.2, web=lambda: act.web) as clicks:
            time.sleep(2)
            act.migrate(code)
            act.turn_over(webs.enter_context(running_web(chaos.system, name="new-web", code=code)), clicks)
            act.renew_processes()
            chaos.wait_for_state(broadcast, "finished")
        judged = chaos.judge(result, broadcast)  # nobody clicks any more, and each click has had its answer
    return act.found(clicks, judged)
