"""How large the samples of the tests are: small in ``make check``, large in ``make check-long``."""

import os
from zlib import crc32

LONG = os.environ.get("LONG") == "1"


def sample(small: int, large: int) -> int:
    """The size of a sample: ``large`` where the run may take its time."""
    return large if LONG else small


def is_sampled(*what: object, one_in: int) -> bool:
    """Whether this case is in the sample, the same ones in every run; all of them where the run may take its time."""
    return LONG or crc32("".join(map(str, what)).encode()) % one_in == 0
