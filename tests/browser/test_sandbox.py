"""The phones of the sandbox in a browser: the page renews itself and disturbs nobody."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from playwright.sync_api import Page, expect

from demo.sandbox.client import SandboxClient


def ask(telegram: SandboxClient, method: str, **body: Any) -> Any:
    """Call the Bot API without a loop of asyncio: Playwright's runs in this thread."""
    request = urllib.request.Request(
        f"{telegram.bot_url}{telegram.token}/{method}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["result"]


def send(telegram: SandboxClient, chat_id: int, text: str, **more: Any) -> Any:
    return ask(telegram, "sendMessage", chat_id=chat_id, text=text, parse_mode="HTML", **more)


def test_new_messages_appear_while_one_reads_and_types(page: Page, telegram: SandboxClient) -> None:
    send(telegram, 5, "Промокод <tg-spoiler>ЗИМА</tg-spoiler>")
    page.goto(f"{telegram.url}/chat/5")
    page.get_by_label("Показать скрытое").check(force=True)
    page.get_by_label("Сообщение боту").fill("я пишу")

    send(telegram, 5, "Второе сообщение")
    send(telegram, 6, "Другому")

    expect(page.locator("#messages")).to_contain_text("Второе сообщение")
    expect(page.locator(".chat")).to_have_count(2)
    expect(page.get_by_label("Показать скрытое")).to_be_checked()
    expect(page.get_by_label("Сообщение боту")).to_have_value("я пишу")
    expect(page.get_by_label("Сообщение боту")).to_be_focused()


def test_a_press_turns_until_the_bot_answers(page: Page, telegram: SandboxClient) -> None:
    send(telegram, 5, "Идёшь?", reply_markup={"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]})
    page.goto(f"{telegram.url}/chat/5")

    page.get_by_role("button", name="Да").press("Enter")
    expect(page.get_by_role("button", name="Да")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("button", name="Да")).to_be_focused()
    (update,) = ask(telegram, "getUpdates")
    ask(telegram, "answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="Записали!")

    expect(page.get_by_role("status")).to_contain_text("Записали!")
    page.get_by_label("Закрыть ответ бота").click()
    expect(page.get_by_role("status")).to_have_count(0)


def test_the_person_blocks_the_bot_and_returns(page: Page, telegram: SandboxClient) -> None:
    page.goto(f"{telegram.url}/chat/5")

    page.get_by_role("button", name="Блок").click()
    page.get_by_role("button", name="Разблокировать").click()
    page.get_by_role("button", name="/start").click()

    expect(page.locator(".mine")).to_contain_text("/start")
    kinds = [kind for update in ask(telegram, "getUpdates") for kind in update if kind != "update_id"]
    assert kinds == ["my_chat_member", "my_chat_member", "message"]


def test_on_a_phone_nothing_sticks_out(page: Page, telegram: SandboxClient) -> None:
    telegram.add_people([{"id": 5, "first_name": "Ж" * 64, "last_name": "Щ" * 64}])
    rows = [[{"text": "Оченьдлиннаякнопкабезпробелов" * 2, "callback_data": "x"}] * 4]
    send(telegram, 5, "безпробелов" * 60 + "<pre>" + "x" * 300 + "</pre>", reply_markup={"inline_keyboard": rows})
    page.set_viewport_size({"width": 390, "height": 844})

    for path in ("/", "/chat/5"):
        page.goto(f"{telegram.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert (
        page.evaluate("document.getElementById('screen').scrollWidth - document.getElementById('screen').clientWidth")
        <= 0
    )
