"""How people go from /start to a paid place: the funnel, told as one person's journey after another."""

from datetime import datetime, timedelta

from bookings.models import Booking, Stream
from demo.school import names
from demo.school.lessons import goes_to_free_lesson
from demo.school.people import new_person
from demo.school.rhythm import MOSCOW, day_between, moment_on
from demo.school.school import School
from demo.school.streams import COHORTS, CURRENT, EXTRA, MENTORING
from demo.school.walks import Walk

Status = Booking.Status
# The names that the bot writes into its events.
STATUS_NAMES = {0: "pending", 1: "payment_uploaded", 2: "approved", -1: "cancelled"}
HOUR, DAY = 60, 24 * 60  # minutes


def walk_all_journeys(school: School, *, people: int) -> None:
    """Let ``people`` come to the bot, campaign after campaign."""
    shares = sum(share for *_, share, _ago in COHORTS)
    left = people
    for code, _name, _places, share, _ago in COHORTS:
        number = left if code == CURRENT else round(people * share / shares)
        left -= number
        for _ in range(number):
            _journey(school, school.streams[code])


def _journey(school: School, stream: Stream) -> None:
    arrived_at = _arrival(school, stream)
    person = new_person(school, seen_at=arrived_at)
    walk = Walk(school, person, arrived_at)
    school.record(person, "start_command", arrived_at, {"username": person.username, "first_name": person.first_name})
    _looks_around(walk)
    if school.chance(0.74):
        goes_to_free_lesson(walk)
    if school.chance(0.4):
        _looks_around(walk)
    # Who is new in the current campaign has had less time to decide.
    if school.chance(0.69 if stream.code != CURRENT else 0.62):
        booking = _books(walk, stream)
        if booking is not None:
            _stays_in_touch(walk, booking)
    elif school.chance(0.75):
        _comes_back(walk)
    person.updated_at = walk.at


def _arrival(school: School, stream: Stream) -> datetime:
    assert stream.campaign_starts_on is not None and stream.starts_on is not None
    today = school.now.astimezone(MOSCOW).date()
    last = min(stream.starts_on - timedelta(days=1), today)
    # The rush before the start of the current stream is still ahead.
    day = day_between(school.dice, stream.campaign_starts_on, last, late=0.35)
    moment = moment_on(school.dice, day)
    while not school.happened(moment):
        moment -= timedelta(hours=school.dice.choice((7, 11, 24)))
    return moment


def _looks_around(walk: Walk) -> None:
    """Read the programme and press buttons, some of them old ones."""
    school = walk.school
    for _ in range(school.dice.choices((1, 2, 3, 4), (40, 30, 20, 10))[0]):
        if school.chance(0.86):
            walk.does("view_program", after=school.dice.choice((2, 4, 9 * HOUR)), course_id=1)
        if school.chance(0.45):
            walk.does("start_command", after=1.3 * DAY)
        if school.chance(0.14):
            walk.does("unknown_callback", after=5, data=school.dice.choice(("old_menu", "course_page_3", "faq")))
        if school.chance(0.1):
            walk.does("session_reset", after=2)


def _books(walk: Walk, stream: Stream) -> Booking | None:
    """Book a place and walk it through payment; None when the decision still lies ahead."""
    school = walk.school
    if not walk.does("view_program", after=6 * HOUR, course_id=stream.course.pk) or not walk.waits(18 * HOUR):
        return None
    booking = make_booking(school, walk, stream)
    fate = school.dice.random()
    if fate < 0.12:
        return booking  # never heard of again: stays a new request
    if fate < 0.19:
        _cancels(walk, booking)
        return booking
    if not _pays(walk, booking, kind="alternative_payment_proof" if fate > 0.96 else "payment_proof_uploaded"):
        return booking
    if fate < 0.28:
        # The picture was not a receipt: half give up, half are still asked for a better one.
        _replies(walk)
        if school.chance(0.5):
            _cancels(walk, booking)
        return booking
    _is_approved(walk, booking)
    if fate < 0.33 and booking.confirmed == Status.CONFIRMED:
        _is_refunded(walk, booking)
    return booking


