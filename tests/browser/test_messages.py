"""The page of a message while it is sent in earnest: web, worker, beat and Telegram's sandbox."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from demo.sandbox.client import SandboxClient
from messaging.audiences.criteria import individuals
from messaging.models import Broadcast, Recipient
from tests.browser.helpers import assert_accessible, in_each_view, sign_in, use_theme, use_width
from tests.browser.stack import running_stack
from tests.factories import BroadcastFactory, RecipientFactory, TelegramUserFactory
from users.models import BlockedUser

State = Broadcast.State
PATIENCE = 40_000  # ms; a worker takes some seconds to start


@pytest.fixture
def running(page: Page, telegram: SandboxClient, tmp_path: Path) -> Iterator[None]:
    """A worker that takes its time: some seconds for each of the broadcasts below."""
    with running_stack(telegram, tmp_path, rate=4):
        yield


def draft_for(count: int) -> tuple[Broadcast, list[int]]:
    people = [TelegramUserFactory.create(first_name=f"Студент {n}").pk for n in range(count)]
    fields = {"recipient_type": "group", "recipient_group": "8th_stream", "audience": individuals(people).as_json()}
    return BroadcastFactory.create(message_text="Урок в <b>семь</b>", **fields), people


def start(page: Page, broadcast: Broadcast) -> None:
    page.goto(f"/messages/{broadcast.pk}/")
    page.get_by_role("link", name="Отправить сейчас").click()
    page.get_by_role("button", name="Отправить сейчас").click()


@pytest.mark.timeout(120)
def test_one_watches_it_pauses_resumes_and_sees_it_end(page: Page, running: None, telegram: SandboxClient) -> None:
    broadcast, people = draft_for(24)
    sign_in(page)
    start(page, broadcast)
    progress = page.locator("#broadcast-progress")

    expect(progress).to_contain_text("Отправляется")
    expect(progress).to_contain_text("в секунду")
    expect(progress.locator(".broadcast-done strong")).to_have_text(
        re.compile(r"^([3-9]|1\d) из 24$"), timeout=PATIENCE
    )
    page.get_by_role("button", name="Пауза").click()
    expect(progress).to_contain_text("На паузе")
    page.wait_for_timeout(2_500)  # what is under way ends, and nothing else begins
    sent = len(telegram.ledger(accepted=True))
    page.wait_for_timeout(1_500)
    assert len(telegram.ledger(accepted=True)) == sent < 24
    page.get_by_role("button", name="Продолжить").click()

    # No reload from here on: the page asks by itself, and stops when it is over.
    expect(progress).to_contain_text("Завершено", timeout=PATIENCE)
    expect(progress.locator(".broadcast-done strong")).to_have_text("24 из 24")
    expect(progress).not_to_have_attribute("hx-trigger", re.compile(".*"))
    expect(page.locator(".timeline li").first).to_contain_text("Завершено")
    expect(page.get_by_role("link", name="Удалить у всех")).to_be_visible()
    expect(page.locator("#recipient-table tbody .badge").filter(has_text="Доставлено")).to_have_count(24)
    assert sorted(telegram.accepted_counts()) == sorted(people)
    assert telegram.duplicates() == []


@pytest.mark.timeout(120)
def test_a_failed_one_is_tried_again_and_an_uncertain_one_is_decided(
    page: Page, running: None, telegram: SandboxClient
) -> None:
    broadcast, people = draft_for(4)
    refused, silent, both = people[0], people[1], people[2]
    telegram.fault("bad_request", chat_id=refused, times=1, description="Bad Request: strange chat")
    telegram.fault("drop_after", chat_id=silent, times=1)
    telegram.fault("drop_after", chat_id=both, times=1)
    sign_in(page)
    start(page, broadcast)
    progress = page.locator("#broadcast-progress")
    expect(progress).to_contain_text("Завершено", timeout=PATIENCE)
    expect(page.locator("#recipient-table")).to_contain_text("400")
    expect(progress).to_contain_text("Неизвестно, дошло ли до 2 человек")

    page.get_by_role("link", name="Отправить ещё раз 1 человеку").click()
    expect(page.get_by_label("Telegram отклонил сообщение — 1")).to_be_checked()
    page.get_by_role("button", name="Отправить ещё раз").click()
    expect(progress).to_contain_text("Завершено", timeout=PATIENCE)
    expect(progress.locator(".broadcast-metrics")).to_contain_text(re.compile(r"Не доставлено\s*.*\s*0"))

    row = page.locator("#recipient-table tr").filter(has_text="Студент 1")
    row.get_by_role("button", name="Дошло").click()
    expect(row).to_contain_text("Доставлено")
    page.locator("#recipient-table tr").filter(has_text="Студент 2").get_by_role(
        "button", name="Отправить ещё раз"
    ).click()
    expect(progress.locator(".broadcast-metrics dd").first).to_have_text("4", timeout=PATIENCE)

    assert telegram.accepted_counts() == {refused: 1, silent: 1, both: 2, people[3]: 1}


@pytest.mark.timeout(120)
def test_it_is_deleted_for_everyone_with_a_result_for_each(page: Page, running: None, telegram: SandboxClient) -> None:
    broadcast, people = draft_for(3)
    sign_in(page)
    start(page, broadcast)
    progress = page.locator("#broadcast-progress")
    expect(progress).to_contain_text("Завершено", timeout=PATIENCE)
    telegram.fault("bad_request", method="deleteMessage", chat_id=people[0], description="message can't be deleted")
    page.reload()

    page.get_by_role("link", name="Удалить у всех").click()
    page.get_by_role("button", name="Удалить у всех").click()

    expect(progress).to_contain_text("Сделано: 2 из 3", timeout=PATIENCE)
    expect(progress).to_contain_text("не удалось: 1")
    expect(page.locator("#recipient-table")).to_contain_text("can't be deleted")
    assert Recipient.objects.filter(state="deleted").count() == 2


@pytest.mark.timeout(120)
def test_what_is_planned_is_moved_cancelled_or_sent_at_once_from_the_history(
    page: Page, running: None, telegram: SandboxClient
) -> None:
    (first, _), (second, people) = draft_for(2), draft_for(2)
    Broadcast.objects.filter(pk=second.pk).update(message_text="Второе")
    sign_in(page)
    for broadcast in (first, second):
        page.goto(f"/messages/{broadcast.pk}/")
        page.get_by_role("link", name=re.compile("Запланировать|Другое время")).click()
        page.get_by_label("по московскому времени").fill("2199-12-31T18:55")
        page.get_by_role("button", name="Запланировать").click()
        expect(page.locator("#broadcast-progress")).to_contain_text("Запланировано")
    planned = page.get_by_role("article")

    page.goto("/messages/")
    planned.filter(has_text="Урок в семь").get_by_role("link", name="Другое время").click()
    page.get_by_label("по московскому времени").fill("2199-01-01T10:00")
    page.get_by_role("button", name="Запланировать").click()
    page.goto("/messages/")
    expect(planned.first).to_contain_text("01.01.2199 10:00")
    planned.first.get_by_role("link", name="Отменить").click()
    page.get_by_label("Причина").fill("Не тот поток")
    page.get_by_role("button", name="Отменить сообщение").click()
    expect(page.locator("#broadcast-progress")).to_contain_text("Отменено")
    page.goto("/messages/")
    expect(planned).to_have_count(1)
    planned.first.get_by_role("link", name="Отправить сейчас").click()
    page.get_by_role("button", name="Отправить сейчас").click()

    expect(page.locator("#broadcast-progress")).to_contain_text("Завершено", timeout=PATIENCE)
    assert sorted(telegram.accepted_counts()) == sorted(people)
    for words in ("Отправка началась", "Запланировано"):
        expect(page.locator(".timeline")).to_contain_text(words)


def test_what_one_reads_stays_open_while_the_page_asks_for_itself(page: Page, school: Broadcast) -> None:
    sign_in(page)
    page.goto(f"/messages/{school.pk}/")
    causes = page.locator("#broadcast-causes")
    causes.locator("summary").click()
    page.locator("#act-pause").focus()

    with page.expect_response(re.compile("/progress/")):
        pass
    with page.expect_response(re.compile("/progress/")):  # the answer of the first is in its place by now
        pass

    expect(causes).to_have_attribute("open", "")
    expect(page.locator("#act-pause")).to_be_focused()
    search = page.get_by_role("searchbox", name="Поиск")
    search.fill("Ан")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('broadcast-ended', { bubbles: true }))")
    page.wait_for_load_state("networkidle")
    expect(search).to_have_value("Ан")
    search.blur()


def test_it_is_cancelled_without_javascript(browser: Browser, page: Page, live_server: LiveServer) -> None:
    broadcast, _people = draft_for(2)
    Broadcast.objects.update(state=State.SCHEDULED, starts_at=timezone.now() + timedelta(days=1))
    sign_in(page)
    plain = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="ru-RU")
    plain.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    tab = plain.new_page()
    tab.goto("/messages/")

    tab.get_by_role("link", name="Отменить").first.click()
    tab.get_by_label("Причина").fill("Не тот поток")
    tab.get_by_role("button", name="Отменить сообщение").click()

    expect(tab.locator("#broadcast-progress")).to_contain_text("Отменено")
    expect(tab.locator(".timeline")).to_contain_text("Не тот поток")
    tab.goto(f"/messages/{broadcast.pk}/outcome/")
    expect(tab.locator("h1")).to_have_text("72 часа после сообщения")
    plain.close()


@pytest.fixture
def school(db: None) -> Broadcast:
    """Messages in every state, one of them with every outcome."""
    now = timezone.now()
    common = {"recipient_type": "group", "recipient_group": "8th_stream"}
    for words, state in [("Привет! Старт завтра в <b>19:00</b> 🚀", "finished"), ("<b>Незакрытый тег", "cancelled")]:
        old = BroadcastFactory.create(message_text=words, state=state, started_at=now - timedelta(days=9), **common)
        for outcome, count in {"sent": 6, "failed": 3}.items():
            for _ in range(count):
                RecipientFactory.create(message=old, state=outcome)
    BroadcastFactory.create(message_text="Завтра урок", state="scheduled", starts_at=now + timedelta(days=1), **common)
    BroadcastFactory.create(message_text="Опоздало", state="held", starts_at=now, state_reason="late", **common)
    BroadcastFactory.create(message_text="Личное", state="finished", recipient_type="individual", sent_at=now)
    live = BroadcastFactory.create(
        message_text="Ждём вас на <i>первом</i> уроке.\nСсылка придёт за час.",
        state="sending",
        started_at=now - timedelta(minutes=2),
        halted_until=now + timedelta(minutes=3),
        buttons=[[{"text": "Буду", "callback_data": "yes"}, {"text": "Программа", "url": "https://hsl.test/p"}]],
        **common,
    )
    moment = {"claimed_at": now - timedelta(seconds=9), "attempt": 1}
    for state, reason, words, count in [
        ("sent", "", "", 40),
        ("failed", "blocked", "Forbidden: bot was blocked by the user", 4),
        ("uncertain", "no_answer", "Timed out", 2),
        ("pending", "", "", 30),
        ("skipped", "excluded", "", 3),
    ]:
        for _ in range(count):
            sent = {"sent_at": now, "telegram_message_id": 5} if state == "sent" else {}
            code = {"error_code": 403} if state == "failed" else {}
            RecipientFactory.create(
                message=live, state=state, reason=reason, error_text=words, **moment, **sent, **code
            )
    BlockedUser.objects.create(telegram_user=TelegramUserFactory.create(), reason="bot_blocked_by_user")
    BlockedUser.objects.create(telegram_user=TelegramUserFactory.create(username=None), reason="Просил не писать")
    return live


@in_each_view
def test_the_pages_are_accessible(
    page: Page, school: Broadcast, theme: Literal["light", "dark"], width: Literal["wide", "phone"]
) -> None:
    sign_in(page)
    use_theme(page, theme)
    use_width(page, width)
    blocked = BlockedUser.objects.order_by("pk").first()
    assert blocked

    for address in (
        "/messages/",
        "/messages/?q=ничего",
        f"/messages/{school.pk}/",
        f"/messages/{school.pk}/cancel/",
        f"/messages/{school.pk}/outcome/",
        "/messages/drafts/",
        "/messages/drafts/?q=ничего",
        "/messages/automations/booking_confirmed/",
        "/messages/templates/",
        "/messages/blocked/",
        f"/messages/blocked/{blocked.pk}/",
    ):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert_accessible(page)
