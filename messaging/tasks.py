"""What beat calls: the tick, which keeps all sending going, and notices to staff."""

import contextlib
import logging

from celery import shared_task
from django.utils import timezone

from hsl_dashboard.availability.ticks import Tick
from messaging.audiences.counts import remember_counts
from messaging.automations import firing
from messaging.broadcasts import reports
from messaging.delivery import lifecycle, tasks
from messaging.delivery.counts import fold_recipient_counts
from messaging.delivery.limiter import LimiterUnavailable, prepare_slots
from messaging.delivery.loop import runners_wanted
from messaging.inbox.folding import fold_texts
from messaging.notices.services import send_notices

logger = logging.getLogger(__name__)


@shared_task(name="messaging.tell_staff", base=Tick)
def tell_staff() -> None:
    """Tell members of staff what is new, if they want it."""
    send_notices(at=timezone.now())


@shared_task(name="messaging.count_people", base=Tick)
def count_people() -> None:
    """Count what the page of a new message remembers of a large school."""
    remember_counts(at=timezone.now())


@shared_task(name="messaging.tick", base=Tick)
def tick() -> None:
    """Start, hold, rescue and wake whatever is due. Two ticks at the same time do no harm."""
    now = timezone.now()
    lifecycle.start_scheduled(at=now)
    firing.fire_automations(at=now)
    firing.hand_over(at=now)
    firing.settle(at=now)
    reports.send_reports(at=now)
    fold_texts()
    fold_recipient_counts()
    if rescued := lifecycle.rescue_dead_claims(at=now):
        logger.warning("%s recipients are uncertain: their worker is gone", rescued)
    lifecycle.cancel_leftovers()
    broadcasts, corrections = lifecycle.waiting_for_a_runner(at=now, wanted=runners_wanted())
    with contextlib.suppress(LimiterUnavailable):
        prepare_slots(halted_until=lifecycle.longest_halt(at=now))
    for broadcast_id in broadcasts:
        tasks.wake_broadcast(broadcast_id)
    for correction_id in corrections:
        tasks.wake_correction(correction_id)
