"""The Celery application: workers and beat start here."""

import os
import time
from typing import Any, NoReturn

import pghistory
from celery import Celery, platforms, states
from celery.signals import (
    after_task_publish,
    beat_init,
    before_task_publish,
    heartbeat_sent,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
)

from hsl_dashboard.availability import heartbeats, limits, tallies
from hsl_dashboard.watching.rounds import start_rounds
from hsl_dashboard.web import logs

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
def beat_ends(**_kwargs: Any) -> None:
    """Leave by SystemExit where a signal comes; beat writes its schedule on the way out.

    Celery's own handlers, set before this, write it at once. In the middle of a query of beat's that can wait for ever:
    the connection is locked by the very thread that the handler has stopped.
    """

    def leave(_number: int, _frame: object) -> NoReturn:
        raise SystemExit

    platforms.signals.update(SIGTERM=leave, SIGINT=leave)


@beat_init.connect
def watch_beside_beat(**_kwargs: Any) -> None:
    """Look around from here too: beat needs neither the pages nor a worker."""
    start_rounds()


@beat_init.connect
def forget_missing_tasks(**_kwargs: Any) -> None:
    """Drop entries of the stored schedule whose task no longer exists; beat would queue them for ever."""
    from django_celery_beat.models import PeriodicTask, PeriodicTasks

    app.loader.import_default_modules()
    stale = PeriodicTask.objects.exclude(task__in=app.tasks.keys())
    if stale.delete()[0]:
        PeriodicTasks.update_changed()


@setup_logging.connect
def log_as_django(**_kwargs: Any) -> None:
    """Leave the logs of workers and beat to settings.LOGGING: whoever hears this signal has taken them over."""


@before_task_publish.connect
def pass_request_on(headers: dict[str, Any], **_kwargs: Any) -> None:
    """Let the lines of a task name the request that asked for it."""
    if name := logs.request_id.get():
        headers["hsl_request"] = name


@task_prerun.connect
def open_context(task_id: str, task: Any, **_kwargs: Any) -> None:
    """Let the audit and the log say which task it is, and for whom."""
    logs.task_id.set(task_id)
    logs.request_id.set(task.request.get("hsl_request") or "")
    _contexts[task_id] = pghistory.context(task=task_id)
    _contexts[task_id].__enter__()


@task_postrun.connect
def close_context(task_id: str, **_kwargs: Any) -> None:
    _contexts.pop(task_id).__exit__(None, None, None)
    # What Celery says behind this, «succeeded in …», names the task by itself.
    logs.task_id.set("")
    logs.request_id.set("")


@task_postrun.connect
def count_task(task: Any, state: str | None = None, **_kwargs: Any) -> None:
    """Count what ended and how, for /metrics and alerts; the names are ours, so there are few."""
    counts = {("task", f"{task.name} {(state or 'unknown').lower()}"): 1}
    if state == states.FAILURE:
        counts["error", "task"] = 1
    tallies.add_up(counts)
