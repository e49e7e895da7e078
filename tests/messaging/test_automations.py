"""Students are told by themselves: once a change, whoever made it, never at night, never of what was before."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from bookings.models import Booking, BookingChange, FreeLessonRegistration, Stream
from bookings.notices import NoticeKind, last_notice
from bookings.services.editing import Values, edit_booking
from messaging.automations import firing
from messaging.automations.notices import put_in_outbox
from messaging.automations.preview import preview_rule
from messaging.automations.reach import reach_of
from messaging.broadcasts.services.acts import count_as_delivered
from messaging.models import Automation, Broadcast, Outbox, Recipient
from messaging.quiet_hours import is_quiet
from tests.factories import (
    AutomationFactory,
    BookingFactory,
    FreeLessonRegistrationFactory,
    StreamFactory,
    TelegramUserFactory,
)
from users.models import BlockedUser

pytestmark = pytest.mark.django_db

NOON = timezone.make_aware(datetime(2026, 12, 1, 12))  # noqa: DTZ001 - Moscow
TODAY = NOON.date()


def sql(statement: str, *params: object) -> None:
    """What the bot does: raw SQL, of which Django knows nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def set_status(booking: Booking, status: int, *, at: datetime = NOON - timedelta(hours=1)) -> None:
    """The bot changes a status; the test says when that was."""
    last = BookingChange.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    sql("UPDATE bookings SET confirmed = %s WHERE id = %s", status, booking.pk)
    BookingChange.objects.filter(pk__gt=last).update(changed_at=at)


def stream_in(*, days: int) -> None:
    """The eighth stream begins so many days after TODAY."""
    stream = StreamFactory.create()
    Stream.objects.filter(pk=stream.pk).update(name="8-й поток", starts_on=TODAY + timedelta(days=days))


def queued() -> list[str]:
    return list(Outbox.objects.order_by("pk").values_list("message_text", flat=True))


def test_the_bots_own_sql_confirms_and_the_student_is_told_once():
    AutomationFactory.create(kind="booking_confirmed")
    stream_in(days=2)
    booking = BookingFactory.create()
    set_status(booking, 2)

    firing.fire_automations(at=NOON)
    firing.fire_automations(at=NOON + timedelta(minutes=1))

    assert queued() == ["Анна, Вайб кодинг, 8-й поток, 3 декабря"]


def test_every_change_counts_once_and_writing_the_same_status_again_is_no_change():
    AutomationFactory.create(kind="booking_confirmed")
    booking = BookingFactory.create()
    for status in (2, 2):
        set_status(booking, status)
    firing.fire_automations(at=NOON)
    assert len(queued()) == 1

    set_status(booking, -1)
    set_status(booking, 2)
    firing.fire_automations(at=NOON)

    assert len(queued()) == 2


def test_a_status_that_was_taken_back_before_the_offset_passed_is_not_told():
    AutomationFactory.create(kind="booking_cancelled", offset=10)
    AutomationFactory.create(kind="booking_confirmed", offset=10)
    booking = BookingFactory.create()
    set_status(booking, -1, at=NOON - timedelta(minutes=5))
    firing.fire_automations(at=NOON)
    assert queued() == []

    set_status(booking, 2, at=NOON)
    firing.fire_automations(at=NOON + timedelta(minutes=10))

    assert list(Outbox.objects.values_list("kind", flat=True)) == ["booking_confirmed"]


def test_what_happened_before_the_rule_was_switched_on_is_never_told():
    AutomationFactory.create(kind="booking_confirmed", switched_on_at=NOON - timedelta(minutes=30))
    AutomationFactory.create(kind="payment_reminder", switched_on_at=NOON - timedelta(minutes=30))
    set_status(BookingFactory.create(), 2, at=NOON - timedelta(minutes=31))
    BookingFactory.create(confirmed=1)
    BookingChange.objects.filter(is_new=True).update(changed_at=NOON - timedelta(days=1))

    assert firing.fire_automations(at=NOON) == 0


def test_all_rules_are_off_until_somebody_switches_them_on():
    set_status(BookingFactory.create(), 2)

    assert firing.fire_automations(at=NOON) == 0
    assert not Automation.objects.filter(is_on=True).exists()


