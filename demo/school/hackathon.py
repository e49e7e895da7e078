"""The autumn hackathon: who registered."""

from datetime import timedelta

from bookings.models import HackathonRegistration
from demo.school.rhythm import MOSCOW, moment_on
from demo.school.school import School

REGISTRATIONS = 64
HELD_DAYS_AGO = 62


def hold_hackathon(school: School) -> None:
    """Let people who knew the bot by then register; one registration has lost its person."""
    held_on = school.now.astimezone(MOSCOW).date() - timedelta(days=HELD_DAYS_AGO)
    known = [p for p in school.people if p.first_seen_at and p.first_seen_at.astimezone(MOSCOW).date() < held_on]
    for person in school.dice.sample(known, min(school.scaled(REGISTRATIONS), len(known))):
        at = moment_on(school.dice, held_on - timedelta(days=school.dice.choice((0, 1, 1, 2, 3, 5, 8, 13))))
        school.hackathon.append(
            HackathonRegistration(
                telegram_user=person, username=person.username, created_at=max(at, person.first_seen_at or at)
            )
        )
    nobody = HackathonRegistration(
        telegram_user=None, username="lost_in_migration", created_at=moment_on(school.dice, held_on)
    )
    school.hackathon.append(nobody)
