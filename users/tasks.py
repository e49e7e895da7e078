"""Upkeep called by beat: the people's totals, answers of the API; with nothing to do each costs one index look."""

from celery import shared_task
from django.utils import timezone

from hsl_dashboard.availability.ticks import Tick
from users import totals
from users.tokens.services import forget_answers


@shared_task(name="users.fold_person_totals", base=Tick)
def fold_person_totals() -> None:
    totals.fold_marked_people()


@shared_task(name="users.cool_leads", base=Tick)
def cool_leads() -> None:
    totals.cool_leads()


@shared_task(name="users.forget_api_answers", base=Tick)
def forget_api_answers() -> None:
    forget_answers(at=timezone.now())
