"""Changing a status on the pages: questions, conflicts, rights, and what changes beside the row."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import Booking
from tests.factories import BookingFactory, EventFactory, StreamFactory, UserFactory
from tests.signing_in import signed_in
from tests.sizes import sample
from users.models import Event

HTMX = {"HX-Request": "true"}
LIST = reverse("bookings:booking_list")
WORKSHOPS = reverse("bookings:workshop_list")


def address(booking):
    return reverse("bookings:booking_status", args=[booking.pk])


@pytest.fixture
def manager(db):
    return UserFactory.create(first_name="Олег", permissions=["bookings.view_booking", "bookings.change_booking"])


@pytest.fixture
def manager_client(manager):
    return signed_in(manager)


def status_of(booking):
    return Booking.objects.get(pk=booking.pk).confirmed


# Rights ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("permissions", [[], ["bookings.view_booking"], ["bookings.change_booking"]])
def test_changing_needs_both_to_see_and_to_change_bookings(client, booking, permissions):
    client.force_login(UserFactory.create(permissions=permissions))

    assert client.post(address(booking), {"to": 2, "expected": 1, "sure": 1}).status_code == 403
    assert status_of(booking) == 1


def test_a_row_offers_only_the_moves_of_this_member_of_staff(manager_client, staff_client):
    BookingFactory.create(confirmed=2)
    BookingFactory.create(confirmed=-1)

    def offered(client):
        rows = client.get(LIST).context["rows"]
        return {row.booking.confirmed: [(move.to, move.needs_reason) for move in row.moves] for row in rows}

    assert offered(manager_client) == {2: [(-1, False)], -1: []}
    assert offered(staff_client) == {2: [(-1, False), (1, True)], -1: [(1, True), (2, True)]}
    assertContains(manager_client.get(LIST, headers=HTMX), 'aria-haspopup="dialog"', count=1)
    assertContains(staff_client.get(LIST, headers=HTMX), 'aria-haspopup="dialog"', count=2)


# Without JavaScript ---------------------------------------------------------------------------------------------------


def test_a_plain_move_happens_at_once_and_leads_back_to_the_same_list(manager_client):
    booking = BookingFactory.create(confirmed=0)
    back = f"{LIST}?status=0&sort=-name&page=2"

    response = manager_client.post(address(booking), {"to": 1, "expected": 0, "next": back})

    assertRedirects(response, f"{back}#booking-{booking.pk}", fetch_redirect_response=False)
    assert status_of(booking) == 1
    assertContains(manager_client.get(back), "«Новая заявка» → «В ожидании»")


def test_a_move_that_cannot_be_taken_back_is_asked_on_a_page_of_its_own(manager_client, booking):
    response = manager_client.post(address(booking), {"to": 2, "expected": 1, "next": LIST})

    assert status_of(booking) == 1
    page = manager_client.get(response["Location"])
    assertContains(page, "Подтвердить бронирование?")
    assertContains(page, "потом нужно право менять статус")
    assertContains(page, '<input type="hidden" name="sure" value="1">', html=True)
    assertContains(page, f'<input type="hidden" name="next" value="{LIST}">', html=True)

    manager_client.post(address(booking), {"to": 2, "expected": 1, "next": LIST, "sure": 1, "reason": "оплата пришла"})

    assert status_of(booking) == 2


def test_an_override_asks_for_the_reason(staff_client):
    booking = BookingFactory.create(confirmed=-1)

    page = staff_client.get(staff_client.post(address(booking), {"to": 2, "expected": -1})["Location"])
    refused = staff_client.post(address(booking), {"to": 2, "expected": -1, "sure": 1, "reason": " "})

    assertContains(page, "Вернуть бронирование как подтверждённое?")
    assertContains(refused, "Укажите причину", status_code=422)
    assert status_of(booking) == -1

    staff_client.post(address(booking), {"to": 2, "expected": -1, "sure": 1, "reason": "оплата нашлась"})

    assert status_of(booking) == 2
    assertContains(staff_client.get(reverse("bookings:booking_detail", args=[booking.pk])), "оплата нашлась")


@pytest.mark.parametrize(("was", "to"), [(-1, 2), (-1, 1), (2, 1), (1, 0), (0, 7), (2, 2)])
def test_a_move_that_is_not_theirs_is_refused(manager_client, was, to):
    booking = BookingFactory.create(confirmed=was)

    for sent in ({"sure": 1, "reason": "потому что"}, {}):
        response = manager_client.post(address(booking), {"to": to, "expected": was, **sent})
        assertContains(response, "Так изменить статус нельзя", status_code=422)
    assert status_of(booking) == was
    assert not Event.objects.exists()


def test_looking_at_the_question_changes_nothing(manager_client, booking):
    response = manager_client.get(address(booking), {"to": -1})

    assertContains(response, "Отменить бронирование?")
    assert status_of(booking) == 1


# Conflicts ------------------------------------------------------------------------------------------------------------


def test_a_conflict_shows_both_values_and_who_was_quicker(staff_client, manager_client, booking):
    manager_client.post(address(booking), {"to": 2, "expected": 1, "sure": 1})

    response = staff_client.post(address(booking), {"to": -1, "expected": 1, "sure": 1, "next": LIST})

    assert response.status_code == 409
    assert status_of(booking) == 2
    for words in ("Статус уже изменился", "Вы видели", "Сейчас", "Олег", "Вы выбрали"):
        assertContains(response, words, status_code=409)
    assertContains(response, "Всё равно поставить «Отменено»", status_code=409)
    assertContains(response, '<input type="hidden" name="expected" value="2">', status_code=409, html=True)

    staff_client.post(address(booking), {"to": -1, "expected": 2, "sure": 1, "next": LIST})

    assert status_of(booking) == -1


def test_a_conflict_offers_only_what_the_rules_allow(manager_client):
    booking = BookingFactory.create(confirmed=-1)

    response = manager_client.post(address(booking), {"to": 2, "expected": 1, "sure": 1})

    assertContains(response, "Нынешний статус нельзя изменить", status_code=409)
    assertNotContains(response, "Всё равно поставить", status_code=409)


def test_somebody_who_was_quicker_with_the_same_is_no_trouble(manager_client):
    booking = BookingFactory.create(confirmed=2)

    response = manager_client.post(address(booking), {"to": 2, "expected": 1, "sure": 1})

    assertContains(response, "Уже изменено другим сотрудником", status_code=409)
    assertNotContains(response, "Всё равно поставить", status_code=409)


def test_an_unknown_status_is_expected_as_nothing(manager_client):
    booking = BookingFactory.create(confirmed=None)

    manager_client.post(address(booking), {"to": 1, "expected": "", "next": LIST})

    assert status_of(booking) == 1


# With htmx ------------------------------------------------------------------------------------------------------------


def test_htmx_gets_the_row_and_a_note(staff_client, booking):
    response = staff_client.post(address(booking), {"to": 2, "expected": 1, "next": LIST}, headers=HTMX)

    assertContains(response, f'<tr id="booking-{booking.pk}">')
    assertContains(response, 'class="badge confirmed"')
    assertContains(response, 'id="overlay" hx-swap-oob="innerHTML"')
    assertContains(response, "«В ожидании» → «Подтверждено»")
    assertNotContains(response, "<h1")
    assertNotContains(staff_client.get(LIST), "«В ожидании» → «Подтверждено»")


def test_the_row_of_the_list_keeps_its_box_for_many(staff_client, booking):
    next_address = reverse("bookings:booking_list")

    response = staff_client.post(address(booking), {"to": 2, "expected": 1, "next": next_address}, headers=HTMX)

    assertContains(response, f'<input type="checkbox" form="bulk" name="booking" value="{booking.pk}"')


def test_htmx_gets_the_new_counts_of_the_page_of_courses(staff_client, booking):
    response = staff_client.post(
        address(booking), {"to": 2, "expected": 1, "next": f"{WORKSHOPS}?status=1"}, headers=HTMX
    )

    assertContains(response, 'id="workshop-counts" hx-swap-oob="true"')
    assertContains(response, 'id="workshop-chips" hx-swap-oob="true"')
    assertContains(response, "конверсия 100\u00a0%")
    assert response.context["chip"] == "1"


def test_htmx_gets_the_new_counts_of_the_page_of_a_stream(staff_client, booking):
    StreamFactory.create()
    back = reverse("bookings:stream_detail", args=["8th_stream"])

    response = staff_client.post(address(booking), {"to": 2, "expected": 1, "next": back}, headers=HTMX)

    assertContains(response, 'id="stream-counts" hx-swap-oob="true"')
    assert [(chip.value, chip.count) for chip in response.context["chips"]][:3] == [("", 1), ("2", 1), ("1", 0)]


def test_htmx_gets_the_whole_booking_on_its_page(staff_client, booking):
    response = staff_client.post(address(booking), {"to": 2, "expected": 1}, headers=HTMX)

    assertContains(response, 'id="booking"')
    assertContains(response, "История")


def test_htmx_gets_the_question_as_a_dialog(manager_client, booking):
    response = manager_client.post(address(booking), {"to": -1, "expected": 1, "next": LIST}, headers=HTMX)

    assertContains(response, '<dialog id="status-dialog" data-open')
    assertContains(response, f'hx-target="#booking-{booking.pk}"')
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#overlay", "innerHTML")
    assert status_of(booking) == 1


def test_htmx_gets_a_conflict_as_a_dialog(manager_client):
    booking = BookingFactory.create(confirmed=2)

    response = manager_client.post(address(booking), {"to": -1, "expected": 1, "sure": 1, "next": LIST}, headers=HTMX)

    assert response.status_code == 409
    assert response["HX-Retarget"] == "#overlay"
    assertContains(response, "Статус уже изменился", status_code=409)


# Bad input ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "next_address",
    [
        "https://evil.test/",
        "//evil.test",
        "javascript:alert(1)",
        "/nowhere/",
        "/\\evil.test",
        "/bookings/\0",
        "x" * 3000,
        "",
    ],
)
def test_nobody_is_led_to_another_site(staff_client, booking, next_address):
    response = staff_client.post(address(booking), {"to": 2, "expected": 1, "next": next_address})

    own = reverse("bookings:booking_detail", args=[booking.pk])
    if response.status_code == 302:
        assert response["Location"] == f"{own}#booking"
    else:
        assert response.status_code == 422


@pytest.mark.parametrize("to", ["", "abc", "9" * 30, "2\0", "1.5", "-3000000000"])
def test_nonsense_is_refused(staff_client, booking, to):
    assert staff_client.post(address(booking), {"to": to, "expected": 1}).status_code == 422
    assert status_of(booking) == 1


@pytest.mark.parametrize("pk", [0, 2**31, 2**63, 10**30])
@pytest.mark.parametrize("name", ["booking_detail", "booking_status"])
def test_a_booking_that_cannot_be_is_not_there(staff_client, name, pk):
    assert staff_client.get(reverse(f"bookings:{name}", args=[pk])).status_code == 404


def test_the_list_may_have_lost_the_stream_meanwhile(staff_client, booking):
    back = reverse("bookings:stream_detail", args=["gone"])

    response = staff_client.post(address(booking), {"to": 2, "expected": 1, "next": back}, headers=HTMX)

    assert response.status_code == 404
    assert status_of(booking) == 2


fields = st.sampled_from(["to", "expected", "reason", "next", "sure", "x"])
values = st.text(max_size=50) | st.sampled_from(["2", "-1", "1", "0", "", "99999999999", LIST, WORKSHOPS, "\0", "None"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=sample(60, 600))
@given(data=st.dictionaries(fields, values), htmx=st.booleans(), post=st.booleans())
def test_nothing_that_is_sent_breaks_the_change(staff_client, booking, data, htmx, post):
    send = staff_client.post if post else staff_client.get

    response = send(address(booking), data, headers=HTMX if htmx else {})

    assert response.status_code in {200, 302, 404, 409, 422}
    assert status_of(booking) in {-1, 0, 1, 2}


# The history ----------------------------------------------------------------------------------------------------------


def history(client, booking):
    response = client.get(reverse("bookings:booking_detail", args=[booking.pk]))
    assert response.status_code == 200
    return response.context["history"]


def test_a_change_by_staff_is_told_once_with_who_and_why(manager_client, booking):
    manager_client.post(address(booking), {"to": -1, "expected": 1, "sure": 1, "reason": "передумал"})

    change, made = history(manager_client, booking)

    assert (change.status.old, change.status.new, change.actor, change.reason) == (1, -1, "Олег", "передумал")
    assert made.is_made


def test_a_change_by_the_bot_is_told_once_and_nobody_is_named(manager_client, booking):
    Booking.objects.filter(pk=booking.pk).update(confirmed=2)
    EventFactory.create(
        telegram_user=booking.telegram_user,
        event_type="booking_status_changed",
        details={"booking_id": booking.pk, "old_status": 1, "new_status": 2},
    )

    change, _made = history(manager_client, booking)

    assert (change.status.old, change.status.new, change.actor) == (1, 2, "")


def test_what_happened_before_the_record_is_told_by_the_events(manager_client, booking):
    EventFactory.create(
        event_type="booking_status_changed",
        details={"booking_id": str(booking.pk), "old_status": 0, "new_status": 1},
        created_at=timezone.now() - timedelta(days=1),
    )

    told = history(manager_client, booking)

    assert [(entry.status.old, entry.status.new) for entry in told if not entry.is_made] == [(0, 1)]


def test_other_changes_are_told_with_old_and_new(manager_client, booking):
    Booking.objects.filter(pk=booking.pk).update(discount_percent=50, course_stream="mentoring")

    response = manager_client.get(reverse("bookings:booking_detail", args=[booking.pk]))

    assertContains(response, "Скидка, %: <bdi>0</bdi> → <bdi>50</bdi>")


@pytest.mark.parametrize("details", [None, [], "x", 5, {"booking_id": None}, {"booking_id": [1]}])
def test_events_that_say_nothing_are_no_history(manager_client, booking, details):
    EventFactory.create(event_type="booking_status_changed", details=details)

    assert len(history(manager_client, booking)) == 1


@pytest.mark.parametrize("value", [None, "2", [], {}, True, 10**12, 1.5])
def test_events_with_statuses_that_cannot_be_break_nothing(manager_client, booking, value):
    EventFactory.create(
        event_type="booking_status_changed",
        details={"booking_id": booking.pk, "old_status": value, "new_status": value},
        created_at=None,
    )

    assert len(history(manager_client, booking)) == 2


def test_a_booking_without_dates_and_course_has_its_page(manager_client):
    booking = BookingFactory.create(course=None, course_stream=None, created_at=None, discount_percent=None)

    assert history(manager_client, booking)
