"""The few writes that come with reading, all of them; where the database takes none, the page goes on without.

That is so with a role that may only read, after a failover, with a full disk. What was not noted is counted, and said
once.
"""

import logging
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from django.db import DatabaseError, transaction

from hsl_dashboard.availability.outages import BUSY, READ_ONLY, outage_of

logger = logging.getLogger(__name__)

T = TypeVar("T")


class SideWrite(StrEnum):
    """What is written although somebody only reads."""

    SESSION_SEEN = "when a session was last seen"
    SESSION_ENDED = "that a session is over"
    FACTOR_DUE = "from when a second factor is required"
    LIST_TAKEN = "who took a list"
    EMAILS_SHOWN = "who looked at e-mails"
    OWN_EMAIL = "the e-mail that an administrator typed"
    PEOPLE_COUNTED = "what the bot wrote about people"
    LESSONS_COUNTED = "how far registrations led"
    MONEY_COUNTED = "the money of days that have changed"
    PAYMENTS_LOOKED_AT = "which payments wait"
    TEXTS_FOLDED = "what students wrote"
    CONVERSATION_OPENED = "who reads a conversation"
    REFUSED = "which page was refused to whom"
    TOKEN_USED = "when a token was last used"


# How often each could not be made, since this process began.
skipped: Counter[SideWrite] = Counter()
_said: set[SideWrite] = set()


def write_beside(what: SideWrite, write: Callable[[], T], *, about: str = "") -> T | None:
    """Write, or go on without where the database takes no writes; None says so.

    ``about`` names who did what: then the log is the only record of it, and has a line for each.
    """
    try:
        with transaction.atomic():
            written = write()
    except DatabaseError as error:
        if outage_of(error) not in {READ_ONLY, BUSY}:
            raise
        skipped[what] += 1
        if about or what not in _said:
            logger.warning("Not noted, since the database takes no writes: %s %s", what, about)
        _said.add(what)
        return None
    _said.discard(what)
    return written
