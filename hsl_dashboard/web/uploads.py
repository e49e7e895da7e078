"""Files that browsers send: what is too large is refused before it is read, and a full disk is said in words."""

from collections.abc import Callable
from typing import Any

from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy

from hsl_dashboard.availability.outages import Outage

LARGEST_BODY = 55 * 1024 * 1024  # bytes: the largest file that a bot may send, and the form around it
TOO_LARGE = Outage(
    "too large",
    gettext_lazy("The file is too large"),
    gettext_lazy("At most 50 MB can be sent. Nothing was saved: go back and choose a smaller file."),
    status=413,
)


def refuse_large_bodies(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse by the announced length, before anything is read into memory or onto the disk."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and (len(length) > 15 or int(length) > LARGEST_BODY):
            return HttpResponse(render_to_string("503.html", {"outage": TOO_LARGE}), status=TOO_LARGE.status)
        return get_response(request)

    return middleware


class SteadyUploadHandler(TemporaryFileUploadHandler):
    """Django's own, for a disk that may be full: the file is left out, and the request carries ``no_room``."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        self._or_skip(super().new_file, *args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._or_skip(super().receive_data_chunk, raw_data, start)

    def _or_skip(self, write: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        try:
            write(*args, **kwargs)
        except OSError as error:
            self.request.no_room = True  # type: ignore[union-attr]
            raise SkipFile from error


def found_no_room(request: HttpRequest) -> bool:
    """Whether the disk took no file of this request."""
    return bool(request.FILES is not None and getattr(request, "no_room", False))
