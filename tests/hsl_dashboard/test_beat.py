"""Beat and a clock that steps back: without this it queues nothing until the clock has caught up."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from hsl_dashboard.availability import beat
from hsl_dashboard.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture
def task() -> PeriodicTask:
    every, _made = IntervalSchedule.objects.get_or_create(every=5, period=IntervalSchedule.SECONDS)
    ahead = timezone.now() + timedelta(hours=1)
    return PeriodicTask.objects.create(name="tick", task="messaging.tick", interval=every, last_run_at=ahead)


def test_a_task_that_ran_an_hour_ahead_is_due_again_after_its_usual_time(task):
    entry = beat.SteadyEntry(task, app=app)

    is_due, soon = entry.is_due()

    assert not is_due
    assert 0 < soon <= 5
    assert abs(entry.model.last_run_at - timezone.now()) < timedelta(seconds=5)


def test_all_is_planned_anew_when_the_clock_has_stepped_back_and_only_then(monkeypatch):
    scheduler: Any = beat.SteadyScheduler.__new__(beat.SteadyScheduler)
    planned_anew = []
    monkeypatch.setattr(beat.DatabaseScheduler, "tick", lambda self: planned_anew.append(self._heap is None))
    now = 1_000_000.0
    for moment in (now, now + 5, now + 4, now - 3_600, now - 3_595):
        scheduler._heap = ["planned"]
        monkeypatch.setattr(beat.time, "time", lambda moment=moment: moment)
        scheduler.tick()

    assert planned_anew == [False, False, False, True, False]
