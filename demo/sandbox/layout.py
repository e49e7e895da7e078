"""The page around the phones: the list of chats, the phone's frame, the witness' numbers."""

from __future__ import annotations

import zlib
from html import escape
from itertools import islice

from demo.sandbox import icons, words
from demo.sandbox.bubbles import bubble
from demo.sandbox.chats import Chat, Message, PersonState
from demo.sandbox.ledger import CallRecord
from demo.sandbox.people import bot_of
from demo.sandbox.server import Sandbox

SHOWN_CHATS = 60
SHOWN_MESSAGES = 150
SHOWN_ENTRIES = 30


def document(*, title: str, where: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="ru">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)} · Песочница Telegram</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/phone.css">
<script src="/static/phone.js" defer></script>
</head>
<body class="{where}">
{body}
</body>
</html>
"""


def avatar(chat: Chat) -> str:
    letters = [word[0] for word in chat.name.replace("@", "").split() if word[0].isalnum()][:2]
    initials = escape("".join(letters).upper() or "?")
    return f'<span class="avatar tint-{abs(chat.id) % 7}" aria-hidden="true">{initials}</span>'


def found_chats(sandbox: Sandbox, query: str) -> list[Chat]:
    """Chats with something in them or with a name, the newest first; case and ё do not matter."""
    wanted = _folded(query.strip().removeprefix("@"))
    found = (
        chat
        for chat in sandbox.telegram.chats.newest_first()
        if not wanted or wanted in _folded(f"{chat.id} {chat.name} {chat.username}")
    )
    return list(islice(found, SHOWN_CHATS + 1))


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")


def sidebar(sandbox: Sandbox, query: str, open_id: int | None) -> str:
    return f"""<nav class="sidebar" aria-label="Чаты">
<header>
<h1><a href="/"><img src="/static/icon.svg" alt="" width="28" height="28">Песочница Telegram</a></h1>
<form role="search" action="/" class="search">
<input type="search" name="q" value="{escape(query)}" placeholder="Имя, @username или id" aria-label="Поиск чата">
</form>
</header>
<div class="chats" id="chats" data-source="/fragments/chats" data-open="{open_id or ""}">
{chat_list(sandbox, query, open_id)}</div>
</nav>"""


def chat_list(sandbox: Sandbox, query: str, open_id: int | None) -> str:
    chats = found_chats(sandbox, query)
    if not chats:
        return _no_chats(query)
    total = len(sandbox.telegram.chats.by_id)
    rows = [f'<p class="total" id="total" data-key="{total}">{words.plural(total, "чат", "чата", "чатов")}</p>']
    rows += [_chat_row(chat, chat.id == open_id, sandbox.telegram.chats.now()) for chat in chats[:SHOWN_CHATS]]
    if len(chats) > SHOWN_CHATS:
        rows.append('<p class="hint" id="more-chats" data-key="more">Показаны последние. Остальных найдёт поиск.</p>')
    return "".join(rows)


def _no_chats(query: str) -> str:
    wanted = query.strip()
    if not wanted:
        advice = "Пока тихо. Отправьте рассылку из дашборда: сообщения появятся здесь сами."
        return f'<p class="hint" id="no-chats" data-key="quiet">{advice}</p>'
    offer = ""
    if wanted.lstrip("-").isdecimal() and len(wanted) < 16:
        offer = f' <a class="offer" href="/chat/{int(wanted)}">Открыть чат {int(wanted)}</a>'
    shown = escape(wanted)
    key = zlib.crc32(wanted.encode())
    return f'<p class="hint" id="no-chats" data-key="{key}">Никого не нашли по «<bdi>{shown}</bdi>».{offer}</p>'


def _chat_row(chat: Chat, is_open: bool, now: int) -> str:
    last = next(reversed(chat.messages.values()), None)
    when = ""
    if last:
        same_day = words.day(last.date, now) == "Сегодня"
        when = f"<time>{words.hour(last.date) if same_day else words.day(last.date, now)}</time>"
    state = words.STATE_NAMES.get(chat.state, "")
    mark = f'<span class="mark" title="{state}">{icons.BLOCKED}<span class="spoken"> {state}</span></span>'
    mark = mark if state else ""
    body = (
        f'{avatar(chat)}<span class="who"><bdi>{escape(chat.name)}</bdi>{mark}</span>{when}'
        f'<span class="last"><bdi>{escape(_summary(last)) if last else "нет сообщений"}</bdi></span>'
    )
    current = ' aria-current="page"' if is_open else ""
    key = zlib.crc32(f"{body}{current}".encode())
    return f'<a id="c{chat.id}" data-key="{key}" class="chat" href="/chat/{chat.id}"{current}>{body}</a>'


def _summary(message: Message) -> str:
    kind = {"photo": "Фото", "video": "Видео", "document": "Файл"}.get(message.file.kind, "") if message.file else ""
    text = " ".join(message.text[:120].split())
    mine = "" if message.bot_id else "Вы: "
    return mine + ", ".join(part for part in (kind, text) if part)


def phone(sandbox: Sandbox, chat: Chat) -> str:
    return f"""<main class="stage">
