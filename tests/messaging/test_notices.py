"""Notices to staff in Telegram: who chooses which, what is new, how often, and never at night."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking, WaitingPayment
from demo.sandbox.client import SandboxClient
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.models import Broadcast, Conversation, Draft, StaffNotice, TelegramLink
from messaging.models.recipient_types import RecipientType
from messaging.notices import services
from messaging.notices.services import choose_notices, send_notices
from messaging.tasks import tell_staff
from tests.bookings.waiting import booked, fold, prove
from tests.factories import BroadcastFactory, TelegramUserFactory, UserFactory
from tests.messaging.conversations import bot_writes, conversation_of
from users.models import AuditEntry, BlockedUser, TelegramUser, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

PAGE = reverse("messaging:notice_settings")
Subject = StaffNotice.Subject
MINUTE = timedelta(minutes=1)


def by_day(hour: int = 12) -> datetime:
    return timezone.localtime().replace(hour=hour, minute=0, second=0, microsecond=0)


NOON = by_day()


@pytest.fixture
def me(staff: User) -> TelegramUser:
    """My own account, linked, with every notice switched on since this morning."""
    person = TelegramUserFactory.create(first_name="Анна")
    TelegramLink.objects.create(user=staff, telegram_user=person, linked_at=NOON)
    choose_notices(user=staff, wanted=list(Subject), at=by_day(9))
    return person


def told(at: datetime) -> list[str]:
    """What one look tells, the address without the host."""
    sent = [Broadcast.objects.get(pk=pk).message_text for pk in send_notices(at=at)]
    return [text.replace("http://localhost:8000", "") for text in sent]


def came(at: datetime, booking: Booking) -> None:
    fold()
    WaitingPayment.objects.filter(pk=booking.pk).update(came_at=at)


def test_one_that_breaks_silences_no_other(me: TelegramUser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notices of an account come in the order of their subjects: that of answers is the first."""
    came(NOON, booked())

    def breaks(*_args: Any) -> None:
        raise OSError

    answers = services.BY_SUBJECT["answers"]
    monkeypatch.setitem(services.BY_SUBJECT, "answers", replace(answers, read=breaks))

    assert len(told(NOON + MINUTE)) == 1


# What is new ----------------------------------------------------------------------------------------------------------


def test_new_payments_are_told_once_and_at_most_each_quarter_of_an_hour(me: TelegramUser, settings: Any) -> None:
    settings.DASHBOARD_URL = "https://school.test"
    first = booked()
    came(NOON, first)

    assert told(NOON + MINUTE) == [f"<b>1 новая оплата ждёт решения</b>\nhttps://school.test/payments/?open={first.pk}"]
    assert told(NOON + 2 * MINUTE) == []
    for _number in range(2):
        came(NOON + 3 * MINUTE, booked())
    assert told(NOON + 15 * MINUTE) == []
    assert told(NOON + 16 * MINUTE) == ["<b>2 новые оплаты ждут решения</b>\nhttps://school.test/payments/"]
    assert told(NOON + 60 * MINUTE) == []
    [message] = Broadcast.objects.order_by("-pk")[:1]
    assert message.recipient_type == RecipientType.NOTICE
    assert [row.telegram_user for row in message.recipients.all()] == [me]


def test_a_new_receipt_is_new_and_what_a_colleague_has_taken_is_theirs(me: TelegramUser) -> None:
    booking = booked()
    came(NOON, booking)
    assert len(told(NOON + MINUTE)) == 1
    prove(booking)
    fold()
    assert WaitingPayment.objects.get().came_at != NOON

    WaitingPayment.objects.update(came_at=NOON + 5 * MINUTE, assignee=UserFactory.create())

    assert told(NOON + 20 * MINUTE) == []
    WaitingPayment.objects.update(assignee=None)
    assert len(told(NOON + 20 * MINUTE)) == 1


