"""Which messages each automation has to send at a moment; used by the tick and by the preview."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import DateField, Exists, OuterRef, Q, QuerySet, Value

from bookings.models import Booking, BookingChange, FreeLessonRegistration, PaymentRules, Stream
from bookings.notices import NoticeKind
from bookings.services.undoing import undoable_bookings
from messaging.models import Automation, Outbox
from messaging.models.outbox import STATUS_TOLD
from users.models import Event

# Messages that could not be sent for this long are dropped.
LATEST = timedelta(days=7)
# The bot's «Одобрить», which it logs in the student's name.
APPROVED = "payment_approved"
LOGGED_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Due:
    """One message of a rule: to whom, and about what. Each is sent once."""

    person_id: int
    booking: Booking | None = None
    change_id: int | None = None
    registration: FreeLessonRegistration | None = None
    occurs_on: date | None = None


def find_due(rule: Automation, *, at: datetime, limit: int) -> list[Due]:
    """List up to ``limit`` messages that the rule asks for at a moment and that are not in the outbox yet."""
    found: list[Due] = []
    for rows in due_rows(rule, at=at):
        found += [_due_of(row) for row in rows[: limit - len(found)]]
    return found


def count_due(rule: Automation, *, at: datetime) -> int:
    """How many ``find_due`` would give without a limit."""
    return sum(rows.count() for rows in due_rows(rule, at=at))


Rows = QuerySet[BookingChange] | QuerySet[Booking] | QuerySet[FreeLessonRegistration]


def due_rows(rule: Automation, *, at: datetime) -> Iterator[Rows]:
    """The due rows: one query, or one per stream that starts soon."""
    match rule.notice:
        case NoticeKind.COURSE_START:
            yield from _before_the_course(rule, at=at)
        case NoticeKind.FREE_LESSON:
            yield _before_the_lesson(rule, at=at)
        case _:
            yield _after_a_change(rule, at=at)


def _after_a_change(rule: Automation, *, at: datetime) -> QuerySet[BookingChange]:
    """Bookings that still have the status that they got ``rule.delay`` ago."""
    until = at - rule.delay
    later = BookingChange.objects.filter(booking=OuterRef("booking"), pk__gt=OuterRef("pk"), undone_at=None)
    changes = BookingChange.objects.filter(
        ~Exists(later),
        ~Exists(Outbox.objects.filter(rule=rule, change=OuterRef("pk"))),
        # The record outlives the booking; a deleted one has no status.
        booking__confirmed=STATUS_TOLD[rule.notice],
        status=STATUS_TOLD[rule.notice],
        changed_at__gte=max(rule.since(at), until - LATEST),
        changed_at__lte=until,
        told_at=None,
        undone_at=None,
    ).exclude(booking__in=undoable_bookings(at))
    if rule.notice == NoticeKind.CONFIRMED:
        changes = _without_approved_in_the_bot(changes, at=at)
    if rule.notice != NoticeKind.PAYMENT_REMINDER:
        # A booking that arrives already confirmed or cancelled was imported: nothing has happened to it.
        changes = changes.filter(is_new=False)
    return changes.select_related("booking__telegram_user").order_by("pk")


def _without_approved_in_the_bot(changes: QuerySet[BookingChange], *, at: datetime) -> QuerySet[BookingChange]:
    """Leave out what «Одобрить» confirmed in the bot: it writes to the student itself, ours would be a second message.

    The bot logs that it approved a moment after the status, so what raw SQL wrote is told once that moment is over.
    Staff may have set that the bot does not write.
    """
    approved = Event.objects.filter(
        telegram_user=OuterRef("telegram_user"),
        event_type=APPROVED,
        created_at__range=(OuterRef("changed_at") - LOGGED_WITHIN, OuterRef("changed_at") + LOGGED_WITHIN),
    )
    by_bot = Q(origin=BookingChange.Origin.RAW) & ~Exists(PaymentRules.objects.filter(bot_tells=False))
    return changes.exclude(by_bot & Q(changed_at__gt=at - LOGGED_WITHIN)).exclude(by_bot & Exists(approved))


def _before_the_course(rule: Automation, *, at: datetime) -> Iterator[QuerySet[Booking]]:
    first, last = rule.dates(at)
    for stream in Stream.objects.filter(starts_on__range=(first, last)).order_by("starts_on", "pk"):
        # By person, not by booking: one reminder for a person who booked the course twice.
        queued = Outbox.objects.filter(
            rule=rule,
            telegram_user=OuterRef("telegram_user"),
            booking__course=stream.course_id,
            occurs_on=stream.starts_on,
        )
        bookings = Booking.objects.for_stream(stream).confirmed().filter(~Exists(queued))
        bookings = bookings.exclude(pk__in=undoable_bookings(at))
        if not rule.include_earlier:
            since = BookingChange.objects.filter(
                booking=OuterRef("pk"), status=Booking.Status.CONFIRMED, changed_at__gte=rule.since(at)
            )
            bookings = bookings.filter(Exists(since))
        once = bookings.order_by("telegram_user", "pk").distinct("telegram_user")
        yield once.with_person().annotate(occurs_on=Value(stream.starts_on, output_field=DateField()))


def _before_the_lesson(rule: Automation, *, at: datetime) -> QuerySet[FreeLessonRegistration]:
    queued = Outbox.objects.filter(rule=rule, registration=OuterRef("pk"), occurs_on=OuterRef("lesson_date"))
    registrations = FreeLessonRegistration.objects.filter(
        # The bot may have reminded them itself.
        Q(notification_sent=None) | Q(notification_sent=False),
        ~Exists(queued),
        lesson_date__range=rule.dates(at),
    )
    if not rule.include_earlier:
        since = BookingChange.objects.filter(registration=OuterRef("pk"), changed_at__gte=rule.since(at))
        registrations = registrations.filter(Exists(since))
    return registrations.select_related("telegram_user").order_by("pk")


def _due_of(row: BookingChange | Booking | FreeLessonRegistration) -> Due:
    match row:
        case BookingChange(booking=Booking() as booking):
            return Due(booking.telegram_user_id, booking=booking, change_id=row.pk)
        case Booking():
            return Due(row.telegram_user_id, booking=row, occurs_on=row.occurs_on)  # type: ignore[attr-defined]
        case FreeLessonRegistration():
            return Due(row.telegram_user_id, registration=row, occurs_on=row.lesson_date)
    raise AssertionError(row)
