"""`python -m tests.chaos [--long]`: break the sending system in every way that we know, and print what came of it."""

import argparse
import os
import sys
import time
import traceback

from tests.chaos.system import RATE, running_system


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.chaos", description=__doc__)
    parser.add_argument("--long", action="store_true", help="10,000 recipients and 20 kills instead of a minute")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random moments")
    parser.add_argument("--only", default="", help="scenarios with this in their names: postgres, stop")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with running_system(rate=RATE if options.long else 2 * RATE) as system:
        os.environ.update(system.environment)
        import django

        django.setup()
        from django.db import connections

        from tests.chaos.scenarios import HEAD, Broken, Chaos, all_scenarios

        chaos = Chaos(system, seed=options.seed, scale=5_000 if options.long else 240)
        print(HEAD, flush=True)
        try:
            for result in all_scenarios(chaos, only=options.only):
                print(result.row(), flush=True)
        except Broken:
            for log in sorted((system.folder / "log").glob("worker-*.log")):
                print(f"--- {log.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
            traceback.print_exc()
            return 1
        finally:
            connections.close_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
