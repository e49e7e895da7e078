"""The bar below the list of people: a status or a stream of their latest booking, or a tag, for many at once."""

from typing import Any

from bookings.forms.bookings import bulk_bar
from bookings.services.editing import described_codes
from hsl_dashboard.web.pages import StaffRequest
from users.people.bar import ListBar, register_list_bar


def change_many_people() -> None:
    """Called once, when the app is ready."""
    register_list_bar(ListBar("bookings/_bulk_bar.html", _context))


def _context(request: StaffRequest) -> dict[str, Any] | None:
    form = bulk_bar(request.user, described_codes(None))
    return {"bulk_form": form, "of": "people"} if form else None
