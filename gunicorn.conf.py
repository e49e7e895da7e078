"""How gunicorn logs and answers probes, wherever it is started from this folder: the image, the demo."""

import os
import shutil
import tempfile
from typing import Any

accesslog = "-"
# The path without its query, and no referrer: what staff search for are names of people.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)sms "%(a)s"'


_metrics = ""  # the folder where the processes count requests together (hsl_dashboard/watching/)


def on_starting(server: Any) -> None:
    """Keep tokens out of the access log too: a path may hold one. Give the processes one place to count in."""
    global _metrics
    server.log.access_log.addFilter(_without_secrets)
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics = tempfile.mkdtemp(prefix="hsl-metrics-")


def child_exit(server: Any, worker: Any) -> None:
    """Forget what a process that has ended held open; what it counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Remove the folder of counts, if it is ours."""
    if _metrics:
        shutil.rmtree(_metrics, ignore_errors=True)


def _without_secrets(record: Any) -> bool:
    # Here, not above: gunicorn's own process loads nothing of the dashboard before it must.
    from hsl_dashboard.web.logs import without_secrets

    return without_secrets(record)


def post_worker_init(worker: Any) -> None:
    """Answer probes beside the pages, in each process that serves them."""
    # Here, not above: gunicorn's own process loads nothing of the dashboard.
    from django.conf import settings

    from hsl_dashboard.availability.serving import serve_probes
    from hsl_dashboard.watching.scrape import answer_scrape

    serve_probes(settings.PROBES_PORT, answer_scrape)
