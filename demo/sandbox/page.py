"""The phones on a page: every chat as its student sees it, with buttons that work."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from aiohttp import web

from demo.sandbox import layout
from demo.sandbox.chats import Chat, PersonState
from demo.sandbox.files import SHOWN_INLINE, inspect
from demo.sandbox.people import NoSuchButton, change_state, press_button, write_to_bot
from demo.sandbox.server import SANDBOX, Sandbox

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

routes = web.RouteTableDef()


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def _chat(request: web.Request) -> Chat:
    """The chat of the address; one that nobody has written to is shown, and not stored."""
    chat_id = int(request.match_info["chat_id"])
    return request.app[SANDBOX].telegram.chats.by_id.get(chat_id) or Chat(chat_id)


def _stored_chat(request: web.Request) -> Chat:
    return request.app[SANDBOX].telegram.chats.get(int(request.match_info["chat_id"]))


def _back(chat: Chat, anchor: str = "") -> NoReturn:
    raise web.HTTPSeeOther(f"/chat/{chat.id}{anchor}", headers=HEADERS)


@routes.get("/")
async def chat_list(request: web.Request) -> web.Response:
    sandbox, query = request.app[SANDBOX], request.query.get("q", "")
    body = layout.sidebar(sandbox, query, None) + layout.witness(sandbox)
    return _html(layout.document(title="Чаты", where="on-list", body=body))


@routes.get(r"/chat/{chat_id:-?\d{1,16}}")
async def chat_detail(request: web.Request) -> web.Response:
    sandbox, chat = request.app[SANDBOX], _chat(request)
    body = layout.sidebar(sandbox, "", chat.id) + layout.phone(sandbox, chat)
    return _html(layout.document(title=chat.name, where="on-chat", body=body))


@routes.get("/fragments/chats")
async def chats_fragment(request: web.Request) -> web.Response:
    open_id = request.query.get("open", "")
    known = int(open_id) if open_id.lstrip("-").isdecimal() else None
    return _html(layout.chat_list(request.app[SANDBOX], request.query.get("q", ""), known))


@routes.get("/fragments/witness")
async def witness_fragment(request: web.Request) -> web.Response:
    return _html(layout.witness_numbers(request.app[SANDBOX]))


@routes.get(r"/fragments/{piece:chat|foot|journal}/{chat_id:-?\d{1,16}}")
async def chat_fragment(request: web.Request) -> web.Response:
    pieces = {"chat": layout.messages, "foot": layout.foot, "journal": layout.journal}
    return _html(pieces[request.match_info["piece"]](request.app[SANDBOX], _chat(request)))


@routes.post(r"/chat/{chat_id:-?\d{1,16}}/write")
async def write(request: web.Request) -> web.Response:
    sandbox, chat = request.app[SANDBOX], _stored_chat(request)
    text = str((await request.post()).get("text") or "").strip()[:4096]
    if text:
        write_to_bot(chats=sandbox.telegram.chats, bots=sandbox.bots, chat=chat, text=text)
    _back(chat)


@routes.post(r"/chat/{chat_id:-?\d{1,16}}/state")
async def change_chat_state(request: web.Request) -> web.Response:
    sandbox, chat = request.app[SANDBOX], _stored_chat(request)
    wanted = (await request.post()).get("state")
    if wanted not in (PersonState.ACTIVE, PersonState.BLOCKED):
        raise web.HTTPBadRequest(text="state is active or blocked")
    change_state(chats=sandbox.telegram.chats, bots=sandbox.bots, chat=chat, to=PersonState(str(wanted)))
    _back(chat)


@routes.post(r"/chat/{chat_id:-?\d{1,16}}/press")
async def press(request: web.Request) -> web.Response:
    sandbox, chat = request.app[SANDBOX], _stored_chat(request)
    where = str((await request.post()).get("where") or "").split("-")
    if len(where) != 3 or not all(number.isdecimal() for number in where):
        raise web.HTTPBadRequest(text="where is message-row-column")
    message_id, row, column = map(int, where)
    _press(sandbox, chat, message_id, row, column)
    _back(chat, f"#m{message_id}")


def _press(sandbox: Sandbox, chat: Chat, message_id: int, row: int, column: int) -> None:
    chats = sandbox.telegram.chats
    try:
        press_button(chats=chats, bots=sandbox.bots, chat=chat, message_id=message_id, row=row, column=column)
    except NoSuchButton:
        return  # it went away meanwhile; the page that comes back shows so


@routes.post(r"/chat/{chat_id:-?\d{1,16}}/dismiss")
async def dismiss(request: web.Request) -> web.Response:
    chat = _stored_chat(request)
    chat.press = None
    _back(chat)


@routes.get(r"/media/{unique_id:[0-9a-f]{18}}")
async def media(request: web.Request) -> web.Response:
    """An uploaded file; only pictures and films that a browser cannot run are shown in place."""
    content = request.app[SANDBOX].telegram.files.contents.get(request.match_info["unique_id"])
    if content is None:
        raise web.HTTPNotFound
    media_type = inspect(content)[0]
    headers = HEADERS | {"Cache-Control": "private, max-age=3600"}
    if media_type not in SHOWN_INLINE:
        media_type, headers = "application/octet-stream", headers | {"Content-Disposition": "attachment"}
    return web.Response(body=content, content_type=media_type, headers=headers)


@routes.get(r"/static/{name:phone\.css|phone\.js|icon\.svg}")
async def static(request: web.Request) -> web.Response:
    path = STATIC / request.match_info["name"]
    headers = HEADERS | {"Cache-Control": "no-cache"}
    return web.Response(body=path.read_bytes(), content_type=MEDIA_TYPES[path.suffix], charset="utf-8", headers=headers)
