"""Stores the demo school: COPY into empty tables, in one transaction."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pgtrigger
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models.expressions import DatabaseDefault
from django.utils import timezone

from bookings.lessons.steps import fold_steps
from bookings.models import Booking, Course, FreeLessonRegistration, HackathonRegistration, ReferralCoupon, Stream
from bookings.payments.upkeep import rebuild_payments
from demo.school.history import write_audit, write_record
from demo.school.school import School
from messaging.inbox.folding import fold_texts
from messaging.models import Broadcast, Conversation, Recipient
from messaging.models.recipient_types import RecipientType
from users.models import Event, TelegramUser

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
        # The school brings the history of its bookings along, under the days on which it happened.
        with pgtrigger.ignore("bookings.Booking:insert_insert", "bookings.Booking:record_status_change"):
            _store_rows(school)
        fold_steps()
        rebuild_payments(at=school.now)
        fold_texts()
        _hold_conversations()


def _hold_conversations() -> None:
    """Let conversations stand as they would: those that were answered, put aside, closed."""
    answers = Recipient.objects.filter(message__recipient_type=RecipientType.ANSWER).select_related("message")
    for answer in answers.order_by("sent_at"):
        Conversation.objects.filter(pk=answer.telegram_user_id, last_text_at__lt=answer.sent_at).update(
            state=Conversation.State.ANSWERED,
            last_answer=answer.message,
            last_answer_at=answer.sent_at,
            waiting_since=None,
        )
    waiting = list(Conversation.objects.open().order_by("last_text_at").values_list("pk", flat=True))
    for place, state in enumerate((Conversation.State.SNOOZED, Conversation.State.CLOSED, Conversation.State.WAITING)):
        people = waiting[place : len(waiting) // 2 : 4]
        until = timezone.now() + timedelta(days=1 + place) if state == Conversation.State.SNOOZED else None
        Conversation.objects.filter(pk__in=people).update(state=state, snoozed_until=until)


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
    tables: tuple[Sequence[models.Model], ...] = (
        school.people,
        school.coupons,
        school.bookings,
        write_audit(school),
        write_record(school),
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
        # pgtrigger.ignore rides on execute(); COPY alone would not carry it to the server.
        cursor.execute("SELECT 1")
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
