"""Clocks of running processes that step, while those of PostgreSQL, Redis and the web go right."""

import ctypes
import mmap
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hsl_dashboard.availability import heartbeats
from tests.chaos.faults import Found, sent, wait_until
from tests.chaos.pages import Gunicorn
from tests.chaos.scenarios import Chaos
from tests.chaos.system import System, kill

STEPS = (1, -1, 0)  # hours from the right time, one after the other


def clock_steps(chaos: Chaos, web: Gunicorn) -> Found:
    """Step the clocks of the worker and of beat an hour ahead and then an hour back, in the middle of a broadcast."""
    with _shifted(chaos.system) as step:
        wait_until(web.is_ready, "ready before the clocks step")
        with chaos.scenario("clock steps") as result:
            broadcast = chaos.start(chaos.scale)
            ticks = []
            for part, hours in enumerate(STEPS, start=1):
                chaos.wait_for_calls(chaos.scale * part // 4)
                ticks.append(_until_a_tick(step, hours))
                if hours:
                    wait_until(lambda: not web.is_ready(), f"somebody is told of a clock that is {hours} h wrong")
            chaos.wait_for_state(broadcast, "finished")
            judged = chaos.judge(result, broadcast)
        wait_until(web.is_ready, "ready once the clocks agree")
    return Found(
        "a clock steps",
        "worker and beat an hour ahead, then an hour back, then right again (a library before the C library's clock),"
        " in the middle of a broadcast",
        f"ticks went on after {', '.join(f'{seconds:.0f} s' for seconds in ticks)}; `/health/ready` was 503 while a"
        f" clock was wrong; {sent(judged)}",
    )


def _until_a_tick(step: Callable[[int], None], hours: int) -> float:
    """Step, and give the seconds until beat has queued something since, by Redis' clock."""
    _signs, before = heartbeats.read()
    step(hours * 3600)

    def ticked() -> bool:
        signs, _clock = heartbeats.read()
        return any(sign.at > before + 0.5 for key, sign in signs.items() if key.split(" ")[0] == heartbeats.BEAT)

    began = time.monotonic()
    wait_until(ticked, f"a tick after the clocks were set to {hours} h", seconds=60)
    return time.monotonic() - began


@contextmanager
def _shifted(system: System) -> Iterator[Callable[[int], None]]:
    """Start the worker and beat anew with clocks that can be stepped; afterwards as they were."""
    library, shift = system.folder / "clock.so", system.folder / "shift"
    shift.write_bytes(struct.pack("q", 0))
    source = Path(__file__).with_name("skewed_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True)
    before = dict(system.environment)
    system.environment |= {"LD_PRELOAD": str(library), "CLOCK_SHIFT": str(shift)}
    try:
        _start_anew(system)
        with shift.open("r+b") as file, mmap.mmap(file.fileno(), ctypes.sizeof(ctypes.c_int64)) as place:

            def step(seconds: int) -> None:
                place[:8] = struct.pack("q", seconds)

            yield step
    finally:
        system.environment = before
        _start_anew(system)


def _start_anew(system: System) -> None:
    for process in [*system.workers, *system.beats]:
        kill(process)
    system.workers.clear()
    system.beats.clear()
    system.start_worker()
    system.start_beat()
