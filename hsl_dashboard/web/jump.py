"""The jump: one field that leads to a person, a booking, a stream, a message or a page; each app gives what it has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from django.http import HttpResponse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from hsl_dashboard.folding import fold
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
    return [group for group in groups if group.destinations]


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


def _pages(user: "User") -> list[Destination]:
    allowed = [item for item in ITEMS if not item.permission or user.has_perm(item.permission)]
    return [Destination(item.label, item.address, icon="arrow-right") for item in allowed]


def _find_pages(user: "User", typed: Typed) -> list[Destination]:
    words = words_of(typed)
    return [page for page in _pages(user) if has_words(words, page.label)]


def _name_pages(user: "User", addresses: Sequence[str]) -> list[Destination]:
    return [page for page in _pages(user) if page.address in addresses]


PAGES = JumpSource(gettext_lazy("Pages and actions"), 90, "", _find_pages, _name_pages)
register_jump_source(PAGES)
