"""Upkeep of the people's totals, called by beat every minute; with nothing to do each costs one index look."""

from celery import shared_task

from users import totals


@shared_task(name="users.fold_person_totals")
def fold_person_totals() -> None:
    totals.fold_marked_people()


@shared_task(name="users.cool_leads")
def cool_leads() -> None:
    totals.cool_leads()
