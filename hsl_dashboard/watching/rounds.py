"""A thread of each gunicorn process and of beat that looks around: it works when workers and database do not."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime

from django.db import connection
from django.utils import timezone

logger = logging.getLogger(__name__)

EVERY = 15.0  # seconds

_rounds: list[Callable[[datetime], None]] = []


def register_round(work: Callable[[datetime], None]) -> None:
    """Have each process that watches call this every EVERY seconds."""
    _rounds.append(work)


def start_rounds() -> None:
    """Begin, in the background; the first round comes after EVERY seconds."""
    threading.Thread(target=_go_round, name="rounds", daemon=True).start()


def _go_round() -> None:
    while True:
        time.sleep(EVERY)
        for work in _rounds:
            try:
                work(timezone.now())
            except Exception:  # the outermost loop: the next round comes, whatever breaks
                logger.exception("A round broke off")
            finally:
                connection.close()
