"""The record of status changes: who, why and from where, whoever wrote it; and the two pages that tell it."""

from datetime import UTC, datetime, timedelta

import pghistory
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings.history import booking_history
from bookings.labels import Labels
from bookings.models import Booking, BookingChange
from bookings.services.making import create_booking
from bookings.services.statuses import change_booking_status
from hsl_dashboard.db import run_sql
from tests.database_roles import owner_role
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.person.timeline import TimelinePlace, read_timeline

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
CANCELLED, NEW, PENDING, CONFIRMED = -1, 0, 1, 2

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking():
    return BookingFactory.create(confirmed=PENDING)


def raw(booking, *statuses):
    """What the bot does, on a connection that a service may have used before."""
    for status in statuses:
        run_sql("UPDATE bookings SET confirmed = %s WHERE id = %s", [status, booking.pk])


def adopted(booking):
    """Take away what the record has, as of a booking that is older than the record."""
    BookingChange.objects.filter(booking=booking).delete()


def told_by_the_bot(booking, old, new, *, at, person=None):
    EventFactory.create(
        telegram_user=person or booking.telegram_user,
        event_type="booking_status_changed",
        details={"booking_id": booking.pk, "old_status": old, "new_status": new},
        created_at=at,
    )


def on_its_page(booking):
    """The statuses that the booking's page tells, oldest first."""
    entries = booking_history(Booking.objects.get(pk=booking.pk), Labels.read())
    return [(entry.status.old, entry.status.new) for entry in entries[::-1] if entry.status and not entry.is_made]


def on_the_persons_page(booking, staff, person=None):
    entries = read_timeline((person or booking.telegram_user).pk, by=staff, kind="status").entries
    return [(entry.data["old"]["status"], entry.data["new"]["status"]) for entry in entries[::-1]]


# Who, why and from where ----------------------------------------------------------------------------------------------


def test_the_bot_has_no_name_and_no_reason(booking):
    raw(booking, CONFIRMED)

    made, change = booking.changes.order_by("pk")
    assert (made.is_new, made.was, made.status) == (True, None, PENDING)
    assert (change.is_new, change.was, change.status) == (False, PENDING, CONFIRMED)
    assert {(row.changed_by, row.reason, row.origin) for row in (made, change)} == {(None, "", "raw")}
    assert {row.telegram_user for row in (made, change)} == {booking.telegram_user}


def test_a_click_on_a_page_is_recorded_with_who_and_why(staff_client, staff, booking):
    raw(booking, CANCELLED)

    staff_client.post(
        reverse("bookings:booking_status", args=[booking.pk]),
        {"to": PENDING, "expected": CANCELLED, "sure": "on", "reason": " передумала "},
    )

    change = booking.changes.latest("pk")
    assert (change.was, change.status) == (CANCELLED, PENDING)
    assert (change.changed_by, change.reason, change.origin) == (staff, "передумала", "page")


def test_a_booking_made_by_staff_is_recorded_with_who(staff):
    stream, person = StreamFactory.create(), TelegramUserFactory.create()

    booking = create_booking(
        person=person, course=stream.course, stream_code=stream.code, status=PENDING, by=staff, at=AT, reason="звонила"
    )

    made = booking.changes.get()
    assert (made.is_new, made.changed_by, made.reason, made.origin) == (True, staff, "звонила", "service")


@pytest.mark.parametrize("user", ["", "nobody", -1, 10**12, None, [1], {"id": 1}])
def test_a_context_that_names_nobody_stops_no_write(booking, user):
    with pghistory.context(user=user, reason=None, origin="x" * 100):
        Booking.objects.filter(pk=booking.pk).update(confirmed=CONFIRMED)

    change = booking.changes.latest("pk")
    assert (change.changed_by_id, change.reason, change.origin) == (None, "", "x" * 20)


def test_somebody_whose_account_is_gone_is_not_taken_for_the_bot(booking):
    staff = UserFactory.create()
    number = staff.pk
    change_booking_status(booking=booking, to=CONFIRMED, by=staff, at=AT)
    staff.delete()

    newest = booking_history(booking, Labels.read())[0]

    assert str(number) in newest.actor


def test_a_registration_is_recorded_with_its_person():
    registration = FreeLessonRegistrationFactory.create()

    change = BookingChange.objects.get(registration=registration)
    assert (change.telegram_user, change.is_new, change.origin) == (registration.telegram_user, True, "raw")


