"""What bookings add to people: two sections, the timeline, the bar below their list, and what erasing leaves."""

from typing import Any

from bookings.forms.bookings import bulk_bar
from bookings.labels import stream_names
from bookings.models import FreeLessonRegistration
from bookings.person.sections import person_bookings, person_lessons
from bookings.person.timeline import SOURCES
from bookings.services.editing import described_codes
from hsl_dashboard.web.pages import StaffRequest
from users.person.extensions import Fate, ListBar, PersonExtension, PersonTable, Section


def _bar_context(request: StaffRequest) -> dict[str, Any] | None:
    """A status or a stream of their latest booking, or a tag, for many people at once."""
    form = bulk_bar(request.user, described_codes(None))
    return {"bulk_form": form, "of": "people"} if form else None


BOOKINGS = PersonExtension(
    app="bookings",
    sections=(
        Section("bookings/_person_bookings.html", person_bookings, order=10),
        Section("bookings/_person_lessons.html", person_lessons, order=30),
    ),
    sources=SOURCES,
    list_bar=ListBar("bookings/_bulk_bar.html", _bar_context),
    stream_names=stream_names,
    lesson_registrations=FreeLessonRegistration.objects.all,
    tables=(
        PersonTable("bookings.Booking", Fate.KEPT, blank={"username": None, "first_name": None}),
        PersonTable("bookings.BookingEvent", Fate.ERASED_LAST),
        # Who did it stays, what they wrote about the person goes.
        PersonTable("bookings.BookingChange", Fate.KEPT, blank={"reason": ""}),
        PersonTable(
            "bookings.FreeLessonRegistration", Fate.KEPT, blank={"username": None, "first_name": None, "email": ""}
        ),
        PersonTable("bookings.HackathonRegistration", Fate.KEPT, blank={"username": None}),
        PersonTable("bookings.ReferralUsage", Fate.KEPT),
        PersonTable("bookings.Payment", Fate.KEPT, path="booking__telegram_user", blank={"note": ""}),
        PersonTable("bookings.PaymentEvent", Fate.KEPT, path="booking__telegram_user"),
        PersonTable(
            "bookings.IncomingPayment", Fate.KEPT, path="booking__telegram_user", blank={"note": "", "raw": None}
        ),
        PersonTable("bookings.BookingMoney", Fate.NOTHING, path="booking__telegram_user"),
        PersonTable("bookings.Confirmation", Fate.KEPT, path="booking__telegram_user"),
        PersonTable("bookings.LessonSteps", Fate.RENUMBERED, path="user_id"),
        PersonTable("bookings.PersonToStep", Fate.RENUMBERED, path="user_id"),
        PersonTable("bookings.WaitingPayment", Fate.RENUMBERED, path="user_id"),
        PersonTable("bookings.PaymentMark", Fate.RENUMBERED, path="user_id"),
        PersonTable("bookings.BulkRow", Fate.ERASED),
        PersonTable("bookings.ReferralCoupon", Fate.RENUMBERED, path="created_by"),
        PersonTable("bookings.ReferralCouponEvent", Fate.RENUMBERED, path="created_by"),
    ),
)
