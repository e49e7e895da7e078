"""Runners in the background: a task carries an id, never a recipient, so that a lost or doubled one is harmless."""

import logging
from datetime import timedelta

from celery import shared_task
from celery.signals import worker_shutting_down
from kombu.exceptions import OperationalError

from messaging.delivery.corrections import CorrectionQueue
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue, shutting_down

# The clocks of two machines: a runner that comes too early would leave all to beat.
TO_BE_SURE = timedelta(milliseconds=200)

logger = logging.getLogger(__name__)


@shared_task(name="messaging.run_broadcast")
def run_broadcast(broadcast_id: int) -> None:
    """Send a broadcast for some seconds, and queue the next runner while recipients remain."""
    if run_queue(SendQueue(broadcast_id)):
        wake_broadcast(broadcast_id)


@shared_task(name="messaging.run_correction")
def run_correction(correction_id: int) -> None:
    """Delete or edit messages for some seconds, and queue the next runner while some remain."""
    if run_queue(CorrectionQueue(correction_id), most=1):
        wake_correction(correction_id)


def wake_broadcast(broadcast_id: int) -> None:
    """Queue a runner. Without Redis it is not queued, and beat queues one when Redis is back."""
    _wake(run_broadcast, broadcast_id)


def wake_broadcast_after(broadcast_id: int, wait: timedelta) -> None:
    """Queue a runner for a broadcast that can be undone for so long."""
    if wait:
        _wake(run_broadcast, broadcast_id, wait + TO_BE_SURE)
    else:
        wake_broadcast(broadcast_id)


def wake_correction(correction_id: int) -> None:
    """The same for a correction."""
    _wake(run_correction, correction_id)


def _wake(task: "shared_task", pk: int, wait: timedelta = timedelta()) -> None:
    try:
        # Old wake-ups are harmless: a runner that finds others at work, or nothing to do, ends at once.
        task.apply_async(args=[pk], retry=False, countdown=wait.total_seconds() or None)
    except OperationalError as error:
        logger.warning("No runner could be queued, beat will: %s", error)


@worker_shutting_down.connect
def _end_runners(**_kwargs: object) -> None:
    """Tell the children of this worker, which SIGTERM does not reach, to end their runners now."""
    shutting_down.set()
