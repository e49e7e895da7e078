"""Every benchmark: ``make bench``; ``ARGS=sending``, or another of PARTS, for one of them."""

import subprocess
import sys

PARTS = {"sending", "pages", "people", "numbers", "writes", "undoing"}

part = sys.argv.pop(1) if sys.argv[1:2] and sys.argv[1] in PARTS else ""
missed = 0
if part in {"", "sending"}:
    # A process of its own, since it has servers and settings of its own.
    options = sys.argv[1:] if part else []
    missed = subprocess.run([sys.executable, "-m", "benchmarks.sending", *options], check=False).returncode
if part != "sending":
    from benchmarks import exports, numbers, pages, people, undoing, writes

    if part in {"", "pages"}:
        pages.main()
    if part in {"", "people"}:
        people.main()
        exports.main()
    if part in {"", "numbers"}:
        numbers.main()
    if part in {"", "writes"}:
        writes.main()
    if part in {"", "undoing"}:
        missed += undoing.main()
sys.exit(missed)
