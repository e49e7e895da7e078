"""The worker's part: notices of payments are applied at once, and again where that failed."""

import logging

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from bookings.incoming.services import apply_waiting, try_to_apply
from hsl_dashboard.availability.ticks import Tick

logger = logging.getLogger(__name__)


@shared_task(name="bookings.apply_incoming_payment")
def apply_incoming_payment(notice_id: int) -> None:
    try_to_apply(notice_id, at=timezone.now())


@shared_task(name="bookings.apply_incoming_payments", base=Tick)
def apply_incoming_payments() -> None:
    apply_waiting(at=timezone.now())


def wake_incoming(notice_id: int) -> None:
    """Queue one notice. Without Redis it is not queued, and beat's tick takes it when Redis is back."""
    try:
        apply_incoming_payment.apply_async(args=[notice_id], retry=False)
    except OperationalError as error:
        logger.warning("A notice of a payment waits for beat: %s", error)
