"""Upkeep of the numbers and the morning digest, called by beat every minute."""

from celery import shared_task
from django.utils import timezone

from analytics import digest, rollups
from analytics.api.conversions import lesson_conversions
from analytics.queries import count_day
from hsl_dashboard.availability.ticks import Tick
from hsl_dashboard.web.days import school_day


@shared_task(name="analytics.bring_digests", base=Tick)
def bring_digests() -> None:
    """Send the digest of the morning, once a day for each who wants it."""
    digest.send_digests(at=timezone.now())


@shared_task(name="analytics.refresh_numbers", base=Tick)
def refresh_numbers() -> None:
    at = timezone.now()
    if rollups.refresh_numbers(at):
        # A day with very many rows is remembered, so that no page has to count it.
        count_day(school_day(at))
        lesson_conversions(anew=True)
