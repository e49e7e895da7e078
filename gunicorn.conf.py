"""How gunicorn logs and answers probes, wherever it is started from this folder: the image, the demo."""

import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pythonjsonlogger.json import JsonFormatter

accesslog = "-"
# The path without its query, and no referrer: what staff search for are names of people.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)sms "%(a)s" %({x-request-id}o)s'

# Folders where the processes count requests together (hsl_dashboard/watching/). HUP reads this file anew: ours is known
# by its name, which has the number of this process.
METRICS = "hsl-metrics-"


def on_starting(server: Any) -> None:
    """Keep tokens out of the access log too: a path may hold one. Give the processes one place to count in."""
    server.log.access_log.addFilter(_on_one_line_without_secrets)
    if _logs_json():
        fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
        names = {"asctime": "at", "levelname": "level", "name": "logger"}
        formatter = JsonFormatter(fields, datefmt="%Y-%m-%dT%H:%M:%S%z", rename_fields=names)
        _write_as(server.log.error_log, formatter)
    given = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if not given or Path(given).name.startswith(METRICS):  # of the gunicorn that started this one (USR2)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=f"{METRICS}{os.getpid()}-")


def _logs_json() -> bool:
    """What settings.LOG_FORMAT will be: gunicorn's own process loads no settings."""
    variables = {**dotenv_values(".env", interpolate=False), **os.environ}
    in_development = (variables.get("DEBUG") or "").strip().lower() in {"true", "1", "yes", "on"}
    return (variables.get("LOG_FORMAT") or ("line" if in_development else "json")) == "json"


def _write_as(logger: logging.Logger, formatter: logging.Formatter) -> None:
    for handler in logger.handlers:
        handler.setFormatter(formatter)


def post_fork(server: Any, worker: Any) -> None:
    """Until the dashboard is loaded, write for eyes: what stops the start is a sentence for a person."""
    _write_as(server.log.error_log, logging.Formatter(server.log.error_fmt, server.log.datefmt))


def child_exit(server: Any, worker: Any) -> None:
    """Forget what a process that has ended held open; what it counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the folder of counts, if it is ours."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if Path(folder).name.startswith(f"{METRICS}{os.getpid()}-"):
        shutil.rmtree(folder, ignore_errors=True)


def _on_one_line_without_secrets(record: Any) -> bool:
    # Here, not above: gunicorn's own process loads nothing of the dashboard before it must.
    from hsl_dashboard.web.logs import without_secrets

    without_secrets(record)
    message = record.getMessage()
    if not message.isprintable():
        # The path is decoded: a line break in it would begin a line that nobody but its sender wrote.
        record.msg, record.args = message.encode("unicode_escape").decode(), None
    return True


def post_worker_init(worker: Any) -> None:
    """Answer probes beside the pages, and look around, in each process that serves them."""
    # Here, not above: gunicorn's own process loads nothing of the dashboard.
    from django.conf import settings

    from hsl_dashboard.availability.serving import serve_probes
    from hsl_dashboard.watching.rounds import start_rounds
    from hsl_dashboard.watching.scrape import answer_scrape
    from hsl_dashboard.web.logs import AccessLines, JsonLines

    if settings.LOG_FORMAT == "json":
        # Ours would write the line before its fields are read; after HUP it is another one than stands here.
        worker.log.access_log.filters.clear()
        _write_as(worker.log.access_log, AccessLines())
        _write_as(worker.log.error_log, JsonLines())
    serve_probes(settings.PROBES_PORT, answer_scrape)
    start_rounds()