def test_a_booking_that_comes_as_confirmed_is_no_confirmation():
    AutomationFactory.create(kind="booking_confirmed")
    BookingFactory.create(confirmed=2)

    assert firing.fire_automations(at=timezone.localtime().replace(hour=12) + timedelta(days=1)) == 0


@pytest.mark.parametrize(("hour", "quiet"), [(20, False), (21, True), (23, True), (3, True), (8, True), (9, False)])
def test_the_night_is_by_moscows_clock(hour, quiet):
    assert is_quiet(NOON.replace(hour=hour)) is quiet


def test_what_is_due_at_night_waits_for_the_morning():
    AutomationFactory.create(kind="booking_confirmed")
    night = NOON.replace(hour=22)
    set_status(BookingFactory.create(), 2, at=night - timedelta(minutes=1))

    assert firing.fire_automations(at=night) == 0
    assert firing.fire_automations(at=night + timedelta(hours=10, minutes=59)) == 0
    assert firing.fire_automations(at=night + timedelta(hours=11)) == 1


def test_a_payment_is_reminded_of_after_so_many_days_and_not_when_it_came_meanwhile():
    AutomationFactory.create(kind="payment_reminder", offset=3)
    waiting, paid = BookingFactory.create(confirmed=0), BookingFactory.create(confirmed=0)
    for booking in (waiting, paid):
        set_status(booking, 1, at=NOON - timedelta(days=3))
    set_status(paid, 2, at=NOON - timedelta(days=1))

    assert firing.fire_automations(at=NOON - timedelta(minutes=1)) == 0
    assert firing.fire_automations(at=NOON) == 1
    assert firing.fire_automations(at=NOON + timedelta(days=1)) == 0
    assert Outbox.objects.get().booking == waiting


def test_before_the_course_each_confirmed_person_is_reminded_once():
    AutomationFactory.create(kind="course_start", offset=2)
    stream_in(days=2)
    person = TelegramUserFactory.create()
    for booking in (BookingFactory.create(telegram_user=person), BookingFactory.create(telegram_user=person)):
        set_status(booking, 2)
    set_status(BookingFactory.create(course_stream="other"), 2)

    assert firing.fire_automations(at=NOON - timedelta(days=1)) == 0
    assert firing.fire_automations(at=NOON.replace(hour=9, minute=59)) == 0
    assert firing.fire_automations(at=NOON) == 1
    assert firing.fire_automations(at=NOON + timedelta(days=1)) == 0
    assert firing.fire_automations(at=NOON + timedelta(days=3)) == 0


def test_those_from_before_are_reminded_of_the_course_only_when_staff_say_so():
    stream_in(days=1)
    set_status(BookingFactory.create(), 2, at=NOON - timedelta(days=9))
    rule = AutomationFactory.create(kind="course_start", offset=1, switched_on_at=NOON - timedelta(days=1))

    assert firing.fire_automations(at=NOON) == 0
    Automation.objects.filter(pk=rule.pk).update(include_earlier=True)
    assert firing.fire_automations(at=NOON) == 1


def test_of_a_free_lesson_a_new_registration_is_reminded_and_one_that_the_bot_reminded_is_not():
    AutomationFactory.create(kind="free_lesson", offset=1, template="{first_name|друг}: {starts_on}")
    mine = FreeLessonRegistrationFactory.create(lesson_date=TODAY + timedelta(days=1))
    FreeLessonRegistrationFactory.create(lesson_date=TODAY + timedelta(days=1), notification_sent=True)
    FreeLessonRegistrationFactory.create(lesson_date=TODAY + timedelta(days=3))
    FreeLessonRegistrationFactory.create(lesson_date=None)

    firing.fire_automations(at=NOON)
    firing.hand_over(at=NOON)
    firing.fire_automations(at=NOON + timedelta(minutes=1))

    assert queued() == ["Анна: 2 декабря"]
    assert FreeLessonRegistration.objects.get(pk=mine.pk).notification_sent is True