def test_a_text_for_me_or_for_nobody_is_told_and_one_for_a_colleague_is_not(staff: User, me: TelegramUser) -> None:
    people = TelegramUserFactory.create_batch(3)
    for person, assignee in zip(people, (staff, None, UserFactory.create()), strict=True):
        bot_writes(person, "Секретный вопрос")
        conversation_of(person)
        Conversation.objects.filter(pk=person.pk).update(assignee=assignee, last_text_at=NOON)

    [text] = told(NOON + MINUTE)

    assert "Написали 2 студента" in text and "/inbox/" in text
    assert "Секретный" not in text
    Conversation.objects.update(last_text_at=NOON + 2 * MINUTE, state=Conversation.State.WAITING)
    assert told(NOON + 20 * MINUTE) == []  # somebody reads it


def test_messages_that_pause_or_wait_long_for_my_approval_are_told(staff: User, me: TelegramUser) -> None:
    paused = BroadcastFactory.create(state=Broadcast.State.PAUSED, paused_at=NOON)
    BroadcastFactory.create(state=Broadcast.State.PAUSED, paused_at=NOON, recipient_type=RecipientType.NOTICE)
    author = UserFactory.create()
    draft = Draft.objects.create(created_by=author, asked_by=author, asked_version=1, asked_at=NOON)
    Draft.objects.create(created_by=staff, asked_by=staff, asked_version=1, asked_at=NOON)

    [pause] = told(NOON + MINUTE)
    assert f"Сообщение №\u00a0{paused.pk} на паузе" in pause and f"/messages/{paused.pk}/" in pause
    [approval] = told(NOON + 16 * MINUTE)
    assert "1 сообщение всё ещё ждёт вашего одобрения" in approval
    assert reverse("messaging:compose_confirm", args=[draft.pk]) in approval
    assert told(NOON + 60 * MINUTE) == []


# To whom, and when ----------------------------------------------------------------------------------------------------


def test_at_night_nobody_is_told_and_in_the_morning_everything(me: TelegramUser) -> None:
    came(by_day(22), booked())

    for moment in (by_day(21), by_day(23), by_day(8)):
        assert told(moment) == []
    StaffNotice.objects.update(told_until=by_day(9))
    assert len(told(by_day(9) + timedelta(days=1))) == 1


@pytest.mark.parametrize("happens", ["unlinked", "not confirmed", "blocked", "gone", "no permission", "off"])
def test_nobody_is_told_who_cannot_or_will_not_be(staff: User, me: TelegramUser, happens: str) -> None:
    came(NOON, booked())
    match happens:
        case "unlinked":
            TelegramLink.objects.all().delete()
        case "not confirmed":
            TelegramLink.objects.update(linked_at=None)
        case "blocked":
            BlockedUser.objects.create(telegram_user=me, blocked_at=NOON, reason="bot_blocked_by_user")
        case "gone":
            User.objects.filter(pk=staff.pk).update(is_active=False)
        case "no permission":
            User.objects.filter(pk=staff.pk).update(is_superuser=False)
            staff.user_permissions.set(Permission.objects.filter(codename="view_booking"))
        case "off":
            choose_notices(user=staff, wanted=[Subject.ANSWERS], at=NOON)

    assert told(NOON + MINUTE) == []


