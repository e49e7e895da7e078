"""The line about backups on the page of the system."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from hsl_dashboard.backup.archive import is_too_old, latest_backup
from hsl_dashboard.templatetags.times import when
from hsl_dashboard.web.system import SystemLine


def last_backup(now: datetime) -> Iterator[SystemLine]:
    """Say when the newest archive was written."""
    made_at = latest_backup()
    missing = _("none yet") if settings.BACKUP_DIR else _("switched off: BACKUP_DIR is not set")
    cure = _("Run manage.py backup: it says what is wrong. If it works, check that beat and the worker “default” run.")
    value = when(made_at) if made_at else missing
    yield SystemLine(
        "storage",
        _("Last backup"),
        value,
        is_well=not is_too_old(now),
        what_to_do=cure,
        is_set_up=bool(settings.BACKUP_DIR),
    )
