"""What the log says about requests that were refused."""

from logging import LogRecord


def without_traceback(record: LogRecord) -> bool:
    """Filter: a refusal (4xx) is one line, since nothing broke; a traceback of each would bury those of errors."""
    if 400 <= getattr(record, "status_code", 500) < 500:
        record.exc_info = record.exc_text = None
    return True