def make_booking(school: School, walk: Walk, stream: Stream) -> Booking:
    """Book a place for the walker now, as the bot does: a new request."""
    booking = Booking(
        telegram_user=walk.person,
        username=walk.person.username,
        first_name=walk.person.first_name,
        course=stream.course,
        course_stream=stream.code,
        confirmed=Status.NEW,
        created_at=walk.at,
    )
    school.bookings.append(booking)
    details = {"course_id": stream.course.pk, "course_stream": stream.code}
    school.record(walk.person, "booking_created", walk.at, details, booking=booking)
    return booking


def _moves(walk: Walk, booking: Booking, to: int, *, after: float = 0.2, reason: str = "") -> bool:
    old = booking.confirmed or 0
    names_of = {"old_status_name": STATUS_NAMES[old], "new_status_name": STATUS_NAMES[to]}
    moved = walk.does("booking_status_changed", after=after, booking=booking, old_status=old, new_status=to, **names_of)
    if moved:
        walk.school.change_status(booking, to, walk.at, reason=reason)
    return moved


def _pays(walk: Walk, booking: Booking, *, kind: str) -> bool:
    return walk.does(kind, after=11 * HOUR, booking=booking) and _moves(walk, booking, Status.PENDING)


def _is_approved(walk: Walk, booking: Booking) -> None:
    if walk.waits(7 * HOUR) and _moves(walk, booking, Status.CONFIRMED):
        walk.does("payment_approved", after=0.1, booking=booking)


def _cancels(walk: Walk, booking: Booking) -> None:
    if walk.does("booking_cancelled", after=3 * DAY, booking=booking):
        _moves(walk, booking, Status.CANCELLED)


def _is_refunded(walk: Walk, booking: Booking) -> None:
    if walk.waits(6 * DAY):
        _moves(walk, booking, Status.CANCELLED, reason=names.OVERRIDE_REASONS[2])


def _replies(walk: Walk) -> None:
    words = walk.school.dice.choice(names.STUDENT_RESPONSES)
    walk.does("student_response", after=5 * HOUR, message_type="text", booking_status=1, message_text=words)


def _stays_in_touch(walk: Walk, booking: Booking) -> None:
    """What happens after a booking: lessons, questions, another try, the next course."""
    school = walk.school
    if booking.confirmed == Status.CONFIRMED:
        for _ in range(school.dice.randrange(1, 6)):
            if school.chance(0.7):
                walk.does("lesson_link_clicked", after=6 * DAY)
            if school.chance(0.25):
                _replies(walk)
        if school.chance(0.17) and walk.waits(25 * DAY):
            _goes_on(walk)
    elif booking.confirmed == Status.CANCELLED and school.chance(0.4) and walk.waits(9 * DAY):
        _tries_again(walk)
    elif school.chance(0.6):
        _comes_back(walk)


def _goes_on(walk: Walk) -> None:
    """A graduate takes mentoring or the second course."""
    stream = walk.school.streams[MENTORING if walk.school.chance(0.5) else EXTRA]
    if walk.does("view_program", after=DAY, course_id=stream.course.pk) and walk.waits(DAY):
        booking = make_booking(walk.school, walk, stream)
        if walk.school.chance(0.8) and _pays(walk, booking, kind="payment_proof_uploaded"):
            _is_approved(walk, booking)


def _tries_again(walk: Walk) -> None:
    """Who cancelled books the stream that sells by then."""
    today = walk.at.astimezone(MOSCOW).date()
    cohorts = [walk.school.streams[code] for code, *_ in COHORTS]
    stream = next(stream for stream in cohorts if stream.starts_on is not None and stream.starts_on > today)
    if walk.does("view_program", after=12 * HOUR, course_id=1):
        booking = make_booking(walk.school, walk, stream)
        if walk.school.chance(0.7) and _pays(walk, booking, kind="payment_proof_uploaded"):
            _is_approved(walk, booking)


def _comes_back(walk: Walk) -> None:
    """Return after weeks, look, go again."""
    for _ in range(walk.school.dice.randrange(1, 5)):
        if not walk.does("start_command", after=16 * DAY):
            return
        if walk.school.chance(0.6):
            walk.does("view_program", after=4, course_id=1)
        if walk.school.chance(0.35):
            goes_to_free_lesson(walk)
