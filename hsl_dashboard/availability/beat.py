"""Beat that goes on when the clock steps back; it would wait, for an hour or more, until the clock had caught up."""

import time
from datetime import datetime, timedelta
from typing import Any

from celery.utils.time import maybe_make_aware
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

STEP = timedelta(seconds=2)  # two looks are at most five seconds apart, and a clock that is set slowly steps by less


class SteadyEntry(ModelEntry):
    """An entry that has run at a moment which the clock has not reached yet ran now; beat stores that moment too."""

    last_run_at: datetime

    def is_due(self) -> Any:
        now = maybe_make_aware(self._default_now())
        if maybe_make_aware(self.last_run_at) > now + STEP:
            self.last_run_at = self.model.last_run_at = now
        return super().is_due()


class SteadyScheduler(DatabaseScheduler):
    """Looks at every entry anew once the clock has stepped back: the moments that it had planned are of before."""

    Entry = SteadyEntry
    _seen_at = 0.0

    def tick(self, *args: Any, **options: Any) -> Any:
        now = time.time()
        if now < self._seen_at - STEP.total_seconds():
            self._heap = None
        self._seen_at = now
        return super().tick(*args, **options)
