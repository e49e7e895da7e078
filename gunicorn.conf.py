"""How gunicorn logs and answers probes, wherever it is started from this folder: the image, the demo."""

from typing import Any

accesslog = "-"
# The path without its query, and no referrer: what staff search for are names of people.
access_log_format = '%(h)s %(t)s "%(m)s %(U)s %(H)s" %(s)s %(b)s %(M)sms "%(a)s"'


def on_starting(server: Any) -> None:
    """Keep tokens out of the access log too; a path may hold one."""
    server.log.access_log.addFilter(_without_secrets)


def _without_secrets(record: Any) -> bool:
    # Here, not above: gunicorn's own process loads nothing of the dashboard before it must.
    from hsl_dashboard.web.logs import without_secrets

    return without_secrets(record)


def post_worker_init(worker: Any) -> None:
    """Answer probes beside the pages, in each process that serves them."""
    # Here, not above: gunicorn's own process loads nothing of the dashboard.
    from django.conf import settings

    from hsl_dashboard.availability.serving import serve_probes

    serve_probes(settings.PROBES_PORT)
