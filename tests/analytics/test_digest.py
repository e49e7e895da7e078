"""The morning digest: what the page says, once a day, in words that only its reader gets."""

import re
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from analytics.digest import LONGEST, send_digests, write_digest
from analytics.queries import Freshness
from analytics.rollups import refresh_numbers
from analytics.today import metrics
from bookings.models import Booking
from hsl_dashboard.web.days import day_begins, school_day
from hsl_dashboard.web.today import TodayLine, today_lines
from messaging.delivery.queues import SendQueue
from messaging.models import Broadcast, Digest, StaffNotice, TelegramLink
from tests.factories import BookingFactory, BroadcastFactory, TelegramUserFactory, UserFactory
from users.models import TelegramUser, User

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
TODAY = school_day(timezone.now())


def at_ten(minutes: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(TODAY, time(10))) + timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def no_runners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.delivery.tasks.wake_broadcast", lambda pk: None)


@pytest.fixture
def me(staff: User) -> TelegramUser:
    person = TelegramUserFactory.create(first_name="Анна")
    TelegramLink.objects.create(user=staff, telegram_user=person, linked_at=at_ten() - DAY)
    StaffNotice.objects.create(user=staff, subject="digest", is_on=True, told_until=at_ten() - DAY)
    return person


def without_tags(text: str) -> str:
    return re.sub("<[^>]+>", "", text)


def test_its_lines_and_numbers_are_those_of_the_page(staff: User) -> None:
    yesterday = day_begins(TODAY) - timedelta(minutes=1)
    for ago, count in ((0, 3), (7, 2), (3, 1)):
        moment = yesterday - ago * DAY
        for person in TelegramUserFactory.create_batch(count, first_seen_at=moment):
            BookingFactory.create(telegram_user=person, created_at=moment, confirmed=Booking.Status.PENDING)
    BroadcastFactory.create(state=Broadcast.State.HELD)
    refresh_numbers(at_ten())

    text = without_tags(write_digest(staff, at=at_ten()))

    lines = [line for slow in (False, True) for line in today_lines(staff, at_ten(), slow=slow)]
    assert {"bookings-pending", "messages-held"} <= {line.name for line in lines}
    for line in lines:
        assert f"{line.label}: {line.count}" in text
    # The page of the last minute of each of the two days says the same as «today so far».
    then, before = (metrics(staff, at, Freshness.read()) for at in (yesterday, yesterday - 7 * DAY))
    assert [metric.today for metric in then][:2] != ["0", "0"]
    for ours, theirs in zip(then, before, strict=True):
        assert f"{ours.label}: {ours.today} ({theirs.today})" in text


def test_it_is_sent_from_ten_until_one_and_once_a_day(staff: User, me: TelegramUser) -> None:
    for minutes in (-1, 180, 600):
        assert send_digests(at=at_ten(minutes)) == []

    [message] = send_digests(at=at_ten())
    assert send_digests(at=at_ten(1)) == []
    assert len(send_digests(at=at_ten() + DAY)) == 1

    assert [row.telegram_user for row in Broadcast.objects.get(pk=message).recipients.all()] == [me]
    # Yesterday's words are not kept.
    assert [bool(words) for words in Digest.objects.order_by("day").values_list("words", flat=True)] == [False, True]


