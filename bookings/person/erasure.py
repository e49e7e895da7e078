"""What stays of an erased person's bookings and registrations: enough to count them."""

from bookings.models import Booking, BookingChange, FreeLessonRegistration, HackathonRegistration, ReferralUsage
from users.personal_data.erasure import keep_for_statistics


def keep_what_is_counted() -> None:
    """Called once, when the app is ready."""
    keep_for_statistics(Booking, username=None, first_name=None)
    # Who did it stays, what they wrote about the person goes.
    keep_for_statistics(BookingChange, reason="")
    keep_for_statistics(FreeLessonRegistration, username=None, first_name=None, email="")
    keep_for_statistics(HackathonRegistration, username=None)
    keep_for_statistics(ReferralUsage)