@pytest.mark.django_db(transaction=True)
def test_the_bot_after_staff_on_the_same_connection_is_the_bot(staff, booking):
    change_booking_status(booking=booking, to=CONFIRMED, by=staff, at=AT)

    raw(booking, CANCELLED)

    change = booking.changes.latest("pk")
    assert (change.changed_by, change.origin) == (None, "raw")


def test_the_audit_has_no_row_for_a_status_alone(booking):
    raw(booking, CONFIRMED, CANCELLED)
    assert booking.events.count() == 0  # the bot's row is its own record

    Booking.objects.filter(pk=booking.pk).update(confirmed=NEW, discount_percent=50)
    labels = booking.events.order_by("pgh_id").values_list("pgh_label", "discount_percent")
    assert list(labels) == [("insert", 0), ("update", 50)]
    assert booking.changes.latest("pk").status == NEW


# Both pages -----------------------------------------------------------------------------------------------------------


def test_changes_in_one_transaction_are_told_in_their_order_on_both_pages(staff, booking):
    moves = [(PENDING, CONFIRMED), (CONFIRMED, PENDING), (PENDING, CANCELLED), (CANCELLED, None), (None, CONFIRMED)]
    with transaction.atomic():
        raw(booking, *(new for _, new in moves))

    assert len({change.changed_at for change in booking.changes.all()}) == 1
    assert on_its_page(booking) == on_the_persons_page(booking, staff) == moves


def test_a_field_and_a_status_changed_in_one_statement_are_told_each(staff, booking):
    Booking.objects.filter(pk=booking.pk).update(confirmed=CONFIRMED, discount_percent=50)

    history = booking_history(booking, Labels.read())
    told = read_timeline(booking.telegram_user_id, by=staff)

    assert [bool(entry.fields) for entry in history if not entry.is_made].count(True) == 1
    assert on_its_page(booking) == [(PENDING, CONFIRMED)]
    assert sorted(entry.kind for entry in told.entries) == ["booking", "booking", "status"]


def test_an_event_never_shows_beside_the_record_whenever_it_is_written(staff, booking):
    raw(booking, CONFIRMED)
    for later in (timedelta(0), timedelta(seconds=2), timedelta(minutes=5), timedelta(days=400)):
        told_by_the_bot(booking, PENDING, CONFIRMED, at=timezone.now() + later)

    assert on_its_page(booking) == on_the_persons_page(booking, staff) == [(PENDING, CONFIRMED)]


def test_events_tell_what_happened_before_the_record_began_and_the_record_the_rest(staff, booking):
    adopted(booking)
    now = timezone.now()
    told_by_the_bot(booking, NEW, PENDING, at=now - timedelta(days=9))
    told_by_the_bot(booking, PENDING, CONFIRMED, at=now - timedelta(days=8))
    told_by_the_bot(booking, CONFIRMED, PENDING, at=now - timedelta(seconds=5))
    raw(booking, CONFIRMED)
    told_by_the_bot(booking, PENDING, CONFIRMED, at=now + timedelta(seconds=1))

    moves = [(NEW, PENDING), (PENDING, CONFIRMED), (CONFIRMED, PENDING), (PENDING, CONFIRMED)]
    assert on_its_page(booking) == on_the_persons_page(booking, staff) == moves


@pytest.mark.django_db(transaction=True)
def test_the_first_change_that_the_record_has_is_told_once_though_its_event_is_stamped_before_it(staff, booking):
    adopted(booking)
    told_by_the_bot(booking, NEW, PENDING, at=AT - timedelta(days=3))

    change_booking_status(booking=booking, to=CONFIRMED, by=staff, at=timezone.now() - timedelta(seconds=3))

    assert on_its_page(booking) == on_the_persons_page(booking, staff) == [(NEW, PENDING), (PENDING, CONFIRMED)]


def test_an_administrator_of_the_bot_keeps_their_presses(staff, booking):
    administrator = TelegramUserFactory.create()
    raw(booking, CONFIRMED)
    told_by_the_bot(booking, PENDING, CONFIRMED, at=timezone.now(), person=administrator)

    assert on_the_persons_page(booking, staff, administrator) == [(PENDING, CONFIRMED)]
    assert on_its_page(booking) == on_the_persons_page(booking, staff) == [(PENDING, CONFIRMED)]


def test_a_booking_that_is_deleted_is_kept_as_it_was_made_too(booking):
    number, made_at = booking.pk, booking.created_at
    Booking.objects.filter(pk=number).delete()

    history = apps.get_model("bookings.BookingEvent").objects.filter(pgh_obj_id=number).order_by("pgh_id")

    assert list(history.values_list("pgh_label", flat=True)) == ["insert", "delete"]
    assert history[0].pgh_created_at == made_at


