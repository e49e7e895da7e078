"""The bar below the list of people for changing many: an app above, which knows what can be changed, brings it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hsl_dashboard.web.pages import StaffRequest


@dataclass(frozen=True)
class ListBar:
    """A template with a form named ``bulk``, which the boxes of the rows belong to; context None: not for them."""

    template: str
    context: Callable[[StaffRequest], dict[str, Any] | None]


_bars: list[ListBar] = []


def register_list_bar(bar: ListBar) -> None:
    """Put a bar below the list of people; called once, in an AppConfig.ready()."""
    _bars[:] = [bar]


def list_bar(request: StaffRequest) -> dict[str, Any]:
    """What the template of the list needs for the bar; nothing for whoever may change nothing."""
    context = _bars[0].context(request) if _bars else None
    return {} if context is None else {"bulk_template": _bars[0].template, **context}
