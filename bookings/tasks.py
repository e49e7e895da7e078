"""Upkeep of what is counted of bookings and lessons, called by beat; with nothing to do it costs one look."""

from celery import shared_task
from django.utils import timezone

from bookings.api.counts import remember_totals
from bookings.incoming import tasks as incoming
from bookings.lessons import steps
from bookings.money import kept
from bookings.payments.upkeep import fold_payments
from bookings.quality.counts import remember_problems
from bookings.quality.problems import find_problems
from bookings.services.counts import fold_booking_counts
from bookings.services.log import log_changes
from bookings.statistics import remember_people_of_streams, remember_viewed_of_streams
from hsl_dashboard.availability.ticks import Tick

# A worker finds tasks here.
__all__ = ["count_problems", "fold_lesson_steps", "fold_sums", "fold_waiting_payments", "incoming", "log_bookings"]


@shared_task(name="bookings.count_problems", base=Tick)
def count_problems() -> None:
    remember_problems(find_problems(may=lambda _permission: True, at=timezone.now(), anew=True))
    remember_people_of_streams()
    remember_viewed_of_streams()
    remember_totals()


@shared_task(name="bookings.fold_lesson_steps", base=Tick)
def fold_lesson_steps() -> None:
    steps.fold_steps()


@shared_task(name="bookings.fold_payments", base=Tick)
def fold_waiting_payments() -> None:
    fold_payments(at=timezone.now())


@shared_task(name="bookings.fold_money", base=Tick)
def fold_sums() -> None:
    kept.fold_money()
    fold_booking_counts()


@shared_task(name="bookings.log_changes", base=Tick)
def log_bookings() -> None:
    log_changes(timezone.now())
