"""How large the samples of the tests are: small in ``make check``, large in ``make check-long``."""

import os

LONG = os.environ.get("LONG") == "1"


def sample(small: int, large: int) -> int:
    """The size of a sample: ``large`` where the run may take its time."""
    return large if LONG else small
