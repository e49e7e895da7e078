"""Editing a booking: every field, two editors at once, what is written about it, and what the student is told."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pghistory.models
import pytest
from django.db import connections, transaction

from bookings.models import Booking, ReferralCoupon, ReferralUsage
from bookings.services import editing
from bookings.services.coupons import CouponRefused
from bookings.services.editing import Values, edit_booking, move_to_stream
from bookings.services.statuses import BookingGone, ReasonMissing, TransitionNotAllowed
from messaging.models import Outbox
from tests.bookings.test_services import wait_until_a_connection_waits_for_a_lock
from tests.factories import (
    BookingFactory,
    CourseFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.models import Event

NEW, PENDING, CONFIRMED, CANCELLED = 0, 1, 2, -1
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def manager(db):
    return UserFactory.create(permissions=["bookings.change_booking"])


@pytest.fixture
def other_stream(db):
    return StreamFactory.create(code="mentoring", name="Менторинг")


def edit(booking, by, *, seen=None, reason="", notify=False, **changes):
    seen = seen or Values.of(booking)
    return edit_booking(
        booking=booking, to=replace(seen, **changes), seen=seen, by=by, at=AT, reason=reason, notify=notify
    )


def saved(booking):
    return Values.of(Booking.objects.get(pk=booking.pk))


def test_every_field_can_be_changed_at_once(manager, booking, other_stream):
    ReferralCouponFactory.create(code="FRIEND20")
    before = saved(booking)

    changed = edit(
        booking,
        manager,
        course_stream="mentoring",
        confirmed=CONFIRMED,
        referral_code="friend20",
        discount_percent=20,
    )

    assert changed == {"course_stream", "confirmed", "referral_code", "discount_percent"}
    assert saved(booking) == replace(
        before,
        course_stream="mentoring",
        confirmed=CONFIRMED,
        referral_code="FRIEND20",
        discount_percent=20,
    )
    assert Values.of(booking) == saved(booking)


def test_stream_code_and_discount_can_be_cleared(manager):
    booking = BookingFactory.create(referral_code="OLD", discount_percent=30)
    before = saved(booking)

    edit(booking, manager, course_stream=None, referral_code="", discount_percent=None)

    assert saved(booking) == replace(before, course_stream=None, referral_code=None, discount_percent=0)


@pytest.mark.parametrize(
    ("kept", "wanted"),
    [({"discount_percent": None}, {"discount_percent": 0}), ({"referral_code": ""}, {"referral_code": None})],
)
def test_nothing_and_nothing_are_the_same(manager, kept, wanted):
    booking = BookingFactory.create(**kept)

    with pytest.raises(editing.NothingToSave, match="Нет изменений для сохранения"):
        edit(booking, manager, **wanted)


def test_the_history_has_old_and_new_the_actor_and_the_reason(manager, booking, other_stream):
    edit(booking, manager, course_stream="mentoring", discount_percent=10, reason="перевод")

    newest = pghistory.models.Events.objects.tracks(booking).order_by("-pgh_created_at", "-pgh_id").first()
    assert newest.pgh_diff == {"course_stream": ["8th_stream", "mentoring"], "discount_percent": [0, 10]}
    assert (newest.pgh_context["user"], newest.pgh_context["reason"]) == (manager.pk, "перевод")


def test_a_new_status_leaves_the_event_that_the_bot_leaves(manager, booking):
    edit(booking, manager, confirmed=CONFIRMED)

    assert Event.objects.get(event_type="booking_status_changed", details__new_status_name="approved")


def test_a_status_keeps_to_the_rules_and_then_nothing_else_is_written(manager, other_stream):
    booking = BookingFactory.create(confirmed=CANCELLED)
    before = saved(booking)

    with pytest.raises(TransitionNotAllowed):
        edit(booking, manager, confirmed=CONFIRMED, course_stream="mentoring")

    assert saved(booking) == before


def test_an_override_asks_for_a_reason_here_too(db, staff):
    booking = BookingFactory.create(confirmed=CANCELLED)

    with pytest.raises(ReasonMissing):
        edit(booking, staff, confirmed=CONFIRMED)
    edit(booking, staff, confirmed=CONFIRMED, reason="вернула оплату")

    assert saved(booking).confirmed == CONFIRMED


def test_a_stream_must_be_described_for_the_course(manager, booking):
    StreamFactory.create(course=CourseFactory.create(name="Другой курс"), code="foreign")

    for code in ("foreign", "nobody_knows"):
        with pytest.raises(editing.UnknownStream):
            edit(booking, manager, course_stream=code)


def test_an_undescribed_stream_may_stay(manager):
    booking = BookingFactory.create(course_stream="99th_stream")

    edit(booking, manager, discount_percent=10)

    assert saved(booking).course_stream == "99th_stream"


def test_a_booking_without_a_course_may_go_to_any_described_stream(manager, other_stream):
    booking = BookingFactory.create(course=None)

    edit(booking, manager, course_stream="mentoring")

    assert saved(booking).course_stream == "mentoring"


def test_a_deleted_booking_is_said_to_be_gone(manager, booking):
    Booking.objects.filter(pk=booking.pk).delete()

    with pytest.raises(BookingGone):
        edit(booking, manager, discount_percent=10)


# Two editors ----------------------------------------------------------------------------------------------------------


def test_the_second_editor_gets_both_values_and_writes_nothing(manager, booking, other_stream):
    seen = Values.of(booking)
    edit(Booking.objects.get(pk=booking.pk), manager, discount_percent=50)

    with pytest.raises(editing.BookingEdited) as conflict:
        edit(booking, manager, seen=seen, course_stream="mentoring")

    assert conflict.value.seen.discount_percent == 0
    assert conflict.value.theirs.discount_percent == 50
    assert conflict.value.yours.course_stream == "mentoring"
    assert saved(booking) == replace(seen, discount_percent=50)


def test_the_second_editor_may_insist(manager, booking):
    edit(Booking.objects.get(pk=booking.pk), manager, discount_percent=50)
    theirs = saved(booking)

    edit(booking, manager, seen=theirs, discount_percent=10)

    assert saved(booking).discount_percent == 10


@pytest.mark.django_db(transaction=True)
def test_two_editors_at_the_same_moment_do_not_both_win():
    booking = BookingFactory.create()
    first, second = UserFactory.create_batch(2, permissions=["bookings.change_booking"])
    seen = Values.of(booking)
    written, may_commit = threading.Event(), threading.Event()

    def on_its_own_connection(work):
        try:
            return work()
        finally:
            connections.close_all()

    def give_twenty():
        with transaction.atomic():
            edit(Booking.objects.get(pk=booking.pk), first, seen=seen, discount_percent=20)
            written.set()
            assert may_commit.wait(10)

    with ThreadPoolExecutor(2) as both:
        one = both.submit(on_its_own_connection, give_twenty)
        assert written.wait(10)
        other = both.submit(on_its_own_connection, lambda: edit(booking, second, seen=seen, discount_percent=90))
        wait_until_a_connection_waits_for_a_lock()
        may_commit.set()
        one.result(10)
        with pytest.raises(editing.BookingEdited):
            other.result(10)

    assert saved(booking).discount_percent == 20


# Coupons --------------------------------------------------------------------------------------------------------------


def test_a_changed_code_counts_the_new_coupon_and_frees_the_old_one(manager, booking):
    old = ReferralCouponFactory.create(code="OLD10")
    new = ReferralCouponFactory.create(code="NEW20")
    edit(booking, manager, referral_code="OLD10")

    edit(booking, manager, referral_code="NEW20")

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.current_activations, new.current_activations) == (0, 1)
    assert list(ReferralUsage.objects.values_list("coupon_id", "booking_id")) == [(new.pk, booking.pk)]


def test_a_cleared_code_frees_its_coupon(manager, booking):
    coupon = ReferralCouponFactory.create(code="OLD10")
    edit(booking, manager, referral_code="OLD10")

    edit(booking, manager, referral_code="")

    coupon.refresh_from_db()
    assert coupon.current_activations == 0
    assert not ReferralUsage.objects.exists()


def test_a_code_in_another_letter_case_is_not_counted_again(manager, booking):
    ReferralCouponFactory.create(code="OLD10")
    edit(booking, manager, referral_code="OLD10")

    edit(booking, manager, referral_code="old10", discount_percent=10)

    assert saved(booking).referral_code == "OLD10"
    assert ReferralCoupon.objects.get().current_activations == 1


@pytest.mark.parametrize(
    ("coupon", "sentence"),
    [
        ({}, "Такого промокода нет"),
        ({"is_active": 0}, "выключен"),
        ({"is_active": None}, "выключен"),
        ({"current_activations": 5}, "5 из 5"),
        ({"current_activations": None, "max_activations": 0}, "0 из 0"),
    ],
)
def test_a_coupon_that_cannot_be_used_is_refused_with_its_reason(manager, booking, coupon, sentence):
    if coupon:
        ReferralCouponFactory.create(code="CODE", **coupon)

    with pytest.raises(CouponRefused, match=sentence):
        edit(booking, manager, referral_code="CODE")

    assert saved(booking).referral_code is None


def test_a_person_uses_a_coupon_for_one_active_booking(manager, booking):
    ReferralCouponFactory.create(code="CODE")
    edit(booking, manager, referral_code="CODE")
    second = BookingFactory.create(telegram_user=booking.telegram_user)

    with pytest.raises(CouponRefused, match=f"№.{booking.pk}"):
        edit(second, manager, referral_code="CODE")


def test_a_use_moves_from_a_cancelled_booking_without_being_counted_again(manager, booking):
    coupon = ReferralCouponFactory.create(code="CODE", max_activations=1)
    edit(booking, manager, referral_code="CODE")
    edit(booking, manager, confirmed=CANCELLED)
    second = BookingFactory.create(telegram_user=booking.telegram_user)
    coupon.refresh_from_db()
    coupon.max_activations = 2
    coupon.save()

    edit(second, manager, referral_code="CODE")

    coupon.refresh_from_db()
    assert coupon.current_activations == 1
    assert ReferralUsage.objects.get().booking == second


# A person to another stream -------------------------------------------------------------------------------------------


def test_the_latest_active_booking_moves(manager, other_stream):
    person = TelegramUserFactory.create()
    older = BookingFactory.create(telegram_user=person, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    latest = BookingFactory.create(telegram_user=person, created_at=datetime(2026, 2, 1, tzinfo=UTC))
    BookingFactory.create(telegram_user=person, confirmed=CANCELLED, created_at=datetime(2026, 3, 1, tzinfo=UTC))

    moved = move_to_stream(person=person, code="mentoring", seen=latest.pk, by=manager, at=AT, reason="просила")

    assert moved == latest
    assert (saved(latest).course_stream, saved(older).course_stream) == ("mentoring", "8th_stream")


def test_a_booking_with_an_unknown_status_counts_as_active(manager, other_stream):
    booking = BookingFactory.create(confirmed=None)

    move_to_stream(person=booking.telegram_user, code="mentoring", seen=booking.pk, by=manager, at=AT)

    assert saved(booking).course_stream == "mentoring"


def test_nobody_without_an_active_booking_moves(manager, other_stream):
    booking = BookingFactory.create(confirmed=CANCELLED)

    with pytest.raises(editing.NoActiveBooking, match="У пользователя нет активных бронирований"):
        move_to_stream(person=booking.telegram_user, code="mentoring", seen=booking.pk, by=manager, at=AT)


def test_nobody_moves_to_where_they_are(manager, booking):
    with pytest.raises(editing.AlreadyInStream, match="Пользователь уже находится в этом потоке"):
        move_to_stream(person=booking.telegram_user, code="8th_stream", seen=booking.pk, by=manager, at=AT)


def test_a_newer_booking_is_not_moved_in_place_of_the_one_that_was_shown(manager, booking, other_stream):
    newer = BookingFactory.create(telegram_user=booking.telegram_user, created_at=datetime(2026, 11, 20, tzinfo=UTC))

    with pytest.raises(editing.BookingEdited):
        move_to_stream(person=booking.telegram_user, code="mentoring", seen=booking.pk, by=manager, at=AT)

    assert saved(newer).course_stream == "8th_stream"


# What the student is told ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"confirmed": CONFIRMED}, "Ваше место на курсе «Вайб кодинг» подтверждено: 8-й поток."),
        ({"confirmed": CANCELLED}, "Ваша запись на курс «Вайб кодинг» отменена."),
        ({"course_stream": "mentoring"}, "Вы переведены в другой поток курса «Вайб кодинг»: Менторинг."),
        ({"course_stream": None}, "Мы обновили вашу запись на курс «Вайб кодинг»."),
        ({"discount_percent": 20}, "Ваша скидка — 20\u00a0%."),
    ],
)
def test_what_is_told_is_queued_in_the_words_of_the_change(manager, other_stream, changes, words):
    StreamFactory.create()
    booking = BookingFactory.create()

    edit(booking, manager, notify=True, **changes)

    message = Outbox.objects.get()
    assert message.message_text.startswith("Здравствуйте, Анна!")
    assert words in message.message_text
    assert (message.telegram_user, message.booking, message.queued_by, message.state) == (
        booking.telegram_user,
        booking,
        manager,
        Outbox.State.QUEUED,
    )


def test_a_hostile_name_stays_text(manager):
    booking = BookingFactory.create(telegram_user__first_name="<b>Боб</b> & %s %(course)s")

    edit(booking, manager, notify=True, discount_percent=20)

    assert "&lt;b&gt;Боб&lt;/b&gt; &amp; %s %(course)s!" in Outbox.objects.get().message_text


def test_nothing_is_queued_unless_asked_and_unless_written(manager, booking):
    edit(booking, manager, discount_percent=20)
    with pytest.raises(TransitionNotAllowed):
        edit(booking, manager, confirmed=NEW, notify=True)

    assert not Outbox.objects.exists()
