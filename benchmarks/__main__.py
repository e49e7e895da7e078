"""Every benchmark: ``make bench``; ``ARGS=sending``, ``ARGS=writes`` or ``ARGS="pages --people 20000"`` for one."""

import subprocess
import sys

part = sys.argv.pop(1) if sys.argv[1:2] and sys.argv[1] in {"sending", "pages", "writes"} else ""
missed = 0
if part in {"", "sending"}:
    # A process of its own, since it has servers and settings of its own.
    options = sys.argv[1:] if part else []
    missed = subprocess.run([sys.executable, "-m", "benchmarks.sending", *options], check=False).returncode
if part != "sending":
    from benchmarks import exports, people, writes

    if part != "writes":
        people.main()
        exports.main()
    writes.main()
sys.exit(missed)
