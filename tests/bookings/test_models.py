"""The tables of bookings as the bot sees them: defaults, triggers and keys live in the database."""

import pytest
from django.db import IntegrityError

from bookings.models import (
    Booking,
    Course,
    FreeLessonRegistration,
    HackathonRegistration,
    ReferralCoupon,
    ReferralUsage,
)
from hsl_dashboard.db import run_sql
from tests.factories import BookingFactory, CourseFactory, ReferralCouponFactory
from users.models import TelegramUser

pytestmark = pytest.mark.django_db
NEWCOMER = 9_100_000_000


def test_a_booking_written_with_a_person_alone_is_a_new_request_for_the_bots_stream():
    run_sql("INSERT INTO bookings (user_id) VALUES (%s)", [NEWCOMER])

    booking = Booking.objects.get()
    assert booking.status is Booking.Status.NEW
    assert (booking.discount_percent, booking.course_stream) == (0, "4th_stream")
    assert booking.created_at is not None


def test_a_course_written_with_two_names_is_active_and_costs_nothing():
    run_sql("INSERT INTO courses (name, button_text) VALUES ('Курс', 'Записаться')")

    course = Course.objects.get(name="Курс")
    assert (course.price_usd_cents, course.is_active) == (0, True)


def test_a_coupon_starts_unused_and_active():
    run_sql(
        "INSERT INTO referral_coupons (code, discount_percent, max_activations, created_by) VALUES ('X', 10, 5, %s)",
        [NEWCOMER],
    )

    coupon = ReferralCoupon.objects.get()
    assert (coupon.current_activations, coupon.is_active) == (0, 1)
    assert coupon.created_at is not None


def test_a_registration_is_for_the_cursor_lesson_and_not_yet_reminded_of():
    run_sql("INSERT INTO free_lesson_registrations (user_id, email) VALUES (%s, 'a@example.test')", [NEWCOMER])

    registration = FreeLessonRegistration.objects.get()
    assert (registration.lesson_type, registration.notification_sent) == ("cursor_lesson", False)
    assert registration.registered_at is not None


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("INSERT INTO bookings (user_id, username, first_name) VALUES (%s, 'anna', 'Анна')", ("anna", "Анна")),
        (
            "INSERT INTO free_lesson_registrations (user_id, first_name, email) VALUES (%s, 'Анна', 'a@b.c')",
            (None, "Анна"),
        ),
        ("INSERT INTO hackathon_registrations (user_id, username) VALUES (%s, 'anna')", ("anna", None)),
        (
            "INSERT INTO message_recipients (message_id, user_id, username) VALUES (1, %s, 'anna')",
            ("anna", None),
        ),
        ("INSERT INTO referral_usage (coupon_id, user_id) VALUES (1, %s)", (None, None)),
    ],
)
def test_a_row_of_somebody_unknown_makes_the_person(sql, name):
    ReferralCouponFactory.create(id=1)
    run_sql("INSERT INTO message_history (id, message_text) VALUES (1, 'Привет')")

    run_sql(sql, [NEWCOMER])

    person = TelegramUser.objects.get(pk=NEWCOMER)
    assert (person.username, person.first_name) == name
    assert person.first_seen_at is not None


def test_a_hackathon_registration_of_nobody_makes_nobody():
    run_sql("INSERT INTO hackathon_registrations (user_id) VALUES (NULL)")

    assert HackathonRegistration.objects.count() == 1
    assert not TelegramUser.objects.exists()


def test_deleting_a_person_by_sql_deletes_their_bookings_and_the_coupon_uses_of_those():
    booking = BookingFactory.create()
    coupon = ReferralCouponFactory.create()
    ReferralUsage.objects.create(coupon=coupon, telegram_user=booking.telegram_user, booking=booking)

    run_sql("DELETE FROM users WHERE user_id = %s", [booking.telegram_user_id])

    assert not Booking.objects.exists()
    assert not ReferralUsage.objects.exists()
    assert ReferralCoupon.objects.get() == coupon


def test_a_course_with_bookings_is_not_deleted_by_anybody(booking):
    with pytest.raises(IntegrityError, match="bookings_course_id_fkey"):
        run_sql("DELETE FROM courses WHERE id = %s", [booking.course_id])


def test_a_course_without_bookings_is_deleted():
    course = CourseFactory.create(name="Никто не пришёл")

    run_sql("DELETE FROM courses WHERE id = %s", [course.pk])

    assert not Course.objects.filter(pk=course.pk).exists()


def test_a_second_registration_for_the_same_day_changes_the_first():
    for email in ("old@example.test", "new@example.test"):
        run_sql(
            "INSERT INTO free_lesson_registrations (user_id, email, lesson_date) VALUES (%s, %s, '2026-12-01')"
            " ON CONFLICT (user_id, lesson_type, lesson_date) DO UPDATE SET email = EXCLUDED.email",
            [NEWCOMER, email],
        )

    assert FreeLessonRegistration.objects.get().email == "new@example.test"