def test_a_lesson_that_the_bot_reminds_of_between_queue_and_sending_is_withdrawn():
    AutomationFactory.create(kind="free_lesson", offset=1)
    FreeLessonRegistrationFactory.create(lesson_date=TODAY + timedelta(days=1))
    Automation.objects.update(template="урок")
    firing.fire_automations(at=NOON)
    sql("UPDATE free_lesson_registrations SET notification_sent = TRUE")

    assert firing.hand_over(at=NOON) == []
    assert Outbox.objects.get().state == Outbox.State.CANCELLED


def test_staff_who_tell_the_student_themselves_are_not_repeated(staff):
    AutomationFactory.create(kind="booking_confirmed")
    booking = BookingFactory.create()
    seen = Values.of(booking)
    to = replace(seen, confirmed=2)

    edit_booking(booking=booking, to=to, seen=seen, by=staff, at=timezone.now(), notify=True)
    fired = firing.fire_automations(at=timezone.localtime().replace(hour=12) + timedelta(days=1))

    assert fired == 0
    letter = Outbox.objects.get()
    assert (letter.rule, letter.queued_by) == (None, staff)


def test_what_is_queued_in_the_evening_and_not_handed_over_waits_for_the_morning(staff):
    AutomationFactory.create(kind="booking_confirmed")
    booking = BookingFactory.create()
    set_status(booking, 2)
    firing.fire_automations(at=NOON.replace(hour=20, minute=59))
    put_in_outbox([booking], NoticeKind.MOVED, by=staff, at=NOON)

    at_night = firing.hand_over(at=NOON.replace(hour=21))
    in_the_morning = firing.hand_over(at=NOON.replace(hour=9) + timedelta(days=1))

    kinds = [Outbox.objects.get(recipient__message=pk).kind for pk in (*at_night, *in_the_morning)]
    assert kinds == ["booking_moved", "booking_confirmed"]  # staff's own letter does not wait


# What is not so any more ----------------------------------------------------------------------------------------------


def letter_that_waits(kind: str) -> Outbox:
    """A letter of a rule of this kind that is queued at NOON, and true."""
    AutomationFactory.create(kind=kind, template="Письмо", offset=0 if kind.startswith("booking") else 1)
    if kind == "free_lesson":
        FreeLessonRegistrationFactory.create(lesson_date=TODAY + timedelta(days=1))
    elif kind == "course_start":
        stream_in(days=1)
        set_status(BookingFactory.create(), 2)
    elif kind == "payment_reminder":
        set_status(BookingFactory.create(confirmed=0), 1, at=NOON - timedelta(days=1))
    else:
        set_status(BookingFactory.create(), 2 if kind == "booking_confirmed" else -1)
    assert firing.fire_automations(at=NOON) == 1
    return Outbox.objects.get()


OVERTAKEN = [
    ("booking_confirmed", "UPDATE bookings SET confirmed = -1"),
    ("booking_cancelled", "UPDATE bookings SET confirmed = 2"),
    ("payment_reminder", "UPDATE bookings SET confirmed = 2"),
    ("course_start", "UPDATE bookings SET confirmed = -1"),
    ("course_start", "UPDATE bookings SET course_stream = 'another'"),
    ("course_start", "UPDATE bookings_stream SET starts_on = starts_on + 7"),
    ("free_lesson", "UPDATE free_lesson_registrations SET lesson_date = lesson_date + 7"),
    ("free_lesson", "DELETE FROM free_lesson_registrations"),
    ("booking_confirmed", "DELETE FROM bookings"),
    ("booking_confirmed", "UPDATE messaging_automation SET is_on = FALSE"),
]


@pytest.mark.parametrize(("kind", "happens"), OVERTAKEN)
def test_a_letter_that_is_not_true_any_more_is_withdrawn_from_the_queue(kind, happens):
    letter_that_waits(kind)
    sql(happens)

    assert firing.hand_over(at=NOON) == []
    letter = Outbox.objects.get()
    assert (letter.state, letter.reason) == (Outbox.State.CANCELLED, Recipient.Reason.OUTDATED)


@pytest.mark.parametrize("kind", ["booking_confirmed", "booking_cancelled", "payment_reminder", "course_start"])
def test_a_letter_that_is_true_is_handed_over(kind):
    letter_that_waits(kind)

    assert len(firing.hand_over(at=NOON)) == 1


