"""Work in the background: runners that send, and what beat looks after. A task carries an id, never a recipient."""

import contextlib
import logging

from celery import shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone
from kombu.exceptions import OperationalError

from messaging import firing, lifecycle, reporting
from messaging.corrections import CorrectionQueue
from messaging.delivery import runners_wanted
from messaging.limiter import LimiterUnavailable, keep_begun
from messaging.queues import SendQueue
from messaging.runner import run_queue, shutting_down
from messaging.updates import forget_updates

logger = logging.getLogger(__name__)

TICK = 5.0  # seconds between two looks of beat: CELERY_BEAT_SCHEDULE


@shared_task
def run_broadcast(broadcast_id: int) -> None:
    """Send a broadcast for some seconds, and queue the next runner while recipients remain."""
    if run_queue(SendQueue(broadcast_id)).again:
        wake_broadcast(broadcast_id)


@shared_task
def run_correction(correction_id: int) -> None:
    """Delete or edit messages for some seconds, and queue the next runner while some remain."""
    if run_queue(CorrectionQueue(correction_id), most=1).again:
        wake_correction(correction_id)


@shared_task
def tick() -> None:
    """Look after everything that is sent: start, hold, rescue, finish and wake. Two at once do no harm."""
    now = timezone.now()
    lifecycle.start_scheduled(at=now)
    firing.fire_automations(at=now)
    firing.hand_over(at=now)
    firing.settle(at=now)
    reporting.send_reports(at=now)
    if rescued := lifecycle.rescue_dead_claims(at=now):
        logger.warning("%s recipients are uncertain: their worker is gone", rescued)
    lifecycle.cancel_leftovers()
    broadcasts, corrections = lifecycle.waiting_for_a_runner(at=now, wanted=runners_wanted())
    with contextlib.suppress(LimiterUnavailable):
        keep_begun(halted_until=lifecycle.longest_halt(at=now))
    for broadcast_id in broadcasts:
        wake_broadcast(broadcast_id)
    for correction_id in corrections:
        wake_correction(correction_id)


@shared_task
def end_blocks() -> None:
    """Write again to people who came back to the bot, and forget old updates of Telegram."""
    forget_updates(at=timezone.now())
    if ended := lifecycle.end_blocks(at=timezone.now()):
        logger.info("%s people came back", ended)


def wake_broadcast(broadcast_id: int) -> None:
    """Queue a runner. Without Redis it is not queued, and beat queues one when Redis is back."""
    _wake(run_broadcast, broadcast_id)


def wake_correction(correction_id: int) -> None:
    """The same for a correction."""
    _wake(run_correction, correction_id)


def _wake(task: "shared_task", pk: int) -> None:
    try:
        # A wake-up that waited longer than this is worth nothing: beat has sent others meanwhile.
        task.apply_async(args=[pk], expires=60, retry=False)
    except OperationalError as error:
        logger.warning("No runner could be queued, beat will: %s", error)


@worker_shutting_down.connect
def _end_runners(**_kwargs: object) -> None:
    """Tell the children of this worker, which SIGTERM does not reach, to end their runners now."""
    shutting_down.set()
