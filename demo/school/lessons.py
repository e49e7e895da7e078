"""Free lessons: their calendar, who registers, who comes."""

from datetime import date, datetime, time, timedelta

from bookings.models import FreeLessonRegistration
from demo.school import names
from demo.school.rhythm import MOSCOW
from demo.school.school import School
from demo.school.walks import Walk

LESSON_TYPES = ("cursor_lesson", "vibecoding_lesson", "workshop_august", "hackathon_intro")
EVERY = timedelta(days=11)
AHEAD = 3  # lessons that are announced already


def upcoming_lesson(school: School, at: datetime) -> tuple[str, date]:
    """The lesson that the bot offers at a moment: its type and day. The next one after today is in three days."""
    next_one = school.now.astimezone(MOSCOW).date() + timedelta(days=3)
    ahead = (next_one - at.astimezone(MOSCOW).date()).days
    back = max(ahead - 1, 0) // EVERY.days
    # A few people register for one of the later lessons.
    back -= school.dice.choices(range(AHEAD), (85, 11, 4))[0]
    day = next_one - back * EVERY
    return LESSON_TYPES[back % len(LESSON_TYPES)], day


def goes_to_free_lesson(walk: Walk) -> bool:
    """Let a person look at the next free lesson, and perhaps register and come; say whether they registered."""
    lesson_type, day = upcoming_lesson(walk.school, walk.at)
    if not walk.does("free_lesson_info_viewed", after=40, lesson_type=lesson_type):
        return False
    if walk.school.chance(0.3) or not walk.does("free_lesson_registration_started", after=3, lesson_type=lesson_type):
        return False
    if walk.school.chance(0.16) or not walk.does("free_lesson_registered", after=2, lesson_type=lesson_type):
        return False
    registration = _register(walk, lesson_type, day)
    if registration is not None:
        _comes(walk, registration, day)
    return True


def _register(walk: Walk, lesson_type: str | None, day: date | None) -> FreeLessonRegistration | None:
    """Write the registration, or nothing when the person has registered for that lesson before."""
    school, person = walk.school, walk.person
    key = (person.user_id, lesson_type, day)
    if key in school.registered:
        return None
    school.registered.add(key)
    registration = FreeLessonRegistration(
        telegram_user=person,
        username=person.username,
        first_name=person.first_name,
        email=email_of(school, walk),
        registered_at=walk.at,
        notification_sent=False,
        lesson_type=lesson_type,
        # The bot stored no day in its first weeks, and still forgets one now and then.
        lesson_date=None if school.chance(0.04) else day,
    )
    school.lessons.append(registration)
    return registration


def _comes(walk: Walk, registration: FreeLessonRegistration, day: date) -> None:
    school = walk.school
    reminded_at = datetime.combine(day, time(12, 0), tzinfo=MOSCOW) + timedelta(seconds=school.dice.uniform(1, 300))
    if walk.waits_until(reminded_at) and school.chance(0.93):
        registration.notification_sent = True
        walk.does("free_lesson_reminder_sent", after=0.1, lesson_type=registration.lesson_type)
    begins = datetime.combine(day, time(18, 55), tzinfo=MOSCOW) + timedelta(minutes=school.dice.gauss(8, 6))
    if school.chance(0.64) and not walk.ended and walk.waits_until(begins):
        walk.does("lesson_link_clicked", after=1, lesson_type=registration.lesson_type)
        if school.chance(0.3):
            walk.does("lesson_link_clicked", after=60 * 20, lesson_type=registration.lesson_type)
    # The lesson may lie ahead; what the person does before it does not.
    walk.ended = False


def email_of(school: School, walk: Walk) -> str:
    local = walk.person.username or f"user{walk.person.user_id % 100_000}"
    return f"{local}@{names.EMAIL_HOSTS[walk.person.user_id % len(names.EMAIL_HOSTS)]}"
