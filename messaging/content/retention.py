"""Files of messages that were sent are deleted when they are old; Telegram keeps its copy."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import run_sql
from messaging.content.media import FOLDER
from messaging.models import Broadcast, Draft
from users.retention.rules import Batches, KeepingRule, register_counted_values, register_keeping_rule

OVER = (Broadcast.State.FINISHED, Broadcast.State.CANCELLED)
FILES_AT_ONCE = 50


def forget_files(before: datetime, batches: Batches) -> Iterator[int]:
    """Take the files from messages that are over, then delete every old file that no message and no draft names."""
    while not batches.is_over and batches.run(lambda size: _let_go(before, min(size, FILES_AT_ONCE))):
        pass
    for path in _files(before):
        if batches.is_over:
            return
        deleted, _end = batches.forget(partial(_delete_file, path))
        yield deleted


def count_files(before: datetime) -> int:
    """Count the old files that nothing names, or only messages that are over."""
    kept = set(_naming(Draft.objects.all())) | set(
        _naming(Broadcast.objects.exclude(pk__in=_old_messages(before).values("pk")))
    )
    return sum(1 for path in _files(before) if path not in kept)


def _old_messages(before: datetime) -> "QuerySet[Broadcast]":
    """Messages that are over since before a moment. One that was retried since is not: its end moves."""
    is_long_over = Q(finished_at=None) | Q(finished_at__lt=before)
    rows = Broadcast.objects.filter(is_long_over, state__in=OVER, sent_at__lt=before, created_at__lt=before)
    return rows.exclude(media_upload="")


def _let_go(before: datetime, size: int) -> int:
    rows = _old_messages(before).order_by("pk").select_for_update(skip_locked=True)
    return Broadcast.objects.filter(pk__in=[row.pk for row in rows.only("pk")[:size]]).update(media_upload="")


def _files(before: datetime) -> list[str]:
    if not default_storage.exists(FOLDER):
        return []
    paths = [f"{FOLDER}/{name}" for name in default_storage.listdir(FOLDER)[1]]
    return [path for path in paths if default_storage.get_modified_time(path) < before]


def _naming(rows: "QuerySet[Broadcast] | QuerySet[Draft]") -> list[str]:
    return list(rows.exclude(media_upload="").values_list("media_upload", flat=True))


def _delete_file(path: str, _size: int) -> tuple[int, None]:
    if Broadcast.objects.filter(media_upload=path).exists() or Draft.objects.filter(media_upload=path).exists():
        return 0, None
    default_storage.delete(path)
    return 1, None


def values_of_buttons() -> list[str]:
    """What the buttons of all messages say to the bot: the results of a message count the events that hold it."""
    found = run_sql(
        "SELECT DISTINCT said #>> '{}' FROM message_history AS m"
        " CROSS JOIN LATERAL jsonb_path_query(m.buttons, '$[*][*].callback_data') AS said"
        " WHERE m.buttons <> '[]' AND jsonb_typeof(said) = 'string'"
    )
    return [value for (value,) in found]


MEDIA = KeepingRule(
    name="media", setting="KEEP_MEDIA_DAYS", label=_("Files of messages"), count=count_files, forget=forget_files
)


def register_retention() -> None:
    """Called once, in ready()."""
    register_keeping_rule(MEDIA)
    register_counted_values(values_of_buttons)