def test_the_first_edit_of_a_booking_tells_what_was_there_before(staff_client, booking):
    with owner_role():
        booking.events.all().delete()  # as of a booking that is older than the audit
    Booking.objects.filter(pk=booking.pk).update(discount_percent=50)
    Booking.objects.filter(pk=booking.pk).update(discount_percent=70)

    [first, second] = [entry.fields for entry in booking_history(booking, Labels.read())[::-1] if entry.fields]

    assert [(field.old, field.new) for field in (*first, *second)] == [("0", "50"), ("50", "70")]


def test_an_edit_whose_old_values_nobody_keeps_any_more_is_told_as_one(staff_client, booking):
    Booking.objects.filter(pk=booking.pk).update(discount_percent=50)
    with owner_role():
        booking.events.filter(pgh_label="insert").delete()

    page = staff_client.get(reverse("bookings:booking_detail", args=[booking.pk])).content.decode()

    assert "Прежние значения не сохранились" in page


# Speed ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def long_record(booking):
    """Others' changes and events, so many that reading them all would be seen in the plan."""
    with owner_role(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bookings_bookingchange (booking_id, user_id, was, status, is_new, changed_at)"
            " SELECT 10000000 + i, 10000000 + i, 0, 1, false, now() - i * interval '1 minute'"
            " FROM generate_series(1, 20000) AS i"
        )
        cursor.execute(
            "INSERT INTO events (user_id, event_type, created_at, details)"
            " SELECT %s + i %% 1000, 'booking_status_changed', now() - i * interval '1 minute',"
            " jsonb_build_object('booking_id', 10000000 + i, 'old_status', 0, 'new_status', 1)"
            " FROM generate_series(1, 5000) AS i",
            [booking.telegram_user_id],
        )
        cursor.execute("ANALYZE bookings_bookingchange, events")


def plans_of(read) -> str:
    """How PostgreSQL finds what a page asks."""
    with CaptureQueriesContext(connection) as asked:
        read()
    plans = []
    with connection.cursor() as cursor:
        for query in asked:
            cursor.execute("EXPLAIN " + query["sql"])
            plans += [line for (line,) in cursor.fetchall()]
    return "\n".join(plans)


@pytest.mark.parametrize("before", [None, TimelinePlace(datetime(2026, 11, 20, tzinfo=UTC), 22, 10**6)])
def test_the_timeline_reads_the_record_by_its_index(staff, booking, long_record, before):
    plans = plans_of(lambda: read_timeline(booking.telegram_user_id, by=staff, before=before))

    assert "bookings_change_person" in plans
    assert "Seq Scan on bookings_bookingchange" not in plans
    assert "Seq Scan on events" not in plans


def test_a_bookings_page_reads_the_record_by_its_index(booking, long_record):
    labels = Labels.read()

    plans = plans_of(lambda: booking_history(booking, labels))

    assert "bookings_change_booking" in plans
    assert "events_booking_history" in plans
    assert "Seq Scan on bookings_bookingchange" not in plans
    assert "Seq Scan on events" not in plans


MANY = 400


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bookings SET confirmed = 2",
        "UPDATE bookings SET course_stream = 'other'",
        "UPDATE bookings SET created_at = created_at - interval '1 day'",
        "DELETE FROM bookings",
    ],
)
def test_one_statement_about_many_bookings_reads_no_growing_table_for_each(statement):
    """Plans are drawn up at its first row, when nothing has been written down yet, and kept to its last."""
    people = "SELECT 70000000 + i FROM generate_series(1, %s) AS i"
    read = (
        "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_xact_user_tables WHERE relname IN"
        " ('bookings_bookingevent', 'bookings_bookingchange', 'bookings_confirmation')"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO users (user_id) {people}", [MANY])
        with owner_role():
            cursor.execute("ALTER TABLE bookings DISABLE TRIGGER USER")
            cursor.execute(f"INSERT INTO bookings (user_id, course_id) SELECT id, 1 FROM ({people}) AS x (id)", [MANY])
            cursor.execute("ALTER TABLE bookings ENABLE TRIGGER USER")
            cursor.execute("ANALYZE bookings_bookingevent, bookings_bookingchange, bookings_confirmation")
        cursor.execute(read)
        before = cursor.fetchone()[0]
        cursor.execute(statement)
        cursor.execute(read)

        assert cursor.fetchone()[0] - before < 10 * MANY
