"""Probes answered by a thread of its own in each worker of gunicorn (gunicorn.conf.py), however busy the pages are."""

import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hsl_dashboard.availability import health

logger = logging.getLogger(__name__)


Scrape = Callable[[str, str], tuple[int, str, bytes]]


class ProbesHandler(BaseHTTPRequestHandler):
    """Three addresses, no middleware."""

    timeout = 5  # seconds that a probe may take to ask
    server: "ProbesServer"

    def do_GET(self) -> None:
        if self.path == "/health/live":
            self._answer(200, "text/plain", b"ok")
        elif self.path == "/health/ready":
            response = health.ready_response()
            self._answer(response.status_code, response["Content-Type"], response.content)
        elif self.path == "/metrics" and self.server.scrape:
            self._answer(*self.server.scrape(self.headers.get("Authorization", ""), self.client_address[0]))
        else:
            self._answer(404, "text/plain", b"not found")

    do_HEAD = do_GET

    def _answer(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """A probe every few seconds is no news."""


class ProbesServer(ThreadingHTTPServer):
    """Each worker of gunicorn listens on the same port; the kernel gives a probe to one that lives."""

    allow_reuse_port = True
    daemon_threads = True
    scrape: Scrape | None = None


def serve_probes(port: int, scrape: Scrape | None = None) -> ProbesServer | None:
    """Answer probes in the background, on a port that no page can block; and /metrics, if somebody knows them."""
    try:
        server = ProbesServer(("", port), ProbesHandler)
    except OSError as error:
        logger.warning("PROBES_PORT %s cannot be had: probes are answered only among the pages: %s", port, error)
        return None
    server.scrape = scrape
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server
