"""Upkeep of what the pages of bookings show, called by beat."""

from celery import shared_task
from django.utils import timezone

from bookings.problem_counts import remember_problems
from bookings.quality import find_problems
from hsl_dashboard.availability.ticks import Tick


@shared_task(name="bookings.count_problems", base=Tick)
def count_problems() -> None:
    remember_problems(find_problems(may=lambda _permission: True, at=timezone.now()))
