"""The Celery application: workers and beat start here."""

import os
import time
from typing import Any

import pghistory
from celery import Celery
from celery.signals import (
    after_task_publish,
    beat_init,
    heartbeat_sent,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)

from hsl_dashboard.availability import heartbeats, limits

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hsl_dashboard.settings")

app = Celery("hsl_dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Packages have tasks of their own, which only the names of apps would not find.
app.autodiscover_tasks(["messaging.delivery", "messaging.inbound", "hsl_dashboard.backup", "users.retention"])
_contexts: dict[str, Any] = {}


@worker_init.connect
@worker_process_init.connect
@beat_init.connect
def limit_statements(**_kwargs: Any) -> None:
    limits.set_for_process(limits.WORKER)


@heartbeat_sent.connect
def worker_lives(sender: Any, **_kwargs: Any) -> None:
    """Leave a sign of life for each queue that this worker takes from. Celery says so every two seconds."""
    if time.monotonic() - getattr(sender, "noted_at", 0.0) >= heartbeats.EVERY:
        sender.noted_at = time.monotonic()
        heartbeats.note(*app.amqp.queues.consume_from)


@beat_init.connect
def beat_lives(**_kwargs: Any) -> None:
    """Leave a sign of life with whatever beat queues: the tick, every five seconds."""

    def note_beat(**_kwargs: Any) -> None:
        heartbeats.note(heartbeats.BEAT)

    after_task_publish.connect(note_beat, weak=False)


@beat_init.connect
def forget_missing_tasks(**_kwargs: Any) -> None:
    """Drop entries of the stored schedule whose task no longer exists; beat would queue them for ever."""
    from django_celery_beat.models import PeriodicTask, PeriodicTasks

    app.loader.import_default_modules()
    stale = PeriodicTask.objects.exclude(task__in=app.tasks.keys())
    if stale.delete()[0]:
        PeriodicTasks.update_changed()


@task_prerun.connect
def open_context(task_id: str, **_kwargs: Any) -> None:
    """Let the audit say which task changed something."""
    _contexts[task_id] = pghistory.context(task=task_id)
    _contexts[task_id].__enter__()


@task_postrun.connect
def close_context(task_id: str, **_kwargs: Any) -> None:
    _contexts.pop(task_id).__exit__(None, None, None)