def test_of_two_ticks_one_tells(me: TelegramUser, monkeypatch: pytest.MonkeyPatch) -> None:
    came(NOON, booked())
    tell, sent = services._tell, []

    def after_another_tick(*args: Any, **options: Any) -> int | None:
        monkeypatch.setattr(services, "_tell", tell)
        sent.extend(send_notices(at=NOON + MINUTE))
        return tell(*args, **options)

    monkeypatch.setattr(services, "_tell", after_another_tick)

    assert send_notices(at=NOON + MINUTE) == []
    assert len(sent) == 1
    assert Broadcast.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_it_goes_out_through_the_engine(
    staff: User, me: TelegramUser, engine: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.notices.services.is_quiet", lambda _at: False)
    StaffNotice.objects.update(told_until=timezone.now() - MINUTE)
    booked()
    fold()

    tell_staff()
    run_queue(SendQueue(Broadcast.objects.get().pk))

    assert engine.accepted_counts() == {me.pk: 1}
    assert "новая оплата ждёт решения" in engine.ledger(accepted=True)[0].text
    assert Broadcast.objects.get().state == Broadcast.State.FINISHED


# Choosing -------------------------------------------------------------------------------------------------------------


def test_each_is_off_until_it_is_switched_on_and_that_is_audited(staff_client: Client, staff: User) -> None:
    person = TelegramUserFactory.create(first_name="Маша")
    TelegramLink.objects.create(user=staff, telegram_user=person, linked_at=NOON)
    page = staff_client.get(PAGE)
    assertContains(page, "Маша")
    assertNotContains(page, "checked")
    assert not StaffNotice.objects.exists()

    response = staff_client.post(PAGE, {"payments": "on", "digest": "on", "nonsense": "on"})
    assert (response.status_code, response["Location"]) == (303, PAGE)
    assertContains(staff_client.get(PAGE), "checked", count=2)
    staff_client.post(PAGE, {"digest": "on"})

    on = StaffNotice.objects.filter(is_on=True)
    assert [(notice.user, notice.subject) for notice in on] == [(staff, "digest")]
    lines = AuditEntry.objects.filter(what="messaging_staffnotice.update")
    assert [line.done_by_id for line in lines] == [staff.pk] * 3
    assert sorted(line.object_id or "" for line in lines) == ["digest", "payments", "payments"]
    assert lines.latest("pk").data == {"old": {"is_on": True}, "new": {"is_on": False}}


def test_what_was_off_tells_only_what_comes_after_it_is_on(staff: User, me: TelegramUser) -> None:
    choose_notices(user=staff, wanted=[], at=NOON)
    came(NOON + MINUTE, booked())
    choose_notices(user=staff, wanted=[Subject.PAYMENTS], at=NOON + 2 * MINUTE)

    assert told(NOON + 3 * MINUTE) == []


def test_only_what_one_may_see_is_offered_or_taken(client: Client) -> None:
    viewer = UserFactory.create(permissions=["users.view_telegramuser"])
    TelegramLink.objects.create(user=viewer, telegram_user=TelegramUserFactory.create(), linked_at=NOON)
    client.force_login(viewer)

    assert list(client.get(PAGE).context["form"].fields) == ["digest"]
    client.post(PAGE, {"payments": "on"})
    assert not StaffNotice.objects.exists()


def test_without_a_linked_account_the_page_says_where_to_link_it(staff_client: Client, client: Client) -> None:
    link = f"{reverse('messaging:compose_link')}?{urlencode({'next': PAGE})}"
    page = staff_client.get(PAGE)
    assertContains(page, link)
    assertNotContains(page, "checkbox")
    assert staff_client.post(PAGE, {"digest": "on"}).status_code == 409
    assert not StaffNotice.objects.exists()

    client.force_login(UserFactory.create())
    assertNotContains(client.get(PAGE), link)


def test_who_has_blocked_the_bot_is_told_so(staff_client: Client, me: TelegramUser) -> None:
    BlockedUser.objects.create(telegram_user=me, blocked_at=NOON, reason="bot_blocked_by_user")

    assertContains(staff_client.get(PAGE), "Вы заблокировали бота")


def test_notices_stay_out_of_the_history_unless_asked_for(staff_client: Client, me: TelegramUser) -> None:
    came(NOON, booked())
    [message] = send_notices(at=NOON + MINUTE)

    history = reverse("messaging:broadcast_list")
    assert not staff_client.get(history).context["rows"]
    assert [row.broadcast.pk for row in staff_client.get(history, {"to": "by:notice"}).context["rows"]] == [message]


def test_what_stands_is_found_without_reading_all_messages(me: TelegramUser) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for question in (
            Broadcast.objects.filter(state=Broadcast.State.PAUSED, paused_at__gt=NOON),
            Broadcast.objects.filter(state__in=["sending", "paused", "held"]),
        ):
            assert "message_history_not_over" in question.explain()
