"""A person booked by staff, or moved to another stream: what is asked, refused and shown."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from tests.factories import (
    BookingFactory,
    CourseFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
)
from tests.signing_in import client_with

HTMX = {"HX-Request": "true"}
VIEW = ("users.view_telegramuser", "bookings.view_booking")

pytestmark = pytest.mark.django_db


@pytest.fixture
def other_stream():
    return StreamFactory.create(code="mentoring", name="Менторинг")


def person_page(person):
    return reverse("users:person_detail", args=[person.pk])


def edit_address(booking, person=None):
    return reverse("bookings:booking_edit", args=[(person or booking.telegram_user).pk, booking.pk])


def new_address(person):
    return reverse("bookings:booking_new", args=[person.pk])


def stream_address(person):
    return reverse("bookings:person_stream", args=[person.pk])


@pytest.fixture
def person():
    return TelegramUserFactory.create()


def wanted(**changes):
    course = CourseFactory.create()
    return {"place": f"{course.pk}:8th_stream", "status": 1, "discount_percent": "", "referral_code": ""} | changes


def test_a_booking_is_made_and_shown(staff_client, person):
    assertContains(staff_client.get(new_address(person)), "8-й поток")

    response = staff_client.post(new_address(person), wanted(discount_percent=15, status=0), follow=True)

    booking = Booking.objects.get()
    assert (booking.telegram_user, booking.confirmed, booking.discount_percent) == (person, 0, 15)
    assertContains(response, f"Бронирование №\u00a0{booking.pk} создано.")


def test_a_second_one_is_refused_with_a_link_to_the_first(person):
    first = BookingFactory.create(telegram_user=person)
    client = client_with(*VIEW, "bookings.add_booking")

    response = client.post(new_address(person), wanted())

    assertContains(response, f'href="{person_page(person)}#booking-{first.pk}"', status_code=422)
    assertNotContains(response, 'name="second"', status_code=422)
    assert Booking.objects.count() == 1


def test_who_may_override_makes_it_with_a_reason(staff_client, person):
    BookingFactory.create(telegram_user=person)
    assertContains(staff_client.post(new_address(person), wanted()), 'name="second"', status_code=422)

    unreasoned = staff_client.post(new_address(person), wanted(second="on"))
    reasoned = staff_client.post(new_address(person), wanted(second="on", reason="для брата"))

    assert "reason" in unreasoned.context["form"].errors
    assert reasoned.status_code == 302
    assert Booking.objects.count() == 2


def test_a_full_stream_warns_with_its_numbers_and_takes_a_yes(staff_client, person):
    stream = StreamFactory.create(code="9th_stream", name="9-й поток", capacity=1)
    BookingFactory.create(course_stream="9th_stream", confirmed=2)
    sent = wanted(place=f"{stream.course_id}:9th_stream")

    warned = staff_client.post(new_address(person), sent)

    assertContains(warned, "9-й поток: подтверждено 1 из 1 мест.", status_code=422)
    unreasoned = staff_client.post(new_address(person), sent | {"overbook": "on"})
    assert "reason" in unreasoned.context["form"].errors
    assert staff_client.post(new_address(person), sent | {"overbook": "on", "reason": "двое"}).status_code == 302
    assert Booking.objects.filter(telegram_user=person).exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"place": ""}, "place"),
        ({"place": "1:nobody_knows"}, "place"),
        ({"place": "a\0b"}, "place"),
        ({"status": 2}, "status"),
        ({"status": "x"}, "status"),
        ({"discount_percent": 101}, "discount_percent"),
        ({"discount_percent": "1e3"}, "discount_percent"),
        ({"referral_code": "NO_SUCH"}, "referral_code"),
        ({"referral_code": "USED"}, "referral_code"),
        ({"referral_code": "x" * 101}, "referral_code"),
    ],
)
def test_a_wrong_field_is_refused_beside_it(staff_client, person, changes, field):
    ReferralCouponFactory.create(code="USED", current_activations=5, max_activations=5)

    response = staff_client.post(new_address(person), wanted(**changes))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Booking.objects.exists()


def test_the_preview_of_a_new_booking_makes_none(staff_client, person):
    ReferralCouponFactory.create(code="FRIEND10", discount_percent=10)

    response = staff_client.post(new_address(person), wanted(referral_code="friend10", preview="1"))

    assertContains(response, "Вы записаны на курс «Вайб кодинг», 8-й поток. Ваша скидка — 10\u00a0%.")
    assertContains(response, "Без отметки ничего не отправится.")
    assertNotContains(response, "Студент получит:")
    assert not Booking.objects.exists()


def test_making_needs_its_permission_and_a_person(staff_client, person):
    assert client_with(*VIEW).post(new_address(person), wanted()).status_code == 403
    assert staff_client.get(reverse("bookings:booking_new", args=[404])).status_code == 404


# Another stream -------------------------------------------------------------------------------------------------------


def test_the_question_says_which_booking_moves(staff_client, booking):
    response = staff_client.get(stream_address(booking.telegram_user), headers=HTMX)

    assertContains(response, 'id="stream-dialog"')
    assertContains(response, f"№&nbsp;{booking.pk}")
    assertContains(response, "8-й поток")


def test_a_person_is_moved(staff_client, booking, other_stream):
    sent = {"to": "mentoring", "booking": booking.pk, "reason": "просила"}

    response = staff_client.post(stream_address(booking.telegram_user), sent, follow=True)

    booking.refresh_from_db()
    assert booking.course_stream == "mentoring"
    assertContains(response, f"бронирование №\u00a0{booking.pk} теперь в потоке «Менторинг»")


@pytest.mark.parametrize(
    ("to", "confirmed", "sentence"),
    [
        ("", 1, "Выберите поток"),
        ("8th_stream", 1, "Пользователь уже находится в этом потоке"),
        ("8th_stream", -1, "У пользователя нет активных бронирований"),
    ],
)
def test_the_customer_reads_the_errors_they_know(staff_client, to, confirmed, sentence):
    booking = BookingFactory.create(confirmed=confirmed)

    response = staff_client.post(stream_address(booking.telegram_user), {"to": to, "booking": booking.pk})

    assertContains(response, sentence, status_code=422)


def test_another_latest_booking_than_the_one_shown_is_a_conflict(staff_client, booking, other_stream):
    newer = BookingFactory.create(telegram_user=booking.telegram_user, created_at=datetime(2026, 11, 20, tzinfo=UTC))

    response = staff_client.post(
        stream_address(booking.telegram_user), {"to": "mentoring", "booking": booking.pk}, headers=HTMX
    )

    assertContains(response, f"№&nbsp;{newer.pk}", status_code=409)
    assert not Booking.objects.filter(course_stream="mentoring").exists()


@pytest.mark.parametrize("sent", [{"booking": "x"}, {"booking": 10**30}, {"booking": 0}, {"to": "nobody"}, {}])
def test_nonsense_moves_nobody(staff_client, booking, sent):
    response = staff_client.post(
        stream_address(booking.telegram_user), {"to": "8th_stream", "booking": booking.pk} | sent
    )

    assert response.status_code == 422


def test_moving_needs_its_permission(booking):
    assert client_with(*VIEW).get(stream_address(booking.telegram_user)).status_code == 403
