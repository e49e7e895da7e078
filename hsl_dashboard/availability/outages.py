"""What is answered when the database is away, busy, slow or read-only: a page that needs none, and when to retry."""

import logging
import sys
import time
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy
from django.views.defaults import server_error as plain_server_error
from psycopg import errors

logger = logging.getLogger(__name__)

RETRY_AFTER = 5  # seconds
# Where something is locked, the threads of this process would all stand in the pages that need it.
BUSY_FOR = 10.0  # seconds after such a page
_busy_until = 0.0  # time.monotonic()


@dataclass(frozen=True)
class Outage:
    """Why a page cannot be had now, in words. ``status``: 503 passes by itself, 504 does not."""

    name: str
    heading: Any
    why: Any
    status: int = 503


BUSY = Outage(
    "busy",
    gettext_lazy("This data is busy right now"),
    gettext_lazy("Somebody is working on it, and it is locked. Nothing was changed. Try again in a few seconds."),
)
AWAY = Outage(
    "away",
    gettext_lazy("The database does not answer"),
    gettext_lazy("Nothing was lost. Try again in a minute; if it lasts, tell an administrator."),
)
READ_ONLY = Outage(
    "read-only",
    gettext_lazy("The data can only be read now"),
    gettext_lazy("Nothing was changed: the database takes no changes now. Pages can be read; try again later."),
)
SLOW = Outage(
    "slow",
    gettext_lazy("This took too long"),
    gettext_lazy("There is too much to count at once, so it was stopped. Choose fewer days or a narrower filter."),
    status=504,
)

_READ_ONLY = (errors.ReadOnlySqlTransaction, errors.DiskFull, errors.InsufficientPrivilege)
_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)


def outage_of(error: BaseException | None) -> Outage | None:
    """Tell an outage from a fault of ours."""
    if not isinstance(error, DatabaseError | InterfaceError | psycopg.Error):
        return None
    cause = error.__cause__ or error
    if isinstance(cause, _READ_ONLY):
        return READ_ONLY
    if isinstance(cause, _BUSY):
        return BUSY
    if isinstance(cause, errors.QueryCanceled):
        return SLOW
    lost = OperationalError, InterfaceError, psycopg.OperationalError, errors.IdleInTransactionSessionTimeout
    return AWAY if isinstance(error, lost) or isinstance(cause, lost) else None


def was_busy_lately() -> bool:
    """Whether a page of this process has just waited for a lock in vain: the next ones need not wait as long."""
    return time.monotonic() < _busy_until


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: every error of a page or a middleware that nobody caught comes here."""
    error = sys.exc_info()[1]
    outage = outage_of(error)
    if outage is None:
        return plain_server_error(request)
    logger.warning("%s: %s (%s)", request.path, outage.name, str(error).strip())
    if outage is BUSY:
        global _busy_until
        _busy_until = time.monotonic() + BUSY_FOR
    response = HttpResponse(render_to_string("503.html", {"outage": outage}), status=outage.status)
    response["Cache-Control"] = "no-store"
    if outage.status == 503:
        response["Retry-After"] = str(RETRY_AFTER)
    response._has_been_logged = True  # type: ignore[attr-defined]  # one line, not a traceback for each request
    return response
