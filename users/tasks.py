"""Upkeep called by beat: people's totals, leads, answers of the API; with nothing to do each is one quick look."""

from celery import shared_task
from django.utils import timezone

from hsl_dashboard.availability.ticks import Tick
from users import leads, totals
from users.tokens.services import forget_answers


@shared_task(name="users.fold_person_totals", base=Tick)
def fold_person_totals() -> None:
    totals.fold_marked_people()


@shared_task(name="users.cool_leads", base=Tick)
def cool_leads() -> None:
    totals.cool_leads()


@shared_task(name="users.recount_leads", base=Tick)
def recount_leads() -> None:
    leads.apply_lead_rules()


@shared_task(name="users.forget_api_answers", base=Tick)
def forget_api_answers() -> None:
    forget_answers(at=timezone.now())
