"""Upkeep of what is counted of free lessons, called by beat every minute; with nothing to do it costs one look."""

from celery import shared_task

from bookings.lessons import steps
from hsl_dashboard.availability.ticks import Tick


@shared_task(name="bookings.fold_lesson_steps", base=Tick)
def fold_lesson_steps() -> None:
    steps.fold_steps()
