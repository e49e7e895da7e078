"""Around each JSON route: HEAD, wrong methods and faults in JSON, ETag and 304, gzip, the number of the request."""

import gzip
import hashlib
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.utils.cache import get_conditional_response, patch_vary_headers
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from hsl_dashboard.availability.outages import RETRY_AFTER, outage_of
from hsl_dashboard.web.api.answers import FAILED, ApiError, call_of, error_answer
from hsl_dashboard.web.api.parameters import INVALID_JSON, WORDS

logger = logging.getLogger(__name__)

COMPRESSED_FROM = 1_024  # bytes
# Above this a list is compressed quickly rather than well: in half the time, and a fifth longer.
LARGE, QUICKLY, WELL = 100_000, 1, 6
NOT_ALLOWED = "Method not allowed"
NO_SUCH_ADDRESS = "Not found"

View = Callable[..., HttpResponseBase]


def answer_errors(api: NinjaAPI) -> None:
    """Let every refusal and fault of this API answer in the shape of its route."""
    api.add_exception_handler(ApiError, error_answer)  # type: ignore[arg-type]
    api.add_exception_handler(ValidationError, _invalid)  # type: ignore[arg-type]
    api.add_exception_handler(HttpError, _unreadable)  # type: ignore[arg-type]
    api.add_exception_handler(Http404, _not_found)  # type: ignore[arg-type]
    api.add_exception_handler(Exception, _failed)  # type: ignore[arg-type]


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    words = first["msg"] if first["type"] == WORDS else f"Invalid value of {first['loc'][-1]}"
    return error_answer(request, ApiError(400, words))


def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer for ninja, which raises this around what the parser raises."""
    words = INVALID_JSON if error.status_code == 400 else str(error)
    return error_answer(request, ApiError(error.status_code, words))


def _not_found(request: HttpRequest, error: Exception) -> HttpResponse:
    return error_answer(request, ApiError(404, NO_SUCH_ADDRESS))


def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    """Say nothing of the database: the log has it, under the number that the caller is given."""
    call, outage = call_of(request), outage_of(error)
    if outage is None:
        logger.error("%s %s failed (request %s)", request.method, request.path, call.id, exc_info=error)
        return error_answer(request, ApiError(500, call.failure))
    logger.warning("%s %s: %s (request %s)", request.method, request.path, outage.name, call.id)
    headers = {"Retry-After": str(RETRY_AFTER)} if outage.status == 503 else {}
    return error_answer(request, ApiError(outage.status, call.failure, headers=headers))


def served(entries: list[URLResolver | URLPattern]) -> list[URLResolver | URLPattern]:
    """Serve the addresses of an API as this module says."""
    for entry in entries:
        if isinstance(entry, URLPattern):
            entry.callback = serve(entry.callback)
        else:
            served(entry.url_patterns)
    return entries


def serve(view: View) -> View:
    @wraps(view)
    def api_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        call, method = call_of(request), request.method
        request.method = "GET" if method == "HEAD" else method
        try:
            response = view(request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the outermost of these routes: nothing may answer in HTML
            response = _failed(request, error)
        finally:
            request.method = method
        if response.status_code == 405 and not response.has_header("Content-Length"):
            response = _in_json(request, response)
        response["X-Request-ID"] = call.id
        if isinstance(response, HttpResponse):
            return _delivered(request, response)
        return response

    # A session or a token opens it (users/tokens/access.py), which answers in JSON where the sign-in would redirect.
    api_view.login_required = False  # type: ignore[attr-defined]
    return api_view


def _in_json(request: HttpRequest, refusal: HttpResponseBase) -> HttpResponse:
    methods = sorted({*refusal.headers.get("Allow", "").replace(" ", "").split(","), "HEAD"} - {""})
    allowed = [name for name in methods if name != "HEAD" or "GET" in methods]
    return error_answer(request, ApiError(405, NOT_ALLOWED, headers={"Allow": ", ".join(allowed)}))


def _delivered(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ("Accept-Encoding", "Authorization", "Cookie"))
    if not response.has_header("Cache-Control"):
        # Kept by the caller alone, and asked for again each time: then 304 says that nothing changed.
        response["Cache-Control"] = "private, no-cache" if response.status_code == 200 else "no-store"
    if request.method in {"GET", "HEAD"} and response.status_code == 200:
        etag = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
        response["ETag"] = etag
        conditional = get_conditional_response(request, etag=etag, response=response)
        if isinstance(conditional, HttpResponse) and conditional.status_code == 304:
            return conditional
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    if takes_gzip and len(response.content) >= COMPRESSED_FROM and not response.has_header("Content-Encoding"):
        level = QUICKLY if len(response.content) > LARGE else WELL
        response.content = gzip.compress(response.content, compresslevel=level, mtime=0)
        response["Content-Encoding"] = "gzip"
        response["Content-Length"] = str(len(response.content))
    return response


__all__ = ["FAILED", "answer_errors", "serve", "served"]