<section class="phone" aria-label="Телефон">
{_phone_header(chat)}
<div class="screen" id="screen" tabindex="0" role="log" aria-label="Сообщения">
<div id="messages" class="messages" data-source="/fragments/chat/{chat.id}">{messages(sandbox, chat)}</div>
</div>
<div id="foot" data-source="/fragments/foot/{chat.id}">{foot(sandbox, chat)}</div>
</section>
<section class="journal" aria-labelledby="journal-title">
<h2 id="journal-title">Что видел сервер</h2>
<p class="note">Каждый запрос бота к этому чату, новые сверху. Отказы и сбои на телефоне не видны, здесь видны.</p>
<div class="table"><ol id="journal" data-source="/fragments/journal/{chat.id}">{journal(sandbox, chat)}</ol></div>
</section>
</main>"""


def _phone_header(chat: Chat) -> str:
    username = f"@{escape(chat.username)} · " if chat.username else ""
    return f"""<header class="bar">
<a class="back" href="/" aria-label="К списку чатов">‹</a>
{avatar(chat)}
<h2><bdi>{escape(chat.name)}</bdi><small>{username}id {chat.id}</small></h2>
</header>"""


def messages(sandbox: Sandbox, chat: Chat) -> str:
    if not chat.messages:
        return '<p class="empty" id="empty" data-key="empty">Бот ещё ничего сюда не писал.</p>'
    skipped = max(len(chat.messages) - SHOWN_MESSAGES, 0)
    shown = list(islice(chat.messages.values(), skipped, None))
    parts: list[str] = []
    if skipped:
        earlier = words.plural(skipped, "сообщение", "сообщения", "сообщений")
        parts.append(f'<p class="day" id="earlier" data-key="{skipped}">Раньше ещё {earlier}</p>')
    day, now = "", sandbox.telegram.chats.now()
    for message in shown:
        written = words.day(message.date, now)
        if written != day:
            day = written
            parts.append(f'<p class="day" id="d{message.id}" data-key="{zlib.crc32(day.encode())}">{day}</p>')
        kept = message.file is not None and message.file.unique_id in sandbox.telegram.files.contents
        parts.append(bubble(chat, message, has_content=kept))
    return "".join(parts)


def foot(sandbox: Sandbox, chat: Chat) -> str:
    """What stands under the messages: the bot's answer to a press, and how to write or come back."""
    return _answer(chat) + _pending(sandbox, chat) + _composer(chat)


def _answer(chat: Chat) -> str:
    if chat.press is None or not chat.press.answer:
        return ""
    kind = "alert" if chat.press.alert else "toast"
    where = f'method="post" action="/chat/{chat.id}/dismiss"'
    return f"""<form class="{kind}" id="answer-{chat.press.id}" data-key="1" {where} role="status">
<span dir="auto">{escape(chat.press.answer)}</span><button aria-label="Закрыть ответ бота">ОК</button></form>"""


