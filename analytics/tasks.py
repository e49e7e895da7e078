"""Upkeep of the numbers, called by beat every minute."""

from celery import shared_task
from django.utils import timezone

from analytics import rollups
from hsl_dashboard.availability.ticks import Tick


@shared_task(name="analytics.refresh_numbers", base=Tick)
def refresh_numbers() -> None:
    rollups.refresh_numbers(timezone.now())
