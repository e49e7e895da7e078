"""The jump: one field that leads to a person, a booking, a stream, a message or a page; each app gives what it has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from hsl_dashboard.folding import fold
from hsl_dashboard.web.addresses import page_at
from hsl_dashboard.web.mentions import read_number
from hsl_dashboard.web.navigation import ITEMS
from hsl_dashboard.web.pages import StaffRequest, render_page_or_piece

if TYPE_CHECKING:
    from users.models import User

AT_MOST = 7  # of each kind: what one looks over at a glance
REMEMBERED = 8  # addresses that a browser remembers (js/jump.js)
LONGEST = 200  # characters


@dataclass(frozen=True)
class Destination:
    """Where one can go: ``note`` tells two of the same name apart."""

    label: Any
    address: str
    note: Any = ""
    icon: str = "arrow-right"


class Typed(str):
    """What was typed; ``asked`` keeps what one source has asked the database about it for the next one."""

    __slots__ = ("asked",)

    asked: dict[str, Any]

    def __new__(cls, text: str) -> Self:
        typed = super().__new__(cls, text)
        typed.asked = {}
        return typed


@dataclass(frozen=True)
class JumpSource:
    """What an app finds. ``find`` takes who asks and what was typed, and gives at most AT_MOST.

    ``name`` gives those of some addresses that are its own, as far as they are still there.
    """

    label: Any
    order: int
    permission: str
    find: "Callable[[User, Typed], Sequence[Destination]]"
    name: "Callable[[User, Sequence[str]], Sequence[Destination]]"


@dataclass(frozen=True)
class Group:
    """What one source found."""

    label: Any
    destinations: Sequence[Destination]


_sources: list[JumpSource] = []


def register_jump_source(source: JumpSource) -> None:
    """Called once by each app, when it is ready."""
    _sources.append(source)
    _sources.sort(key=lambda one: one.order)


@require_safe
def jump(request: StaffRequest) -> HttpResponse:
    """Find what was typed; before anything is typed, name what was opened last."""
    typed = Typed(" ".join(request.GET.get("q", "").replace("\x00", "").split())[:LONGEST])
    groups = _found(request.user, typed) if typed else _remembered(request.user, request.GET.getlist("recent"))
    dialog = request.htmx.target == "overlay"
    piece = "jump.html#jump-dialog" if dialog else "jump.html#jump-found"
    return render_page_or_piece(request, "jump.html", piece, {"typed": typed, "groups": groups, "longest": LONGEST})


def _found(user: "User", typed: Typed) -> list[Group]:
    groups = [Group(source.label, source.find(user, typed)) for source in _open_to(user)]
    found = [group for group in groups if group.destinations]
    number = read_number(typed)
    return found if number is None else _exact_first(found, f"/{number}/")


def _exact_first(groups: list[Group], ending: str) -> list[Group]:
    """Put what has just the number that was typed before what only contains it: Enter opens the first."""

    def is_other(destination: Destination) -> bool:
        return not destination.address.endswith(ending)

    groups = [Group(group.label, sorted(group.destinations, key=is_other)) for group in groups]
    return sorted(groups, key=lambda group: is_other(group.destinations[0]))


def _remembered(user: "User", addresses: Sequence[str]) -> list[Group]:
    wanted = list(dict.fromkeys(addresses))[:REMEMBERED]
    named = {destination.address: destination for source in _open_to(user) for destination in source.name(user, wanted)}
    recent = [named[address] for address in wanted if address in named]
    groups = [Group(gettext_lazy("Opened lately"), recent), Group(PAGES.label, PAGES.find(user, Typed("")))]
    return [group for group in groups if group.destinations]


def _open_to(user: "User") -> list[JumpSource]:
    return [source for source in _sources if not source.permission or user.has_perm(source.permission)]


def words_of(text: str) -> list[str]:
    """Split what was typed into words, folded as the searches fold them."""
    return fold(text).split()


def has_words(words: Sequence[str], *texts: Any) -> bool:
    """Say whether each word stands somewhere in the texts, in any order."""
    text = fold(" ".join(map(str, texts)))
    return all(word in text for word in words)


# Pages that stand below those of the navigation: what one calls them, their address, and what they ask for.
BELOW: tuple[tuple[Any, str, tuple[str, ...]], ...] = (
    (gettext_lazy("Drafts"), "/messages/drafts/", ("messaging.add_broadcast", "users.view_telegramuser")),
    (gettext_lazy("Templates"), "/messages/templates/", ("messaging.add_broadcast",)),
    (gettext_lazy("Automations"), "/messages/automations/", ("messaging.view_automation",)),
    (gettext_lazy("Blocked people"), "/messages/blocked/", ("users.view_blockeduser",)),
    (gettext_lazy("Rules of leads"), "/users/leads/", ("users.view_telegramuser",)),
    (gettext_lazy("Free lessons by date"), "/free-lessons/dates/", ("bookings.view_freelessonregistration",)),
    (gettext_lazy("New coupon"), "/referrals/new/", ("bookings.view_referralcoupon", "bookings.add_referralcoupon")),
    (gettext_lazy("Add a stream"), "/workshops/streams/new/", ("bookings.view_booking", "bookings.add_stream")),
    (gettext_lazy("Rules of payments"), "/payments/rules/", ("bookings.change_paymentrules",)),
    (
        gettext_lazy("Confirmed without a payment"),
        "/money/expected/",
        ("bookings.view_booking", "bookings.view_payment"),
    ),
    (gettext_lazy("Invite a colleague"), "/staff/new/", ("users.view_user", "users.add_user")),
    (gettext_lazy("Saved views"), "/views/", ()),
    (gettext_lazy("Notices in Telegram"), "/accounts/notices/", ()),
    (gettext_lazy("API tokens"), "/accounts/tokens/", ()),
)


def _pages(user: "User") -> list[Destination]:
    allowed = [item for item in ITEMS if not item.permission or user.has_perm(item.permission)]
    return [Destination(item.label, item.address, icon="arrow-right") for item in allowed]


def _pages_below(user: "User") -> list[Destination]:
    allowed = [(label, address) for label, address, asked in BELOW if user.has_perms(asked) and page_at(address)]
    return [Destination(label, address, icon="arrow-right") for label, address in allowed]


def _find_pages(user: "User", typed: Typed) -> list[Destination]:
    words = words_of(typed)
    pages = [*_pages(user), *(_pages_below(user) if words else ())]  # before anything is typed the menu is enough
    return [page for page in pages if has_words(words, page.label)]


def _name_pages(user: "User", addresses: Sequence[str]) -> list[Destination]:
    return [page for page in [*_pages(user), *_pages_below(user)] if page.address in addresses]


PAGES = JumpSource(gettext_lazy("Pages and actions"), 90, "", _find_pages, _name_pages)
register_jump_source(PAGES)
