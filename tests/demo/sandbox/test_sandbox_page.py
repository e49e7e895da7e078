"""The phones on a page: what a student would see, safely, with buttons that reach the bot."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlencode, urlsplit

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from demo.sandbox.client import SandboxClient
from tests.demo.sandbox.test_sandbox_messages import png

HOSTILE = '<img src=x onerror="alert(1)">'


class Page:
    """An answer of the sandbox as a browser without JavaScript gets it."""

    def __init__(self, sandbox: SandboxClient, method: str, path: str, form: dict[str, str] | None = None, **headers):
        connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=5)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        connection.request(method, path, urlencode(form or {}), kind | headers)
        answer = connection.getresponse()
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()
        self.text = self.body.decode(errors="replace")
        connection.close()


def get(sandbox: SandboxClient, path: str, **headers: str) -> Page:
    return Page(sandbox, "GET", path, **headers)


def post(sandbox: SandboxClient, path: str, form: dict[str, str], **headers: str) -> Page:
    return Page(sandbox, "POST", path, form, **headers)


def send_html(call_bot, text: str, chat_id: int = 5, **more):
    return call_bot(lambda bot: bot.send_message(chat_id, text, parse_mode="HTML", **more))


def test_an_empty_list_says_what_to_do(sandbox):
    page = get(sandbox, "/")

    assert page.status == 200
    assert "Пока тихо" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/chat/5"])
def test_pages_hold_to_their_policy(sandbox, path):
    page = get(sandbox, path)

    assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=", page.text)


def test_the_newest_chat_comes_first(sandbox, call_bot):
    for chat_id in (5, 6, 7, 5):
        send_html(call_bot, "Привет", chat_id)

    assert re.findall(r'id="c(\d+)"', get(sandbox, "/").text) == ["5", "7", "6"]


def test_search_finds_by_name_username_and_id(sandbox):
    sandbox.add_people([{"id": 51, "first_name": "Пётр"}, {"id": 62, "first_name": "Аня", "username": "Lis"}])

    def found(query: str) -> list[str]:
        return re.findall(r'id="c(\d+)"', get(sandbox, f"/?{urlencode({'q': query})}").text)

    assert (found("петр"), found("@lis"), found("62"), found("51 п")) == (["51"], ["62"], ["62"], ["51"])
    nobody = get(sandbox, f"/?{urlencode({'q': '777'})}").text
    assert "Никого не нашли" in nobody
    assert 'href="/chat/777"' in nobody


def test_looking_at_a_chat_stores_nothing(sandbox):
    assert "Бот ещё ничего сюда не писал" in get(sandbox, "/chat/777").text
    assert 'id="c777"' not in get(sandbox, "/").text


def test_hostile_names_texts_and_buttons_are_inert(sandbox, call_bot):
    sandbox.add_people([{"id": 5, "first_name": HOSTILE, "username": '"><b>x'}])
    rows = [[InlineKeyboardButton(HOSTILE, callback_data=HOSTILE)]]
    call_bot(lambda bot: bot.send_message(5, HOSTILE, reply_markup=InlineKeyboardMarkup(rows)))
    call_bot(lambda bot: bot.send_document(5, b"%PDF-", filename='"><script>.pdf', caption=HOSTILE))

    page = get(sandbox, "/chat/5").text

    assert "<img src=x" not in page
    assert "<script>.pdf" not in page
    assert page.count("&lt;img src=x") >= 4


def test_a_link_that_would_run_stays_words(sandbox, call_bot):
    send_html(call_bot, '<a href="javascript:alert(1)//a.b">раз</a> <a href="example.org/x?a=1&quot;b">два</a>')

    page = get(sandbox, "/chat/5").text

    assert "javascript:" not in page
    assert 'href="http://example.org/x?a=1&quot;b"' in page


def test_entities_are_drawn(sandbox, call_bot):
    send_html(
        call_bot,
        "<b>жирный <i>курсив</i></b> <u>под</u> <s>зачёркнут</s> <code>x&lt;1</code> <tg-spoiler>тайна</tg-spoiler>\n"
        '<pre><code class="language-python">print(1)</code></pre>\n<blockquote expandable>цитата</blockquote> 🎉',
    )

    page = get(sandbox, "/chat/5").text

    assert "<b>жирный </b><b><i>курсив</i></b> <u>под</u> <s>зачёркнут</s> <code>x&lt;1</code>" in page
    assert re.search(r'class="spoiler"><input type="checkbox" [^>]+><span>тайна</span>', page)
    assert '<pre><span class="language">python</span><code>print(1)</code></pre>' in page
    assert re.search(r'<blockquote class="expandable"><label><input [^>]+><span>цитата</span>', page)
    assert "</blockquote> 🎉</div>" in page


def test_edited_deleted_and_silent_show(sandbox, call_bot):
    first = send_html(call_bot, "первое", disable_notification=True)
    second = send_html(call_bot, "второе")
    call_bot(lambda bot: bot.edit_message_text("исправлено", 5, first.message_id))
    call_bot(lambda bot: bot.delete_message(5, second.message_id))

    page = get(sandbox, "/fragments/chat/5").text

    assert "исправлено" in page
    assert "изменено" in page
    assert "без звука" in page
    assert "второе" not in page


def test_an_uploaded_picture_is_shown_and_a_document_is_only_offered(sandbox, call_bot):
    photo = call_bot(lambda bot: bot.send_photo(5, png())).photo[-1].file_unique_id
    page_of_script = b"<html><script>alert(1)</script></html>"
    document = call_bot(lambda bot: bot.send_document(5, page_of_script, filename="x.html")).document.file_unique_id

    shown, offered = get(sandbox, f"/media/{photo}"), get(sandbox, f"/media/{document}")

    assert f'<img src="/media/{photo}"' in get(sandbox, "/chat/5").text
    assert (shown.headers["Content-Type"], shown.body) == ("image/png", png())
    assert offered.headers["Content-Type"] == "application/octet-stream"
    assert offered.headers["Content-Disposition"] == "attachment"


def test_a_press_reaches_the_bot_and_its_answer_the_phone(sandbox, call_bot):
    rows = [
        [InlineKeyboardButton("Сайт", url="https://example.org/")],
        [InlineKeyboardButton("Да", callback_data="yes")],
    ]
    sent = call_bot(lambda bot: bot.send_message(5, "Идёшь?", reply_markup=InlineKeyboardMarkup(rows)))

    pressed = post(sandbox, "/chat/5/press", {"where": f"{sent.message_id}-1-0"})
    waiting = get(sandbox, "/chat/5").text

    async def answer(bot: Bot):
        (update,) = await bot.get_updates()
        await update.callback_query.answer("Записали!", show_alert=True)
        return update.callback_query

    query = call_bot(answer)

    assert (pressed.status, pressed.headers["Location"]) == (303, f"/chat/5#m{sent.message_id}")
    assert (query.data, query.from_user.id, query.message.message_id) == ("yes", 5, sent.message_id)
    assert re.search(
        r'<a id="b\d+-0-0" class="button" href="https://example.org/"[^>]+rel="noopener noreferrer"', waiting
    )
    assert 'aria-busy="true"' in waiting
    answered = get(sandbox, "/chat/5").text
    assert 'class="alert"' in answered
    assert "Записали!" in answered
    assert 'aria-busy="true"' not in answered


def test_a_button_that_went_away_only_brings_the_page_back(sandbox, call_bot):
    sent = send_html(call_bot, "без кнопок")

    assert post(sandbox, "/chat/5/press", {"where": f"{sent.message_id}-0-0"}).status == 303
    assert post(sandbox, "/chat/5/press", {"where": "nonsense"}).status == 400


def test_the_person_can_write_block_and_come_back(sandbox, call_bot):
    post(sandbox, "/chat/5/write", {"text": "/start"})
    post(sandbox, "/chat/5/state", {"state": "blocked"})
    blocked = get(sandbox, "/chat/5").text
    post(sandbox, "/chat/5/state", {"state": "active"})

    updates = call_bot(lambda bot: bot.get_updates())

    assert updates[0].message.text == "/start"
    assert [entity.type for entity in updates[0].message.entities] == ["bot_command"]
    assert [update.my_chat_member.new_chat_member.status for update in updates[1:]] == ["kicked", "member"]
    assert "Разблокировать" in blocked
    assert 'name="text"' not in blocked


def test_what_the_server_saw_stands_beside_the_phone(sandbox, call_bot):
    sandbox.fault("drop_after", times=1)
    with pytest.raises(Exception, match=r"ReadError|RemoteProtocolError"):
        send_html(call_bot, "раз")
    send_html(call_bot, "два")

    journal = get(sandbox, "/fragments/journal/5").text

    assert re.findall(r'class="(good|odd|bad)"', journal) == ["good", "odd"]
    assert "обрыв после приёма" in journal


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}],
    ids=["origin", "fetch", "rebound name"],
)
def test_another_site_cannot_make_the_browser_act(sandbox, headers):
    assert post(sandbox, "/chat/5/write", {"text": "/start"}, **headers).status == 403
    assert post(sandbox, "/_sandbox/reset", {}, **headers).status == 403


def test_a_long_chat_shows_its_end(sandbox, call_bot):
    async def many(bot: Bot) -> None:
        for number in range(155):
            await bot.send_message(5, f"номер {number}.")

    call_bot(many)
    page = get(sandbox, "/chat/5").text

    assert "Раньше ещё 5 сообщений" in page
    assert "номер 154." in page
    assert "номер 4." not in page
