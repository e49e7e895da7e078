"""The author is told in Telegram how a broadcast ended: once, through the engine, and only if they want it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from demo.sandbox.client import SandboxClient
from messaging.audiences.criteria import individuals
from messaging.broadcasts import reports
from messaging.broadcasts.services.acts import cancel_broadcast
from messaging.compose.services.linking import send_link_code
from messaging.content.content import Content
from messaging.delivery import lifecycle
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.delivery.services import create_broadcast
from messaging.models import Broadcast, Recipient, Report, TelegramLink
from messaging.models.recipient_types import RecipientType
from messaging.tasks import tick
from tests.factories import RecipientFactory, TelegramUserFactory, UserFactory
from tests.messaging.broadcasts import group, page, recipients
from users.models import BlockedUser, TelegramUser, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken", "kept_counts")]

NOW = timezone.now()
State = Broadcast.State


@pytest.fixture
def me(staff: User) -> TelegramUser:
    """The author's own account, linked."""
    person = TelegramUserFactory.create(first_name="Анна", username="anna")
    TelegramLink.objects.create(user=staff, telegram_user=person, linked_at=NOW)
    return person


def ended(staff: User, **counts: int) -> Broadcast:
    """A broadcast of ``staff`` whose last recipient has just been settled."""
    broadcast = group(
        message_text="Урок в <b>семь</b> {first_name|друг}",
        state=State.SENDING,
        created_by=staff,
        audience=individuals([]).as_json(),
        started_at=NOW - timedelta(minutes=2, seconds=14),
    )
    recipients(broadcast, **counts)
    return broadcast


def tell(at: datetime = NOW) -> list[str]:
    """The words of the reports that one tick sends."""
    sent = reports.send_reports(at=at)
    return [Broadcast.objects.get(pk=pk).message_text for pk in sent]


def test_it_says_what_became_of_everybody_how_long_it_took_and_where_to_look(
    staff: User, me: TelegramUser, settings: Any
) -> None:
    settings.DASHBOARD_URL = "https://school.test"
    broadcast = ended(staff, sent=2, uncertain=1, skipped=1)
    blocked = RecipientFactory.create(message=broadcast, state="failed", reason="blocked")
    BlockedUser.objects.create(telegram_user=blocked.telegram_user, blocked_at=NOW, reason="bot_blocked_by_user")
    RecipientFactory.create(message=broadcast, state="failed", reason="bad_request")

    lifecycle.finish_broadcast(broadcast.pk, at=NOW)
    [text] = tell()

    assert text.splitlines() == [
        f"<b>Сообщение №\u00a0{broadcast.pk} разослано</b>",
        "<i>Урок в семь друг</i>",
        "",
        "Доставлено: 2 из 5",
        "Не доставлено: 2",
        "   Telegram отклонил сообщение — 1",
        "   Заблокировал бота — 1",
        "Неизвестно, дошло ли: 1",
        "Пропущено: 1",
        "   Причина не записана — 1",
        "",
        "1 человек с тех пор заблокирован: ему больше ничего не отправляется.",
        "Заняло 2 мин 14 с",
        f"https://school.test/messages/{broadcast.pk}/",
    ]
    report = Broadcast.objects.get(recipient_type=RecipientType.REPORT)
    assert [row.telegram_user for row in report.recipients.all()] == [me]
    assert report.state == State.SENDING


def test_it_is_sent_once_whatever_happens_again(staff: User, me: TelegramUser) -> None:
    broadcast = ended(staff, sent=2)

    lifecycle.finish_broadcast(broadcast.pk, at=NOW)
    assert len(tell()) == 1
    assert tell() == []
    # Staff send to some again: it ends a second time.
    Broadcast.objects.filter(pk=broadcast.pk).update(state=State.SENDING)
    lifecycle.finish_broadcast(broadcast.pk, at=NOW)
    assert tell() == []


