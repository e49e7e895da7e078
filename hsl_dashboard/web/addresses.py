"""Addresses whose query holds the state of a page, without or with one of its values."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.http import url_has_allowed_host_and_scheme

POSITIONS = ("page", "before", "after")  # where in a list; another list begins at its beginning
MAX_ADDRESS_LENGTH = 2_000  # characters: what every browser and proxy lets through


@dataclass(frozen=True)
class ActiveFilter:
    """One filter that narrows a list, as a word, and the address of the list without it."""

    label: str
    value: str
    address: str


def address_without(path: str, query: QueryDict, name: str, value: str | None = None) -> str:
    """Give the address without parameter ``name`` (or only without one of its values), and on its first page."""
    rest = query.copy()
    kept = [] if value is None else [other for other in rest.getlist(name) if other != value]
    rest.setlist(name, kept)
    for position in POSITIONS:
        rest.pop(position, None)
    return tidy_address(path, rest)


def tidy_address(path: str, query: QueryDict) -> str:
    """Give the address without empty parameters."""
    text = tidy_query(query).urlencode()
    return f"{path}?{text}" if text else path


def tidy_query(query: QueryDict) -> QueryDict:
    """Give the parameters that say something: a form sends all of its fields, the empty ones too."""
    rest = QueryDict(mutable=True)
    for name, values in query.lists():
        rest.setlist(name, [value for value in values if value.strip()])
    return rest


def is_on_this_host(address: str, request: HttpRequest) -> bool:
    """Say whether an address stays on the host that was asked."""
    hosts = {request.get_host()}
    return url_has_allowed_host_and_scheme(address, allowed_hosts=hosts, require_https=request.is_secure())


def is_own_address(address: str, request: HttpRequest) -> bool:
    """Say whether an address that a form brought leads to a page of this dashboard."""
    return (
        0 < len(address) <= MAX_ADDRESS_LENGTH
        and address.startswith("/")
        and is_on_this_host(address, request)
        and page_at(address) is not None
    )


def address_to_return_to(request: HttpRequest) -> str:
    """Give the address that shows this page again: of an answer to a form, the address of the page of the form."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    address = came_from._replace(scheme="", netloc="", fragment="").geturl()
    return address if is_own_address(address, request) else "/"


def page_at(address: str) -> ResolverMatch | None:
    """Find the view that serves an address; None when there is none."""
    try:
        return resolve(urlsplit(address).path)
    except (Resolver404, ValueError):
        return None
