"""Regular cleanup of blocks and received updates."""

import logging

from celery import shared_task
from django.utils import timezone

from hsl_dashboard.ticks import Tick
from messaging.delivery import lifecycle
from messaging.inbound.updates import forget_updates

logger = logging.getLogger(__name__)


@shared_task(name="messaging.end_blocks", base=Tick)
def end_blocks() -> None:
    """End the blocks of people who came back to the bot, and delete old updates."""
    forget_updates(at=timezone.now())
    if ended := lifecycle.end_blocks(at=timezone.now()):
        logger.info("%s people came back", ended)
