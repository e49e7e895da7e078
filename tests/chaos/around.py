"""Every fault around the pages, one after the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.chaos.clocks import clock_steps
from tests.chaos.faults import Found, full_disk, killed_web, out_of_connections, out_of_memory
from tests.chaos.pages import Gunicorn
from tests.chaos.releases import deploy
from tests.chaos.scenarios import Broken, Chaos

NO_DISK = Found("disk of PostgreSQL full", "not tried: this account may not mount a file system", "")


def all_faults(chaos: Chaos, web: Gunicorn, disk: Path | None, *, only: str = "") -> Iterator[Found]:
    """Each fault, or those that are named, with commas between."""
    faults: dict[str, Callable[[], Found]] = {
        "connections": lambda: out_of_connections(chaos, web),
        "clock": lambda: clock_steps(chaos, web),
        "memory": lambda: out_of_memory(chaos, web),
        "killed_web": lambda: killed_web(chaos, web),
        "disk": lambda: full_disk(chaos, web, disk) if disk else NO_DISK,
        "deploy": lambda: deploy(chaos, web),  # the last one: it ends this web
    }
    broke: list[str] = []
    for name, fault in faults.items():
        if not only or name in only.split(","):
            try:
                yield fault()
            except Broken as broken:
                broke.append(f"{name}: {broken}")
    if broke:
        raise Broken("; ".join(broke))
