"""The run that beat asks for each night."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from users.retention.run import apply_retention

logger = logging.getLogger(__name__)

LONGEST_RUN = timedelta(minutes=20)  # the queue has other work; the rest waits for the next night


@shared_task(name="users.apply_retention")
def apply_nightly_retention() -> None:
    applied = apply_retention(at=timezone.now(), stop_after=LONGEST_RUN)
    logger.info("Older than the settings keep: %s", applied.rows)
    for name, reason in applied.unfinished.items():
        logger.warning("Not finished: %s: %s", name, reason)