def _pending(sandbox: Sandbox, chat: Chat) -> str:
    waiting = len(bot_of(chat, sandbox.bots).updates)
    if not waiting:
        return ""
    events = words.plural(waiting, "событие ждёт", "события ждут", "событий ждут")
    title = "Бот заберёт их через getUpdates или вебхук"
    return f'<p class="pending" id="pending" data-key="{waiting}" title="{title}">{events} бота</p>'


def _composer(chat: Chat) -> str:
    if chat.state is PersonState.ACTIVE:
        return f"""<div class="composer" id="composer" data-key="active">
<form method="post" action="/chat/{chat.id}/write" class="write">
<button class="chip" name="text" value="/start" formnovalidate title="Отправить боту /start">/start</button>
</form>
<form method="post" action="/chat/{chat.id}/write" class="write grow">
<input name="text" id="text" required maxlength="4096" autocomplete="off"
 placeholder="Сообщение" aria-label="Сообщение боту">
<button class="send" aria-label="Отправить">{icons.SEND}</button>
</form>
<form method="post" action="/chat/{chat.id}/state" class="write">
<button class="chip danger" name="state" value="blocked"
 title="Заблокировать бота от имени этого человека">Блок</button>
</form>
</div>"""
    back = "Разблокировать" if chat.state is PersonState.BLOCKED else "Вернуть в строй"
    return f"""<div class="composer stopped" id="composer" data-key="{chat.state}">
<p>{words.STATE_NAMES[chat.state].capitalize()}</p>
<form method="post" action="/chat/{chat.id}/state" class="write">
<button class="wide" name="state" value="active">{back}</button>
</form>
</div>"""


def journal(sandbox: Sandbox, chat: Chat) -> str:
    entries = sandbox.ledger.of_chat.get(chat.id, [])
    if not entries:
        return '<li class="hint" id="no-entries" data-key="none">Запросов ещё не было.</li>'
    return "".join(_entry(entry) for entry in reversed(entries[-SHOWN_ENTRIES:]))


def _entry(entry: CallRecord) -> str:
    state = "good" if entry.accepted and entry.outcome == "ok" else "odd" if entry.accepted else "bad"
    outcome = words.OUTCOME_NAMES.get(entry.outcome, entry.outcome)
    described = f"<small>{escape(entry.description)}</small>" if entry.description else ""
    when = words.moment(entry.at)
    return (
        f'<li id="e{entry.seq}" data-key="1" class="{state}"><time>{when:%H:%M:%S}</time>'
        f"<code>{escape(entry.method)}</code><b>{outcome}</b>{described}</li>"
    )


def witness(sandbox: Sandbox) -> str:
    return f"""<main class="stage overview">
<div class="witness" id="witness" data-source="/fragments/witness">{witness_numbers(sandbox)}</div>
</main>"""


def witness_numbers(sandbox: Sandbox) -> str:
    summary = sandbox.ledger.summary()
    rate = sandbox.bots.per_second
    limit = f"лимит {rate} в секунду" if rate else "лимиты выключены"
    low, high = sandbox.latency_ms
    repeated = summary["duplicates"]
    asked = words.plural(summary["requested"], "запроса", "запросов", "запросов")
    delay = f"задержка {low:.0f}–{high:.0f} мс" if high else "без задержки"
    cards = [
        ("Принято", summary["accepted"], f"из {asked}"),
        ("Пик за секунду", summary["peak_accepted"], limit),
        ("Повторы", repeated, "одно и то же в один чат" if repeated else "никому не пришло дважды"),
        ("Правила сбоев", sandbox.faults.live(), delay),
    ]
    drawn = "".join(
        f'<div><dt>{title}</dt><dd>{words.grouped(value)}</dd><dd class="under">{under}</dd></div>'
        for title, value, under in cards
    )
    key = zlib.crc32(drawn.encode())
    return f"""<div id="numbers" data-key="{key}"><h2>Сервер Telegram на этой машине</h2>
<p class="note">Ни одно сообщение отсюда не уходит в интернет. Выберите чат, чтобы увидеть его глазами студента.</p>
<dl class="cards">{drawn}</dl></div>"""
