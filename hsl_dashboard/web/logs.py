"""What the log says about requests that were refused, and what it never says."""

import re
import traceback
from logging import LogRecord

# Tokens of the API and addresses of feeds: whoever reads a log must not be able to use them.
# Links to a new password too.
SECRET = re.compile(r"hsl_(?!dashboard\b)[A-Za-z0-9_-]{6,}|(?<=/password/reset/key/)[^/\s\"]+")
REDACTED = "hsl_…"
MARKS = ("hsl_", "/reset/key/")


def without_traceback(record: LogRecord) -> bool:
    """Filter: a refusal (4xx) is one line, since nothing broke; a traceback of each would bury those of errors."""
    if 400 <= getattr(record, "status_code", 500) < 500:
        record.exc_info = record.exc_text = None
    return True


def without_secrets(record: LogRecord) -> bool:
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
