"""Upkeep of the people's totals, called by beat; with nobody to count each is one quick look."""

from celery import shared_task

from hsl_dashboard.availability.ticks import Tick
from users import leads, totals


@shared_task(name="users.fold_person_totals", base=Tick)
def fold_person_totals() -> None:
    totals.fold_marked_people()


@shared_task(name="users.cool_leads", base=Tick)
def cool_leads() -> None:
    totals.cool_leads()


@shared_task(name="users.recount_leads", base=Tick)
def recount_leads() -> None:
    leads.apply_lead_rules()
