"""What staff read for the kinds of events that the bot and the dashboard write."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EVENT_LABELS: dict[str, Promise] = {
    "start_command": _("Started the bot"),
    "view_program": _("Viewed the programme"),
    "booking_created": _("Made a booking"),
    "booking_cancelled": _("Cancelled a booking"),
    "booking_status_changed": _("Booking status changed"),
    "payment_proof_uploaded": _("Uploaded a payment proof"),
    "alternative_payment_proof": _("Uploaded another payment proof"),
    "student_response": _("Wrote to the school"),
    "payment_approved": _("Payment approved"),
    "free_lesson_info_viewed": _("Viewed a free lesson"),
    "free_lesson_registration_started": _("Began a free lesson registration"),
    "free_lesson_registered": _("Registered for a free lesson"),
    "free_lesson_reminder_sent": _("Got a free lesson reminder"),
    "lesson_link_clicked": _("Opened the lesson link"),
    "referral_code_used": _("Used a referral code"),
    "referral_created": _("Made a referral code"),
    "session_reset": _("Reset the session"),
    "stats_requested": _("Asked for statistics"),
    "referral_stats_requested": _("Asked for referral statistics"),
    "bot_blocked": _("Blocked the bot"),
    "bot_unblocked": _("Came back to the bot"),
    "button_pressed": _("Pressed a button under a message"),
    "unknown_callback": _("Pressed an unknown button"),
}


def event_label(event_type: str) -> str:
    """Name an event type; an unknown one stays as the bot wrote it."""
    return str(EVENT_LABELS.get(event_type, event_type))