def test_a_status_that_was_left_and_came_back_is_told_once_by_the_newer_letter():
    letter_that_waits("booking_confirmed")
    booking = Booking.objects.get()
    set_status(booking, -1)
    set_status(booking, 2)

    firing.fire_automations(at=NOON)
    firing.hand_over(at=NOON)

    assert list(Outbox.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "sent"]


def test_a_letter_of_staff_that_is_not_true_any_more_does_not_go_out(staff):
    booking = BookingFactory.create(confirmed=2)
    put_in_outbox([booking], NoticeKind.CONFIRMED, by=staff, at=NOON)
    set_status(booking, -1)

    assert firing.hand_over(at=NOON) == []


def test_a_reminder_of_a_day_that_is_past_is_withdrawn():
    letter_that_waits("course_start")

    assert firing.hand_over(at=NOON + timedelta(days=2)) == []
    assert Outbox.objects.get().state == Outbox.State.CANCELLED


def test_a_placeholder_without_a_value_is_told_to_staff_and_to_nobody_else():
    AutomationFactory.create(kind="booking_confirmed", template="Начало {starts_on}")
    booking = BookingFactory.create(course_stream="new")
    set_status(booking, 2)

    firing.fire_automations(at=NOON)
    firing.hand_over(at=NOON)
    firing.settle(at=NOON)

    assert not Broadcast.objects.exists()
    booking.refresh_from_db()
    assert (booking.notified_at, booking.notice_error) == (None, Recipient.Reason.NO_VALUE)


def test_somebody_blocked_is_skipped_and_the_booking_says_so():
    AutomationFactory.create(kind="booking_confirmed")
    booking = BookingFactory.create()
    BlockedUser.objects.create(telegram_user=booking.telegram_user)
    set_status(booking, 2)

    firing.fire_automations(at=NOON)
    [broadcast] = firing.hand_over(at=NOON)
    firing.settle(at=NOON)

    assert Recipient.objects.get(message=broadcast).state == Recipient.State.SKIPPED
    booking.refresh_from_db()
    notice = last_notice(booking)
    assert notice and (notice.about, notice.at) == ("Бронирование подтверждено", None)
    assert notice.error == str(Recipient.Reason.BLOCKED.label)


def test_a_decision_of_staff_about_an_uncertain_one_reaches_the_booking(staff):
    AutomationFactory.create(kind="booking_confirmed")
    booking = BookingFactory.create()
    set_status(booking, 2)
    firing.fire_automations(at=NOON)
    [pk] = firing.hand_over(at=NOON)
    Recipient.objects.update(state="uncertain", reason="no_answer")
    firing.settle(at=NOON)
    assert Booking.objects.get(pk=booking.pk).notice_error == "no_answer"

    count_as_delivered(broadcast=Broadcast.objects.get(pk=pk), by=staff, at=NOON)
    firing.settle(at=NOON)

    told = Booking.objects.get(pk=booking.pk)
    assert (told.notice_error, told.notified_about) == ("", "booking_confirmed")
    assert told.notified_at is not None


def test_telling_is_no_entry_in_the_history_of_the_booking():
    booking = BookingFactory.create()
    before = booking.events.count()

    Booking.objects.filter(pk=booking.pk).update(notified_at=NOON, notified_about="booking_confirmed")

    assert booking.events.count() == before


def test_the_preview_says_whom_a_rule_would_reach_today():
    stream_in(days=1)
    booking = BookingFactory.create()
    set_status(booking, 2)
    rule = AutomationFactory.create(kind="course_start", offset=1, is_on=False, include_earlier=True)

    reach = reach_of(rule, at=NOON.replace(hour=8))

    assert (reach.count, reach.people) == (1, [booking.telegram_user])
    preview = preview_rule(rule, rule.template)
    assert (preview.person, preview.text) == (booking.telegram_user, "Анна, Вайб кодинг, 8-й поток, 2 декабря")


def test_a_tick_asks_few_questions_when_nothing_happened(django_assert_max_num_queries):
    for kind in ("booking_confirmed", "booking_cancelled", "payment_reminder", "course_start", "free_lesson"):
        AutomationFactory.create(kind=kind)

    with django_assert_max_num_queries(13):
        firing.fire_automations(at=NOON)
        firing.hand_over(at=NOON)
        firing.settle(at=NOON)
