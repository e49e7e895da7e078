"""E1: every way of changing a status offers to tell the student, with the words seen before; or later."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import Booking, BookingChange, Stream
from bookings.notices import NoticeKind
from bookings.services.bulk_changes import prepare_bulk_change, targets_of_bookings
from bookings.services.bulk_making import Terms, make_bulk_change
from bookings.services.statuses import change_booking_status
from messaging.models import Outbox
from tests.factories import BookingFactory, StreamFactory
from tests.signing_in import client_with

HTMX = {"HX-Request": "true"}
CONFIRMED_WORDS = "место на курсе «Вайб кодинг» подтверждено"
LIST = reverse("bookings:booking_list")


def status_address(booking):
    return reverse("bookings:booking_status", args=[booking.pk])


def notify_address(booking):
    return reverse("bookings:booking_notify", args=[booking.pk])


def queued():
    return [(letter.kind, letter.booking_id) for letter in Outbox.objects.order_by("pk")]


# With the change ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [LIST, reverse("bookings:workshop_list"), reverse("bookings:stream_detail", args=["8th_stream"]), None],
    ids=["row", "courses", "stream", "booking"],
)
def test_E1_the_choice_of_a_status_shows_the_words_and_queues_them(staff_client, booking, page):
    here = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page or booking_page(booking)}"}

    choice = staff_client.get(status_address(booking), headers=here)

    assertContains(choice, 'name="notify"')
    assertContains(choice, CONFIRMED_WORDS)
    assertContains(choice, "запись на курс «Вайб кодинг» отменена")

    sent = {"to": 2, "expected": 1, "next": page or booking_page(booking), "notify": "on"}
    answer = staff_client.post(status_address(booking), sent, headers=here)

    assertContains(answer, "Сообщение студенту поставлено в очередь")
    assert queued() == [(NoticeKind.CONFIRMED, booking.pk)]
    assert BookingChange.objects.get(booking=booking, status=2).told_at is not None


def booking_page(booking):
    return reverse("bookings:booking_detail", args=[booking.pk])


def test_E1_a_question_keeps_the_tick_and_shows_the_words_of_that_status(staff_client, booking):
    sent = {"to": -1, "expected": 1, "next": LIST, "notify": "on"}

    question = staff_client.get(staff_client.post(status_address(booking), sent)["Location"])

    assertContains(question, "запись на курс «Вайб кодинг» отменена")
    assertNotContains(question, CONFIRMED_WORDS)
    assert question.context["form"]["notify"].value() is True
    assert queued() == []

    staff_client.post(status_address(booking), sent | {"sure": 1})

    assert queued() == [(NoticeKind.CANCELLED, booking.pk)]


def test_E1_without_the_tick_nobody_is_told(staff_client, booking):
    staff_client.post(status_address(booking), {"to": 2, "expected": 1, "next": LIST})

    assert Booking.objects.get().confirmed == 2
    assert queued() == []


def test_E1_a_change_that_fails_tells_nobody(staff_client, booking):
    StreamFactory.create()
    Stream.objects.update(capacity=0)

    staff_client.post(status_address(booking), {"to": 2, "expected": 1, "next": LIST, "notify": "on"})

    assert queued() == []


def test_E1_the_admin_offers_it_too(staff_client, booking):
    address = reverse("admin:bookings_booking_change", args=[booking.pk])
    page = staff_client.get(address)
    assertContains(page, 'name="notify"')
    assertContains(page, CONFIRMED_WORDS)

    staff_client.post(address, {"status_to": 2, "seen": 1, "notify": "on"})

    assert Booking.objects.get().confirmed == 2
    assert queued() == [(NoticeKind.CONFIRMED, booking.pk)]


def test_E1_a_bulk_change_tells_each_student(staff, booking):
    other = BookingFactory.create()
    change = prepare_bulk_change(
        kind="status", value="2", targets=targets_of_bookings([booking, other]), by=staff, at=timezone.now()
    )

    make_bulk_change(change=change, terms=Terms(by=staff, at=timezone.now(), notify=True))

    assert queued() == [(NoticeKind.CONFIRMED, booking.pk), (NoticeKind.CONFIRMED, other.pk)]


@pytest.mark.parametrize(("ticked", "words"), [({"notify": "on"}, True), ({}, False)])
def test_E1_the_form_of_a_booking_shows_the_words_with_the_tick_and_saves_nothing(staff_client, booking, ticked, words):
    address = reverse("bookings:booking_edit", args=[booking.telegram_user_id, booking.pk])
    seen = staff_client.get(address).context["form"]["seen"].value()
    sent = {"seen": seen, "course_stream": "8th_stream", "confirmed": 2, "discount_percent": 0, "preview": "live"}

    answer = staff_client.post(address, sent | ticked, headers=HTMX)

    assert (CONFIRMED_WORDS in answer.content.decode()) is words
    assert Booking.objects.get().confirmed == 1
    assert queued() == []


# Later ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confirmed", "kinds"),
    [
        (0, ["booking_created", "booking_moved", "booking_changed"]),
        (2, ["booking_confirmed", "booking_moved", "booking_changed"]),
        (-1, ["booking_cancelled"]),
        (None, ["booking_created", "booking_moved", "booking_changed"]),
    ],
)
def test_E1_a_notice_can_be_sent_later_in_words_that_are_true(staff_client, confirmed, kinds):
    booking = BookingFactory.create(confirmed=confirmed)

    page = staff_client.get(notify_address(booking))

    assert [notice.kind for notice in page.context["notices"]] == kinds
    assert all(notice.text for notice in page.context["notices"])


def test_E1_a_later_notice_is_queued_and_no_rule_repeats_it(staff, staff_client, booking):
    change_booking_status(booking=booking, to=2, by=staff, at=datetime(2026, 11, 1, tzinfo=UTC))
    assertContains(staff_client.get(booking_page(booking)), notify_address(booking))

    response = staff_client.post(notify_address(booking), {"kind": "booking_confirmed", "expected": 2})

    assertRedirects(response, booking_page(booking), status_code=303)
    assert queued() == [(NoticeKind.CONFIRMED, booking.pk)]
    assert CONFIRMED_WORDS in Outbox.objects.get().message_text
    assert BookingChange.objects.get(booking=booking, status=2).told_at is not None


def test_E1_a_second_click_finds_the_message_in_the_queue(staff_client, booking):
    sent = {"kind": "booking_created", "expected": 1}
    staff_client.post(notify_address(booking), sent)

    again = staff_client.post(notify_address(booking), sent, headers=HTMX)

    assertContains(again, "Это сообщение уже в очереди", status_code=422)
    assert len(queued()) == 1


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"kind": "booking_created", "expected": 2}, 409, "Статус уже изменился"),
        ({"kind": "booking_confirmed", "expected": 1}, 422, "больше не подходит"),
        ({"kind": "course_start", "expected": 1}, 422, "больше не подходит"),
        ({"kind": "nonsense", "expected": 1}, 422, "Выберите сообщение"),
    ],
)
def test_E1_a_notice_that_is_not_true_is_refused(staff_client, booking, sent, status, words):
    assertContains(staff_client.post(notify_address(booking), sent), words, status_code=status)
    assert queued() == []


@pytest.mark.django_db
def test_E1_telling_needs_the_right_to_change(booking):
    client = client_with("bookings.view_booking")

    assert client.get(notify_address(booking)).status_code == 403
    assertNotContains(client.get(booking_page(booking)), notify_address(booking))
