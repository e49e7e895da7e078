"""A bulk change is undone whole, but for what somebody changed since; its messages wait for the end of its window."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from bookings.models import Booking, BookingChange, BulkChange, BulkRow, Stream
from bookings.services.bulk_changes import prepare_bulk_change, targets_of_bookings
from bookings.services.bulk_making import Terms, make_bulk_change
from messaging.automations import firing
from messaging.models import Outbox, Recipient
from tests.factories import AutomationFactory, BookingFactory, StreamFactory, UserFactory
from tests.signing_in import signed_in
from users.models import PersonTag, UndoableAct, User
from users.undo.services import WINDOW, UndoRefused, undo_act

NOON = timezone.make_aware(datetime(2026, 12, 1, 12))  # noqa: DTZ001 - Moscow
SECOND = timedelta(seconds=1)


@pytest.fixture
def manager(db) -> User:
    return UserFactory.create(permissions=["bookings.view_booking", "bookings.change_booking", "users.add_persontag"])


@pytest.fixture
def three(db) -> list[Booking]:
    StreamFactory.create()
    StreamFactory.create(code="9th_stream", name="9-й поток")
    return BookingFactory.create_batch(3)


def make(kind: str, value: str, bookings: list[Booking], *, by: User, notify: bool = False) -> UndoableAct:
    change = prepare_bulk_change(kind=kind, value=value, targets=targets_of_bookings(bookings), by=by, at=NOON)
    return make_bulk_change(change=change, terms=Terms(by=by, at=NOON, notify=notify))


def test_statuses_come_back_and_nobody_is_told(manager, three):
    AutomationFactory.create(kind="booking_confirmed")
    act = make("status", "2", three, by=manager, notify=True)
    assert Outbox.objects.filter(due_at=act.expires_at).count() == 3

    said = undo_act(act=act, by=manager, at=NOON + SECOND)

    assert said == "Возвращено: 3 записи — как было."
    assert set(Booking.objects.values_list("confirmed", flat=True)) == {1}
    assert set(BulkRow.objects.values_list("state", flat=True)) == {"undone"}
    assert BookingChange.objects.filter(undone_at=NOON + SECOND, origin="undo").count() == 3
    BookingChange.objects.update(changed_at=NOON)
    firing.fire_automations(at=NOON + 2 * WINDOW)
    assert firing.hand_over(at=NOON + 2 * WINDOW) == []
    assert not Recipient.objects.exists()


def test_rules_wait_while_it_is_made_and_until_its_window_ends(manager, three):
    AutomationFactory.create(kind="booking_confirmed")
    act = make("status", "2", three, by=manager)
    BookingChange.objects.update(changed_at=NOON)

    UndoableAct.objects.update(done={**act.done, "rows": []})  # as it is before the last row
    assert firing.fire_automations(at=NOON + SECOND) == 0
    UndoableAct.objects.update(done=act.done)
    assert firing.fire_automations(at=NOON + SECOND) == 0
    assert firing.fire_automations(at=act.expires_at) == 3


def test_courses_are_read_once_however_many_rows_were_changed_since(manager, three):
    act = make("status", "2", three, by=manager)
    Booking.objects.update(confirmed=-1)

    with CaptureQueriesContext(connection) as queries, pytest.raises(UndoRefused):
        undo_act(act=act, by=manager, at=NOON + SECOND)
    assert len([query for query in queries.captured_queries if 'FROM "courses"' in query["sql"]]) == 1


def test_streams_and_tags_come_back(manager, three):
    Booking.objects.filter(pk=three[0].pk).update(course_stream=None)
    three[0].refresh_from_db()

    moved = make("stream", "9th_stream", three, by=manager)
    tagged = make("tag", "VIP", three, by=manager)
    for act in (tagged, moved):
        undo_act(act=act, by=manager, at=NOON + SECOND)

    assert list(Booking.objects.order_by("pk").values_list("course_stream", flat=True)) == [
        None,
        "8th_stream",
        "8th_stream",
    ]
    assert not PersonTag.objects.exists()


def test_what_was_changed_since_stays_and_is_named_with_both_values(manager, three):
    act = make("status", "2", three, by=manager)
    Booking.objects.filter(pk=three[1].pk).update(confirmed=-1)

    said = undo_act(act=act, by=manager, at=NOON + SECOND)

    assert f"№\u00a0{three[1].pk}: было «Подтверждено», сейчас — «Отменено»" in said
    assert list(Booking.objects.order_by("pk").values_list("confirmed", flat=True)) == [1, -1, 1]


def test_where_all_was_changed_since_nothing_is_undone(manager, three):
    act = make("status", "2", three, by=manager)
    Booking.objects.update(confirmed=-1)

    with pytest.raises(UndoRefused):
        undo_act(act=act, by=manager, at=NOON + SECOND)

    assert UndoableAct.objects.get().undone_at is None


def test_places_that_others_took_meanwhile_are_not_taken_twice(manager, three):
    Booking.objects.update(confirmed=2)
    act = make("status", "-1", list(Booking.objects.all()), by=manager)
    Stream.objects.filter(code="8th_stream").update(capacity=3)
    BookingFactory.create(confirmed=2)
    BookingChange.objects.filter(is_new=True).update(changed_at=NOON)

    with pytest.raises(UndoRefused) as refused:
        undo_act(act=act, by=manager, at=NOON + SECOND)

    assert "4" in str(refused.value)
    assert Booking.objects.filter(confirmed=-1).count() == 3


def test_the_page_of_the_result_offers_it(manager, three):
    client = signed_in(manager)
    change = prepare_bulk_change(kind="status", value="2", targets=targets_of_bookings(three), by=manager, at=NOON)
    address = reverse("bookings:bulk_change", args=[change.pk])

    page = client.post(address, follow=True)

    undo = reverse("users:act_undo", args=[UndoableAct.objects.get().pk])
    assertContains(page, f'action="{undo}"')
    assertContains(page, "Изменены 3 записи")
    client.post(undo)
    assertContains(client.get(address), "Возвращено", count=5)  # the sentence, the number, three rows
    assert BulkChange.objects.get().finished_at