def test_of_two_beats_the_second_finds_the_day_taken(
    staff: User, me: TelegramUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analytics import digest

    send, sent = digest._send, []

    def after_another_beat(user: User, **options: Any) -> int | None:
        monkeypatch.setattr(digest, "_send", send)
        sent.extend(digest.send_digests(at=at_ten()))
        return send(user, **options)

    monkeypatch.setattr(digest, "_send", after_another_beat)

    assert digest.send_digests(at=at_ten()) == []
    assert len(sent) == 1
    assert Broadcast.objects.count() == Digest.objects.count() == 1


def test_nobody_gets_it_who_did_not_ask_before_or_cannot_be_reached(staff: User, me: TelegramUser) -> None:
    StaffNotice.objects.update(told_until=at_ten(5))
    assert send_digests(at=at_ten(6)) == []

    StaffNotice.objects.update(told_until=at_ten() - DAY, is_on=False)
    assert send_digests(at=at_ten(6)) == []
    StaffNotice.objects.update(is_on=True)
    TelegramLink.objects.all().delete()
    assert send_digests(at=at_ten(6)) == []


def test_one_that_breaks_keeps_it_from_nobody_else(
    staff: User, me: TelegramUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analytics import digest

    other = UserFactory.create()
    TelegramLink.objects.create(user=other, telegram_user=me, linked_at=at_ten() - DAY)
    StaffNotice.objects.create(user=other, subject="digest", is_on=True, told_until=at_ten() - DAY)
    write = digest.write_digest

    def breaks_for_the_first(user: User, *, at: datetime) -> str:
        if user == staff:
            raise OSError
        return write(user, at=at)

    monkeypatch.setattr(digest, "write_digest", breaks_for_the_first)

    assert len(send_digests(at=at_ten())) == 1
    assert Digest.objects.get().user == other
    monkeypatch.undo()
    monkeypatch.setattr("messaging.delivery.tasks.wake_broadcast", lambda pk: None)
    assert len(send_digests(at=at_ten(1))) == 1


def test_the_words_are_dropped_of_those_too_who_want_none_any_more(me: TelegramUser) -> None:
    send_digests(at=at_ten())
    StaffNotice.objects.update(is_on=False)

    send_digests(at=at_ten() + DAY)

    assert Digest.objects.get().words == ""


def test_its_words_are_read_in_telegram_and_on_no_page(staff: User, me: TelegramUser, staff_client: Client) -> None:
    BookingFactory.create(confirmed=Booking.Status.PENDING)
    [message] = send_digests(at=at_ten())

    page = staff_client.get(f"/messages/{message}/")
    assertContains(page, "••••••")
    assertNotContains(page, "Ждёт вас:")
    Broadcast.objects.update(started_at=timezone.now() - DAY)
    Broadcast.objects.get().recipients.update(next_try_at=timezone.now() - DAY)
    queue = SendQueue(message)
    assert queue.enlist("worker", most=1) is not None
    [claim] = queue.claim(5, "worker")
    assert "Бронирования ждут оплаты: <b>1</b>" in (claim.text or "")
    assert Digest.objects.get().words == claim.text


def test_a_digest_whose_words_cannot_be_read_is_not_claimed(me: TelegramUser, monkeypatch: pytest.MonkeyPatch) -> None:
    [message] = send_digests(at=at_ten())
    Broadcast.objects.update(started_at=timezone.now() - DAY)
    recipients = Broadcast.objects.get().recipients
    recipients.update(next_try_at=timezone.now() - DAY)
    queue = SendQueue(message)
    assert queue.enlist("worker", most=1) is not None
    monkeypatch.setattr("messaging.delivery.queues.Digest.objects", None)

    with pytest.raises(AttributeError):
        queue.claim(5, "worker")

    assert recipients.get().state == "pending"


def test_each_reader_gets_what_they_may_see() -> None:
    BookingFactory.create(confirmed=Booking.Status.PENDING)

    text = write_digest(UserFactory.create(), at=at_ten())

    assert "Всё разобрано" in text
    assert "Вчера" not in text and "Бронирования" not in text


def test_it_never_grows_beyond_what_telegram_takes(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [TodayLine(f"n-{number}", "Очень длинная <строка>", 1, "/") for number in range(300)]
    monkeypatch.setattr("analytics.digest.today_lines", lambda *_args, slow: [] if slow else lines)

    text = write_digest(staff, at=at_ten())

    assert len(text) <= LONGEST + 10
    assert text.splitlines()[-2] == "…" and text.endswith("/")
