"""The backup that beat asks for each night."""

import logging
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from hsl_dashboard.backup.archive import make_backup

logger = logging.getLogger(__name__)


@shared_task(name="hsl_dashboard.make_backup")
def make_nightly_backup() -> None:
    """Make the backup that BACKUP_DIR asks for; it fails while another one is being made."""
    made = make_backup(
        Path(settings.BACKUP_DIR),
        at=timezone.now(),
        recipients=settings.BACKUP_RECIPIENTS,
        keep=settings.BACKUP_KEEP,
    )
    logger.info("Backup written: %s, %d bytes", made.name, made.stat().st_size)
