"""`python -m tests.chaos [--long]`: break the system in every way that we know, and print what came of it."""

import argparse
import contextlib
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.chaos.disks import small_disk
from tests.chaos.system import RATE, ROOT, System, running_system

if TYPE_CHECKING:
    from tests.chaos.scenarios import Chaos

# Sending alone; what goes wrong around the pages; many people at once; an hour of all that.
PARTS = ("sending", "faults", "crowd", "soak")
MINUTES = {"crowd": 10.0, "soak": 60.0}
PEOPLE = 1_000  # of the school that the pages show


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--long", action="store_true", help="every part, 10,000 recipients and 20 kills: two hours")
    parser.add_argument("--only", choices=PARTS, help="one part; without it sending, with --long all of them")
    parser.add_argument("--fault", default="", help="of the faults only these: connections,clock")
    parser.add_argument("--minutes", type=float, help="of the crowd (10) or the soak (60)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random moments")
    parser.add_argument("--scenario", default="", help="of sending only those with this in their names: postgres, stop")
    options = parser.parse_args()
    if options.long and not options.only:  # Django is set up once in a process, for one system
        command = [sys.executable, "-m", "tests.chaos", "--long", "--seed", str(options.seed)]
        command += ["--minutes", str(options.minutes)] if options.minutes else []
        done = [subprocess.run([*command, "--only", part], cwd=ROOT, check=False).returncode for part in PARTS]
        return max(done)
    print(f"seed {options.seed}", flush=True)
    return run(options)


def run(options: argparse.Namespace) -> int:
    """Run one part on a system of its own, and print its table; 1 where a promise was not kept."""
    is_sending = options.only in (None, "sending")
    rate = (RATE if options.long else 2 * RATE) if is_sending else {"faults": 60}.get(options.only, 25)
    with contextlib.ExitStack() as stack:
        disk = stack.enter_context(small_disk()) if options.only == "faults" else None
        processes = {} if is_sending else {"workers": 1, "beats": 1}
        system = stack.enter_context(running_system(rate=rate, disk=disk, **processes))
        try:
            for row in sending(system, options) if is_sending else around_pages(system, options):
                print(row, flush=True)
        except AssertionError:
            for log in sorted((system.folder / "log").glob("*.log")):
                print(f"--- {log.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
            traceback.print_exc()
            return 1
        finally:
            close()
    return 0


def sending(system: System, options: argparse.Namespace) -> Iterator[str]:
    chaos = chaos_of(system, seed=options.seed, scale=5_000 if options.long else 240)
    from tests.chaos.scenarios import HEAD, all_scenarios

    yield HEAD
    yield from (result.row() for result in all_scenarios(chaos, only=options.scenario))


def around_pages(system: System, options: argparse.Namespace) -> Iterator[str]:
    chaos = chaos_of(system, seed=options.seed, scale=600)
    from tests.chaos import around, crowd, faults
    from tests.chaos.pages import running_web

    faults.fill_school(system, people=PEOPLE)
    minutes = options.minutes or MINUTES.get(options.only, 0)
    with running_web(system) as web:
        faults.warm_up(web)
        yield faults.HEAD
        match options.only:
            case "faults":
                yield from (found.row() for found in around.all_faults(chaos, web, system.disk, only=options.fault))
            case "crowd":
                yield crowd.crowd(chaos, web, minutes=minutes).row()
            case "soak":
                yield crowd.soak(chaos, web, minutes=minutes).row()


def chaos_of(system: System, *, seed: int, scale: int) -> "Chaos":
    """Become a process of this system, as Django sees it."""
    os.environ.update(system.environment)
    import django

    django.setup()
    from tests.chaos.scenarios import Chaos

    return Chaos(system, seed=seed, scale=scale)


def close() -> None:
    from django.db import connections

    connections.close_all()


if __name__ == "__main__":
    sys.exit(main())
