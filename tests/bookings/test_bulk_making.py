"""Bulk changes of many rows: by the rules of a single change, in a number of queries that does not grow."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings.models import Booking, BookingChange, BulkRow, Stream
from bookings.services.bulk_changes import prepare_bulk_change, targets_of_bookings
from bookings.services.bulk_making import Terms, make_bulk_change
from bookings.services.editing import BookingNotEdited, Values, edit_booking
from bookings.services.places import StreamFull
from bookings.services.statuses import StatusNotChanged, change_booking_status
from messaging.models import Outbox
from tests.bookings.bulk import choose
from tests.factories import BookingFactory, StreamFactory, UserFactory
from users.models import Event, UndoableAct

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONFIRMED, PENDING = 2, 1


@pytest.fixture
def three() -> list[Booking]:
    StreamFactory.create()
    StreamFactory.create(code="9th_stream", name="9-й поток", capacity=1)
    return [BookingFactory.create(telegram_user__first_name=name) for name in ("Анна", "Борис", "Вера")]


def outcome(bookings: list[Booking]) -> dict[str, list[Any]]:
    """What a change leaves in the tables that others read."""
    numbers = [booking.pk for booking in bookings]
    changes = BookingChange.objects.filter(booking__in=numbers, is_new=False).order_by("booking")
    return {
        "bookings": list(Booking.objects.order_by("pk").values_list("pk", "confirmed", "course_stream")),
        "events": list(
            Event.objects.order_by("details__booking_id").values_list("telegram_user", "details", "created_at")
        ),
        "changes": [
            (row.booking_id, row.was, row.status, row.changed_by_id, row.reason, bool(row.told_at)) for row in changes
        ],
        "letters": list(Outbox.objects.order_by("booking").values_list("booking", "kind", "message_text", "queued_at")),
    }


@pytest.mark.parametrize("overbook", [False, True])
@pytest.mark.parametrize("act", ["status:2", "status:-1", "status:1", "stream:9th_stream", "stream:"])
def test_many_are_changed_as_each_would_be_alone(three, act, overbook):
    (kind, value), director = act.split(":"), UserFactory.create(is_superuser=True)
    for confirmed in (0, 2, -1, None, 7):
        BookingFactory.create(confirmed=confirmed, course_stream=None if confirmed == 0 else "8th_stream")
    BookingFactory.create(course_id=None)
    Stream.objects.filter(code="8th_stream").update(capacity=2)
    bookings = list(Booking.objects.with_person().order_by("pk"))
    terms = Terms(by=director, at=NOW, reason="по просьбе", overbook=overbook, notify=True)
    alone = {"by": terms.by, "at": NOW, "reason": terms.reason, "overbook": overbook, "notify": True}

    with transaction.atomic():
        for booking in Booking.objects.with_person().order_by("pk"):
            try:
                if kind == "status":
                    change_booking_status(booking=booking, to=int(value), **alone)
                else:
                    seen = Values.of(booking)
                    edit_booking(booking=booking, to=seen.with_stream(value), seen=seen, **alone)
            except (StatusNotChanged, BookingNotEdited, StreamFull):
                continue
        one_by_one = outcome(bookings)
        transaction.set_rollback(True)
    change = prepare_bulk_change(kind=kind, value=value, targets=targets_of_bookings(bookings), by=director, at=NOW)
    make_bulk_change(change=change, terms=terms)

    assert outcome(bookings) == one_by_one
    assert one_by_one["changes" if kind == "status" else "letters"]


@pytest.mark.parametrize("act", ["status:2", "stream:9th_stream", "tag"])
def test_many_rows_cost_as_many_queries_as_a_few(staff_client, three, act):
    Stream.objects.update(capacity=None)

    def queries() -> list[int]:
        with CaptureQueriesContext(connection) as prepared:
            address = choose(staff_client, [], act, scope="all", tag="VIP").url
        with CaptureQueriesContext(connection) as looked_at:
            staff_client.get(address)
        with CaptureQueriesContext(connection) as made:
            staff_client.post(address, {"reason": "", "notify": "on"})
        with CaptureQueriesContext(connection) as undone:
            staff_client.post(reverse("users:act_undo", args=[UndoableAct.objects.latest("pk").pk]))
        return [len(captured) for captured in (prepared, looked_at, made, undone)]

    queries()  # what is read once for a process
    few = queries()
    BookingFactory.create_batch(60)

    assert queries() == few
    assert BulkRow.objects.filter(state="undone").count() == 3 + 3 + 63
    assert set(Booking.objects.values_list("confirmed", "course_stream")) == {(PENDING, "8th_stream")}


def test_the_rows_are_shown_page_by_page_those_that_were_refused_first(staff_client, three):
    BookingFactory.create_batch(60)
    Booking.objects.filter(pk=three[1].pk).update(confirmed=CONFIRMED)

    address = choose(staff_client, [], "status:2", scope="all").url
    first = staff_client.get(address).content.decode()
    second = staff_client.get(f"{address}?page=2").content.decode()

    assert "Борис" in first  # one of the oldest, which the list has on its last page
    assert "1–50 из 63" in first.replace("\u00a0", " ")
    assert "51–63 из 63" in second.replace("\u00a0", " ")
    assert "Борис" not in second
    assert "Изменить 62" in second


def test_a_thousand_rows_can_be_ticked(staff_client, three):
    missing = [Booking(pk=10_000_000 + number) for number in range(1_500)]

    response = choose(staff_client, [*three, *missing], "status:2")

    assert response.status_code == 302
    assert BulkRow.objects.count() == 3
