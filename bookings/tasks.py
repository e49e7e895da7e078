"""Upkeep of what is counted of bookings and lessons, called by beat; with nothing to do it costs one look."""

from celery import shared_task
from django.utils import timezone

from bookings.lessons import steps
from bookings.money import kept
from bookings.quality.counts import remember_problems
from bookings.quality.problems import find_problems
from hsl_dashboard.availability.ticks import Tick


@shared_task(name="bookings.count_problems", base=Tick)
def count_problems() -> None:
    remember_problems(find_problems(may=lambda _permission: True, at=timezone.now()))


@shared_task(name="bookings.fold_lesson_steps", base=Tick)
def fold_lesson_steps() -> None:
    steps.fold_steps()


@shared_task(name="bookings.fold_money", base=Tick)
def fold_money() -> None:
    kept.fold_money()
