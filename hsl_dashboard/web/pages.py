"""Helpers for views: whole page or fragment, paging, typed requests. Imports no app."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.paging import OpenPage, OpenPaginator

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from users.models import User

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # they change nothing: RFC 9110, 9.2.1
PAGE_SIZE = 50  # rows: what the previous dashboard showed, and what fits two screens


class StaffRequest(HttpRequest):
    """A request behind the sign-in: the user is a member of staff."""

    user: "User"
    htmx: "HtmxDetails"
    stands_below: str  # the list that the page belongs to, where its own address does not say so (web/navigation.py)


def wants_partial(request: HttpRequest) -> bool:
    """Say whether htmx will swap the answer into the page, rather than show it as a page."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def shown_address(request: HttpRequest) -> str:
    """The address that htmx says the browser shows; "" when it says none of ours."""
    try:
        return request.htmx.current_url_abs_path or ""  # type: ignore[attr-defined]
    except ValueError:  # urlsplit's, of what is no address
        return ""


def came_from(request: StaffRequest) -> str:
    """Find the page that a link was on, so that fifty rows need not repeat its address; "" when nobody says."""
    if request.htmx:
        return shown_address(request)
    try:
        referer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    is_here = referer.netloc == request.get_host() and referer.path != request.path
    return f"{referer.path}?{referer.query}" if is_here and referer.query else referer.path if is_here else ""


class SeeOther(HttpResponseRedirect):
    """The redirect after a form without htmx: the browser fetches the next page by GET."""

    status_code = 303


def lead_to(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect after a POST, with HX-Redirect for htmx."""
    if not wants_partial(request):
        return SeeOther(address)
    response = HttpResponse()
    response["HX-Redirect"] = address
    return response


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, partial: str, status: int = 200
) -> HttpResponse:
    """Give the whole page, or only ``partial`` of it when htmx will swap it in."""
    piece = f"{template}#{partial}"
    return render_page_or_piece(request, template, piece, context, status=status)


def render_page_or_piece(
    request: HttpRequest, page: str, piece: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Give the whole page, or only ``piece`` of it, a template of its own, when htmx will swap it in."""
    response = render(request, piece if wants_partial(request) else page, context, status=status)
    # A browser or proxy must not serve the fragment where the page is wanted.
    patch_vary_headers(response, ("HX-Request", "HX-Boosted", "HX-History-Restore-Request"))
    return response


def render_list(
    request: HttpRequest, template: str, context: dict[str, Any], *, partial: str, is_valid: bool
) -> HttpResponse:
    """Give a list that the address filters; 422 when it is not understood: htmx swaps that in too, with the errors."""
    response = render_page(request, template, context, partial=partial, status=200 if is_valid else 422)
    if wants_partial(request):
        # A form sends all of its fields; the address keeps those that say something, and the same one only once.
        address = tidy_address(request.path, request.GET)
        is_here = shown_address(request) == address
        response["HX-Push-Url"] = "false" if is_here else address
    return response


def page_of(
    rows: Any,
    request: HttpRequest,
    *,
    size: int = PAGE_SIZE,
    known: int | None = None,
    known_more: bool = False,
    counted_to: int | None = None,
) -> OpenPage:
    """Cut the page that ``?page=`` asks for; nonsense gives the first page, too far gives one that exists."""
    paginator = OpenPaginator(rows, size, known=known, known_more=known_more, counted_to=counted_to)
    return paginator.get_page(request.GET.get("page"))
