"""Every benchmark: ``make bench``; ``ARGS=`` and one of PARTS for that one alone."""

import subprocess
import sys

PARTS = {"sending", "pages", "audiences", "people", "numbers", "writes"}
part = sys.argv.pop(1) if sys.argv[1:2] and sys.argv[1] in PARTS else ""
missed = 0
if part in {"", "sending"}:
    # A process of its own, since it has servers and settings of its own.
    options = sys.argv[1:] if part else []
    missed = subprocess.run([sys.executable, "-m", "benchmarks.sending", *options], check=False).returncode
if part != "sending":
    from benchmarks import audiences, exports, numbers, pages, people, writes

    if part in {"", "pages"}:
        pages.main()
    if part in {"", "audiences"}:
        audiences.main()
    if part in {"", "people"}:
        people.main()
        exports.main()
    if part in {"", "numbers"}:
        numbers.main()
    if part in {"", "writes"}:
        writes.main()
sys.exit(missed)
