"""The lists of money as sheets: payments, and the confirmed bookings without one."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bookings.labels import Labels
from bookings.lists.exports import label_cell, person_cells, person_headings
from bookings.models import Booking, Payment
from hsl_dashboard.web.spreadsheets import ROWS_AT_ONCE, Sheet


def payment_sheet(payments: "QuerySet[Payment]", labels: Labels) -> Sheet:
    """Payments, each with its booking; these columns are empty where the bot has deleted the booking."""
    headings = [
        _("Amount"),
        _("Currency"),
        *_booking_headings(),
        pgettext("of a payment", "Source"),
        _("Number at the source"),
        pgettext("of a payment", "Note"),
        _("Recorded by"),
        _("Received, Moscow time"),
    ]
    rows = (
        [
            payment.amount,
            payment.currency,
            *(_booking_cells(payment.booking, labels) if payment.booking else [""] * len(_booking_headings())),
            payment.get_source_display(),
            payment.shown_number,
            payment.note,
            payment.recorded_by.shown_name if payment.recorded_by else "",
            payment.received_at,
        ]
        for payment in payments.iterator(chunk_size=ROWS_AT_ONCE)
    )
    return Sheet(_("Payments"), headings, rows)


def expected_sheet(bookings: "QuerySet[Booking]", labels: Labels) -> Sheet:
    """Confirmed bookings without a payment, with what they cost by their price."""
    headings = [*_booking_headings(), _("By its price"), _("Currency"), _("Discount, %"), _("Confirmed, Moscow time")]
    rows = (
        [
            *_booking_cells(booking, labels),
            booking.money.expected,
            booking.money.currency,
            booking.discount_percent or 0,
            booking.confirmation.confirmed_at,
        ]
        for booking in bookings.iterator(chunk_size=ROWS_AT_ONCE)
    )
    return Sheet(_("Confirmed without a payment"), headings, rows)


def _booking_headings() -> list[str]:
    return [_("Booking"), *person_headings(), _("Course"), _("Stream")]


def _booking_cells(booking: Booking, labels: Labels) -> list[Any]:
    return [
        booking.pk,
        *person_cells(booking.telegram_user),
        label_cell(labels.course(booking.course_id)),
        label_cell(labels.stream(booking.course_id, booking.course_stream)),
    ]
