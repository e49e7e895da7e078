"""A bot that goes on working in a thread, and takes no wait for a lock of more than 2 s."""

import threading
import time
from types import TracebackType
from typing import Self

from tests import bot
from tests.adoption.databases import Database

FIRST_PERSON = 9_200_000_000
PEOPLE_A_ROUND = 10  # tests.bot.everything() names nine


class BusyBot:
    """Works from ``with`` to its end; afterwards ``errors`` tells how it went."""

    def __init__(self, database: Database, *, first_person: int = FIRST_PERSON) -> None:
        self.database = database
        self.first_person = first_person
        self.rounds = 0
        self.errors: list[Exception] = []
        self._stop = threading.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=30)

    def _work(self) -> None:
        # PostgreSQL times the wait for a lock itself: a machine that is busy with other things is no failure of ours.
        with self.database.connected(application_name="bot", options="-c lock_timeout=2s") as connection:
            while not self._stop.is_set():
                person = self.first_person + self.rounds * PEOPLE_A_ROUND
                for action in bot.everything(connection, person):
                    try:
                        action()
                    except Exception as error:  # noqa: BLE001 - whatever the bot meets is a failure of ours
                        self.errors.append(error)
                    time.sleep(0.002)
                self.rounds += 1
                self._started.set()