def test_a_crash_before_the_end_of_the_transaction_sends_nothing_and_loses_nothing(
    staff: User, me: TelegramUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    broadcast = ended(staff, sent=2)
    lifecycle.finish_broadcast(broadcast.pk, at=NOW)

    def die(_broadcast_id: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("messaging.delivery.services.lifecycle.recount", die)
        with pytest.raises(KeyboardInterrupt):
            tell()

    assert not Broadcast.objects.filter(recipient_type=RecipientType.REPORT).exists()
    assert len(tell()) == 1


def test_the_report_makes_no_report(staff: User, me: TelegramUser) -> None:
    lifecycle.finish_broadcast(ended(staff, sent=2).pk, at=NOW)
    [report] = reports.send_reports(at=NOW)
    Recipient.objects.filter(message=report).update(state="failed")

    lifecycle.finish_broadcast(report, at=NOW)

    assert tell() == []
    assert Report.objects.count() == 1


def _unlinked(me: TelegramUser) -> None:
    TelegramLink.objects.all().delete()


def _not_confirmed(me: TelegramUser) -> None:
    TelegramLink.objects.update(linked_at=None)


def _switched_off(me: TelegramUser) -> None:
    TelegramLink.objects.update(wants_reports=False)


def _blocked(me: TelegramUser) -> None:
    BlockedUser.objects.create(telegram_user=me, blocked_at=NOW, reason="bot_blocked_by_user")


@pytest.mark.parametrize("happens", [_unlinked, _not_confirmed, _switched_off, _blocked])
@pytest.mark.parametrize("when", ["before it ends", "after it ended"])
def test_nobody_is_told_who_cannot_or_will_not_be(
    staff: User, me: TelegramUser, happens: Callable[[TelegramUser], None], when: str
) -> None:
    broadcast = ended(staff, sent=2)
    if when == "before it ends":
        happens(me)
    lifecycle.finish_broadcast(broadcast.pk, at=NOW)
    if when == "after it ended":
        happens(me)

    assert tell() == []
    assert not Report.objects.unsettled().exists()


def test_what_a_rule_sent_has_no_author_to_tell(staff: User, me: TelegramUser) -> None:
    of_a_booking = group(state=State.SENDING, created_by=staff, audience=None, started_at=NOW)
    recipients(of_a_booking, failed=2)

    lifecycle.finish_broadcast(of_a_booking.pk, at=NOW)

    assert tell() == []


def test_a_letter_to_one_person_is_reported_only_if_it_did_not_arrive(staff: User, me: TelegramUser) -> None:
    for state in ("sent", "failed"):
        letter = ended(staff, **{state: 1})
        Broadcast.objects.filter(pk=letter.pk).update(recipient_type="individual")
        lifecycle.finish_broadcast(letter.pk, at=NOW)

    [text] = tell()

    assert f"№\u00a0{letter.pk}" in text
    assert "Урок" not in text  # the words of a letter stay in it


def test_the_code_that_links_an_account_is_no_message_to_report(staff: User, me: TelegramUser) -> None:
    link = send_link_code(user=staff, to=me, at=NOW)
    Recipient.objects.update(state="sent")

    lifecycle.finish_broadcast(link.code_broadcast_id or 0, at=NOW)

    assert tell() == []


def test_one_that_is_cancelled_on_the_way_is_told_once_its_last_call_has_ended(staff: User, me: TelegramUser) -> None:
    broadcast = ended(staff, sent=3, pending=2, sending=1)

    cancel_broadcast(broadcast=broadcast, by=staff, at=NOW)
    assert tell() == []
    Recipient.objects.filter(state="sending").update(state="sent")

    [text] = tell()
    assert "отменено" in text and "Доставлено: 4 из 6" in text and "Отменено до отправки: 2" in text


def test_one_that_never_began_is_not_reported(staff: User, me: TelegramUser) -> None:
    planned = group(state=State.SCHEDULED, starts_at=NOW, created_by=staff, audience=individuals([]).as_json())

    cancel_broadcast(broadcast=planned, by=staff, at=NOW)

    assert tell() == []
    assert not Report.objects.exists()


def test_the_page_says_while_it_is_sent_whether_the_author_will_be_told(staff_client: Client, staff: User) -> None:
    broadcast = ended(staff, pending=2)
    assertContains(staff_client.get(page(broadcast)), "/messages/new/link/?next=/messages/")

    person = TelegramUserFactory.create()
    TelegramLink.objects.create(user=staff, telegram_user=person, linked_at=NOW)
    assertContains(staff_client.get(page(broadcast)), "Бот пришлёт вам отчёт в Telegram.")

    Broadcast.objects.update(created_by=UserFactory.create())
    assertNotContains(staff_client.get(page(broadcast)), "в Telegram, чем всё закончилось")


def test_an_empty_audience_is_told_too(staff: User, me: TelegramUser) -> None:
    lifecycle.finish_broadcast(ended(staff).pk, at=NOW)

    [text] = tell()

    assert "никому не отправлялось" in text


@pytest.mark.django_db(transaction=True)
def test_it_goes_out_through_the_engine(staff: User, me: TelegramUser, engine: SandboxClient) -> None:
    people = [TelegramUserFactory.create().pk for _ in range(2)]
    content = Content(text="Урок", audience=individuals(people).as_json())
    broadcast = create_broadcast(content=content, by=staff, at=timezone.now())

    run_queue(SendQueue(broadcast.pk))
    tick()
    report = Broadcast.objects.get(recipient_type=RecipientType.REPORT)
    run_queue(SendQueue(report.pk))

    assert engine.accepted_counts() == {people[0]: 1, people[1]: 1, me.pk: 1}
    report.refresh_from_db()
    assert report.state == State.FINISHED
    assert not Report.objects.unsettled().exists()
