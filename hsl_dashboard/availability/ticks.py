"""Tasks of beat: of ticks that piled up while nobody worked, one is worked off and the others are passed over."""

from typing import Any

from celery import Task
from django.conf import settings

from hsl_dashboard.availability import heartbeats


class Tick(Task):
    """A periodic task. ``expires`` would compare two machines' clocks: a worker that was ahead dropped every tick."""

    abstract = True

    def __call__(self, *args: Any, **options: Any) -> Any:
        every: Any = settings.CELERY_BEAT_SCHEDULE[self.name]["schedule"]  # seconds
        # Somewhat less: beat is not exact, and the next tick must not count as the same.
        if not self.request.called_directly and not heartbeats.is_first_within(self.name, 0.8 * every):
            return None
        result = self.run(*args, **options)
        heartbeats.note_tick(self.name)
        return result
