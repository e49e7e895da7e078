"""Stores the demo school: COPY into empty tables, in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Count, Max
from django.db.models.expressions import DatabaseDefault

from bookings.lessons.steps import fold_steps
from bookings.models import (
    Booking,
    BookingChange,
    Course,
    FreeLessonRegistration,
    HackathonRegistration,
    ReferralCoupon,
    Stream,
)
from bookings.payments.upkeep import rebuild_payments
from demo.school.history import write_record
from demo.school.school import School
from messaging.models import Broadcast, Conversation, Recipient, StudentText
from messaging.models.recipient_types import RecipientType
from users.models import Event, TelegramUser

# Of the texts of the last days: most are unread.
AS_THEY_STAND = (
    Conversation.State.UNREAD,
    Conversation.State.WAITING,
    Conversation.State.UNREAD,
    Conversation.State.SNOOZED,
    Conversation.State.UNREAD,
    Conversation.State.CLOSED,
)
# A school that has any of these is somebody's, and is left alone. Courses and streams come with the migrations.
MUST_BE_EMPTY: tuple[type[models.Model], ...] = (
    TelegramUser,
    Event,
    Booking,
    FreeLessonRegistration,
    ReferralCoupon,
    HackathonRegistration,
    Broadcast,
)


class DatabaseNotEmpty(Exception):
    """The database holds rows of ``model`` already."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(model._meta.db_table)
        self.model = model


def store_school(school: School) -> None:
    """Write the whole school, or nothing.

    Raises:
        DatabaseNotEmpty: a table holds rows; nothing was written.
    """
    with transaction.atomic():
        _refuse_unless_empty()
        _store_courses(school)
        _store_rows(school)
        fold_steps()
        rebuild_payments(at=school.now)
        _hold_conversations(school.now)


def _hold_conversations(now: datetime) -> None:
    """Let conversations stand as they would: those that were answered, put aside, closed, and those that wait."""
    answers = Recipient.objects.filter(message__recipient_type=RecipientType.ANSWER).order_by("sent_at")
    answered = {answer.telegram_user_id: answer for answer in answers}
    texts = StudentText.objects.order_by("telegram_user").values("telegram_user")
    written = texts.annotate(texts=Count("pk"), last=Max("written_at")).values_list("telegram_user", "texts", "last")
    conversations = []
    for place, (person, count, last) in enumerate(written):
        answer = answered.get(person)
        one = Conversation(telegram_user_id=person, texts=count, last_text_at=last, state=Conversation.State.CLOSED)
        if answer and answer.sent_at:
            one.last_answer, one.last_answer_at = answer.message, answer.sent_at
        if one.last_answer_at and one.last_answer_at > last:
            one.state = Conversation.State.ANSWERED
        elif last > now - timedelta(days=14):
            one.state = AS_THEY_STAND[place % len(AS_THEY_STAND)]
            one.waiting_since = last
        if one.state == Conversation.State.SNOOZED:
            one.snoozed_until = now + timedelta(days=1)
        conversations.append(one)
    Conversation.objects.bulk_create(conversations)
    StudentText.objects.update(folded=True)


def _refuse_unless_empty() -> None:
    for model in MUST_BE_EMPTY:
        if model._default_manager.exists():
            raise DatabaseNotEmpty(model)


def _store_courses(school: School) -> None:
    """Give the courses and streams that the migrations made their texts and dates, and add the missing ones."""
    for course in school.courses.values():
        values = {f.name: getattr(course, f.name) for f in Course._meta.concrete_fields if not _is_left_out(course, f)}
        Course.objects.update_or_create(id=course.pk, defaults=values)
    _continue_numbers(Course)
    for stream in school.streams.values():
        fields = ("name", "capacity", "starts_on", "campaign_starts_on", "is_current", "price", "currency")
        values = {name: getattr(stream, name) for name in fields}
        Stream.objects.update_or_create(course_id=stream.course.pk, code=stream.code, defaults=values)


def _store_rows(school: School) -> None:
    _store(school.people, school.coupons, school.bookings)
    # The school brings the record of its bookings along, under the days on which it happened.
    BookingChange.objects.all().delete()
    _store(write_record(school))
    with connection.cursor() as cursor:
        cursor.execute("SELECT confirmation_keep(id) FROM bookings WHERE confirmed = 2 ORDER BY id")
    _store(
        school.payments,
        school.coupon_usages,
        school.lessons,
        school.hackathon,
        school.events,
        school.blocked,
        school.broadcasts,
        school.recipients,
        school.drafts,
    )


def _store(*tables: Sequence[models.Model]) -> None:
    for rows in tables:
        if rows:
            _copy(rows)
            _continue_numbers(type(rows[0]))


def _copy(rows: Sequence[models.Model]) -> None:
    """Write rows of one table; a column that a row does not set gets the database's default."""
    meta = rows[0]._meta
    alike: dict[tuple[models.Field[Any, Any], ...], list[models.Model]] = {}
    for row in rows:
        fields = tuple(field for field in meta.concrete_fields if not _is_left_out(row, field))
        alike.setdefault(fields, []).append(row)
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for fields, group in alike.items():
            columns = ", ".join(quote(str(field.column)) for field in fields)
            with cursor.copy(f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN") as copy:
                for row in group:
                    copy.write_row([_value(row, field) for field in fields])


def _value(row: models.Model, field: "models.Field[Any, Any]") -> object:
    return field.get_db_prep_save(getattr(row, field.attname), connection)


def _is_left_out(row: models.Model, field: "models.Field[Any, Any]") -> bool:
    return isinstance(getattr(row, field.attname), DatabaseDefault)


def _continue_numbers(model: type[models.Model]) -> None:
    """Let the table's own numbering go on after the last row."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)
