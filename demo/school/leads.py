"""Who is busy in the bot these days, and what the school's own people do in it."""

from datetime import timedelta

from demo.school.people import new_person
from demo.school.rhythm import MOSCOW, moment_on
from demo.school.school import School
from users.models import TelegramUser

# How many people, how many events each, on how many days: hot, warm and cool leads of the last week.
WARMTH = ((5, (20, 30), 6), (14, (11, 18), 4), (40, (5, 9), 3))
VISITS = (
    ("view_program", 40), ("start_command", 25), ("free_lesson_info_viewed", 20), ("lesson_link_clicked", 10),
    ("unknown_callback", 5),
)  # fmt: skip


def warm_up_leads(school: School) -> None:
    """Let some who registered for a free lesson and did not book come back daily this week."""
    booked = {booking.telegram_user_id for booking in school.bookings}
    candidates = {lesson.telegram_user.user_id: lesson.telegram_user for lesson in reversed(school.lessons)}
    leads = [person for user_id, person in candidates.items() if user_id not in booked]
    for number, events, days in WARMTH:
        for _ in range(min(school.scaled(number), len(leads))):
            _visit_often(school, leads.pop(0), school.dice.randint(*events), days)


def _visit_often(school: School, person: TelegramUser, events: int, days: int) -> None:
    today = school.now.astimezone(MOSCOW).date()
    active = [today - timedelta(days=ago) for ago in school.dice.sample(range(7), days)]
    for number in range(events):
        at = moment_on(school.dice, active[number % days])
        if school.happened(at) and at > (person.first_seen_at or at):
            school.record(person, school.pick(VISITS), at, {"course_id": 1})
            person.updated_at = max(person.updated_at or at, at)


def visit_just_now(school: School) -> None:
    """Let a few people press buttons in the last hours, so that the newest events are minutes old."""
    people = [person for person in school.people if (person.updated_at or school.now) > school.now - timedelta(days=9)]
    for person in school.dice.sample(people, min(14, len(people))):
        at = school.now - timedelta(minutes=school.dice.expovariate(1 / 70))
        if at > (person.first_seen_at or at):
            school.record(person, school.pick(VISITS), at, {"course_id": 1})


def hire_administrators(school: School) -> TelegramUser:
    """Let two of the school's people ask the bot for its numbers every working day; give the owner of the coupons."""
    owner, *_ = admins = [new_person(school, seen_at=school.now - timedelta(days=340)) for _ in range(2)]
    owner.first_name, owner.username = "Сергей", "hsl_sergey"
    for days_ago in range(0, 330, 2):
        day = school.now.astimezone(MOSCOW).date() - timedelta(days=days_ago)
        at = moment_on(school.dice, day)
        if day.weekday() < 5 and school.happened(at):
            event_type = "referral_stats_requested" if days_ago % 10 == 0 else "stats_requested"
            school.record(school.dice.choice(admins), event_type, at, {})
    return owner
