"""What stands around every page: the navigation, the theme, the label of the environment."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy, pgettext_lazy

from hsl_dashboard.web.pages import SAFE_METHODS

THEME_COOKIE = "theme"
THEMES = ("system", "light", "dark")
FRAME_KEPT = 10  # seconds; without it every page would run five more queries
SHORTCUTS_COOKIE = "shortcuts"  # "off": single letters do nothing, as WCAG 2.1.4 asks


@dataclass(frozen=True)
class Item:
    """One place of the navigation. Its address is the contract (docs/architecture.md): the view's name may change."""

    label: Any
    address: str
    icon: str
    permission: str = ""
    badge: int = 0  # what waits there for this person
    opens: str = ""  # where the link leads: there, or to the default view of the list
    current: str = ""  # the value of aria-current: "page", "true" (a page below it) or ""

    def contains(self, path: str) -> bool:
        return path == self.address or (self.address != "/" and path.startswith(self.address))


ITEMS = (
    Item(gettext_lazy("Today"), "/", "squares-2x2"),
    Item(gettext_lazy("Courses"), "/workshops/", "academic-cap", "bookings.view_booking"),
    Item(gettext_lazy("Bookings"), "/bookings/", "ticket", "bookings.view_booking"),
    Item(gettext_lazy("Payment queue"), "/payments/", "credit-card", "bookings.decide_payment"),
    Item(gettext_lazy("People"), "/users/", "users", "users.view_telegramuser"),
    Item(gettext_lazy("Free lessons"), "/free-lessons/", "play-circle", "bookings.view_freelessonregistration"),
    Item(gettext_lazy("Analytics"), "/analytics/", "chart-bar", "bookings.view_booking"),
    Item(gettext_lazy("Referrals"), "/referrals/", "gift", "bookings.view_referralcoupon"),
    Item(gettext_lazy("Money"), "/money/", "banknotes", "bookings.view_payment"),
    Item(pgettext_lazy("what students write", "Answers"), "/inbox/", "inbox", "messaging.view_conversation"),
    Item(gettext_lazy("Messages"), "/messages/", "paper-airplane", "messaging.view_broadcast"),
    Item(gettext_lazy("New message"), "/messages/new/", "pencil-square", "messaging.add_broadcast"),
    Item(gettext_lazy("Data quality"), "/data-quality/", "wrench-screwdriver", "bookings.view_booking"),
    Item(gettext_lazy("Audit"), "/audit/", "document-magnifying-glass", "users.view_auditentry"),
    Item(gettext_lazy("Who may do what"), "/staff/", "key", "users.view_user"),
    Item(gettext_lazy("System"), "/system/", "server-stack", "users.view_user"),
)


# What waits at an address for a member of staff; apps register theirs in ready().
_badges: dict[str, Callable[[Any], int]] = {}


def register_badge(address: str, count: Callable[[Any], int]) -> None:
    """Have the navigation show how much waits at an address for the signed-in person."""
    _badges[address] = count


@dataclass(frozen=True)
class MenuView:
    """A saved view in the navigation; ``default_of``: the address that it stands in for."""

    pk: int
    name: str
    address: str
    default_of: str = ""


# Which views somebody has; the app that keeps them registers it in ready().
_views: list[Callable[[Any], list[MenuView]]] = []


def register_menu_views(views: Callable[[Any], list[MenuView]]) -> None:
    _views[:] = [views]


@dataclass(frozen=True)
class PageFrame:
    """What the navigation knows of somebody: how much waits for them, by address, and their saved views."""

    badges: dict[str, int]
    views: list[MenuView]


def frame_of(user: Any) -> PageFrame:
    """Give somebody's frame, at most FRAME_KEPT seconds old; what they do themselves shows on their next page."""
    if not user.is_authenticated:
        return PageFrame({}, [])
    kept: PageFrame | None = cache.get(frame_key(user))
    if kept is None:
        counts = {address: count(user) for address, count in _badges.items()}
        kept = PageFrame(counts, [view for views in _views for view in views(user)])
        cache.set(frame_key(user), kept, FRAME_KEPT)
    return kept


def forget_frame(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Drop the kept frame of whoever may have changed something with this request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.method not in SAFE_METHODS and request.user.is_authenticated:
            cache.delete(frame_key(request.user))
        return response

    return middleware


def frame_key(user: Any) -> str:
    """Where the cache keeps somebody's frame."""
    return f"frame-{user.pk}"


def navigation_links(
    path: str,
    may: Callable[[str], bool],
    badges: dict[str, int] | None = None,
    defaults: dict[str, str] | None = None,
) -> list[Item]:
    """List the places one may go to; of two that hold the page, the nearer one is where one is."""
    items = [item for item in ITEMS if not item.permission or may(item.permission)]
    here = max((item.address for item in items if item.contains(path)), key=len, default="")
    current = "page" if path == here else "true"
    opens, waiting = defaults or {}, badges or {}
    return [
        replace(
            item,
            badge=waiting.get(item.address, 0),
            opens=opens.get(item.address, item.address),
            current=current if item.address == here else "",
        )
        for item in items
    ]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Links are lazy: a partial that htmx swaps in pays for no permission check.

    ``request.stands_below`` is the list that a page belongs to where its own address does not say so.
    """
    theme = request.COOKIES.get(THEME_COOKIE)
    frame = SimpleLazyObject(lambda: frame_of(request.user))
    return {
        "menu_views": SimpleLazyObject(lambda: frame.views),
        "navigation_links": SimpleLazyObject(
            lambda: navigation_links(
                getattr(request, "stands_below", request.path),
                request.user.has_perm,
                frame.badges,
                {view.default_of: view.address for view in frame.views if view.default_of},
            )
        ),
        "theme": theme if theme in THEMES else "system",
        "shortcuts": request.COOKIES.get(SHORTCUTS_COOKIE) != "off",
        "telegram_sandbox": getattr(settings, "TELEGRAM_SANDBOX", False),
    }
