"""What the logs say, and what they never say: tokens, and what people are called, type and write."""

import logging
import re
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import psycopg
from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

# Tokens of the API and addresses of feeds: whoever reads a log must not be able to use them.
# Links to a new password too, and the token of the bot.
SECRET = re.compile(
    r"hsl_(?!dashboard\b)[A-Za-z0-9_-]{6,}|(?<=/password/reset/key/)[^/\s\"]+|(?<=\bbot)\d{5,12}:[A-Za-z0-9_-]{30,}"
)
REDACTED = "hsl_…"
MARKS = ("hsl_", "/reset/key/", "/bot")
# What stands behind ? in an address is what somebody searched for.
QUERY = re.compile(r"(?<=[\w/])\?[^\s\"'>]+")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|«[^»\n]*»")

# Which request or task is at work; a task says also which request has asked for it.
request_id: ContextVar[str] = ContextVar("request_id", default="")
task_id: ContextVar[str] = ContextVar("task_id", default="")

# From proxies and scripts: letters that can stand in a log and in a header.
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Of what a line carries besides its words; Django adds the request itself, with all that was typed into it.
CARRIED = ("status_code", "booking", "by", "changed_at", "changed_in")


def without_traceback(record: logging.LogRecord) -> bool:
    """Filter: a refusal (4xx) is one line, since nothing broke; a traceback of each would bury those of errors."""
    if 400 <= getattr(record, "status_code", 500) < 500:
        record.exc_info = record.exc_text = None
    return True


def without_secrets(record: logging.LogRecord) -> bool:
    """Filter: put dots in place of every token, in the message, its arguments and the traceback."""
    message = record.getMessage()
    if any(mark in message for mark in MARKS):
        record.msg, record.args = SECRET.sub(REDACTED, message), None
    if record.exc_info and record.exc_info[0]:
        # An error that another one caused is written too.
        lines = "".join(traceback.format_exception(*record.exc_info))
        if SECRET.search(lines):
            record.exc_info, record.exc_text = None, SECRET.sub(REDACTED, lines).rstrip()
    return True


def hide_people(text: str) -> str:
    """Put dots in place of tokens, e-mails and what was searched for."""
    return EMAIL.sub("…@…", QUERY.sub("?…", SECRET.sub(REDACTED, text)))


class JsonLines(JsonFormatter):
    """A line of JSON for each record: when, how bad, who says it, what, and for which request or task."""

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def add_fields(self, log_data: LogData, record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["at"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data |= self.words(record)
        log_data |= {name: value for name in CARRIED if (value := getattr(record, name, None)) is not None}
        named = {"request_id": request_id.get(), "task_id": task_id.get(), "traceback": message_dict.get("exc_info")}
        log_data |= {name: value for name, value in named.items() if value}

    def words(self, record: logging.LogRecord) -> dict[str, Any]:
        """What the line says."""
        if record.exc_info and isinstance(record.args, Mapping) and "exc" in record.args:
            # Celery's words about a task that failed quote the error; its traceback tells it without data.
            record.message = str(record.msg) % {
                **record.args,
                "exc": type(record.exc_info[1]).__name__,
                "traceback": "",
            }
        return {"message": hide_people(record.message)}

    def formatException(self, ei: Any) -> str:
        return hide_people(_told(ei[1]))


class AccessLines(JsonLines):
    """The access log of gunicorn: the path without its query, and no referrer."""

    ATOMS = (("address", "h"), ("method", "m"), ("path", "U"), ("status", "s"), ("bytes", "b"), ("ms", "M"))

    def words(self, record: logging.LogRecord) -> dict[str, Any]:
        atoms: Any = record.args if isinstance(record.args, Mapping) else {}
        line = {name: hide_people(str(atoms[atom])) for name, atom in self.ATOMS if atom in atoms}
        named = atoms["{x-request-id}o"] if atoms else "-"
        return {**line, "agent": hide_people(str(atoms["a"])) if atoms else "-"} | (
            {"request_id": named} if named != "-" else {}
        )


def _told(error: BaseException | None) -> str:
    """An error and those behind it: where, and of which kind; what it quotes may be a name or a text."""
    parts: list[str] = []
    while error is not None:
        where = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{where}{type(error).__module__}.{type(error).__qualname__}: {_words_of(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(reversed(parts))


def _words_of(error: BaseException) -> str:
    server = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(server, psycopg.Error) and server.diag.sqlstate:
        # PostgreSQL's own words quote the row.
        named = (server.diag.table_name, server.diag.column_name, server.diag.constraint_name)
        return " ".join(filter(None, (server.diag.sqlstate, *named)))
    return QUOTED.sub("'…'", str(error))
