"""The HTTP server: one route for the Bot API, with limits, faults and the ledger around every call."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from demo.sandbox import errors
from demo.sandbox.bots import LOOPBACK_HOSTS, Bots
from demo.sandbox.errors import ApiError
from demo.sandbox.faults import Effect, Faults, Rule
from demo.sandbox.files import MAX_FILE_BYTES
from demo.sandbox.ledger import OPTIONS, CallRecord, Ledger, new_entry
from demo.sandbox.telegram import MEDIA_OF_METHOD, Call, Done, Telegram, Upload
from demo.sandbox.validation import flag, integer

FLUSH_SECONDS = 0.1
LINGER_RESET = struct.pack("ii", 1, 0)  # close() sends RST at once
# Sends, edits and deletes: what Telegram limits, and what the ledger counts.
LIMITED_PREFIXES = ("send", "edit", "delete")
NOT_LIMITED = frozenset({"deletewebhook"})
BAD_GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)

Method = Callable[[Call], Done]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fields = dict[str, Any]
Uploads = dict[str, Upload]


@dataclass
class Options:
    """How the sandbox runs; rate in messages/s (0: no limits), latency in milliseconds."""

    host: str = "127.0.0.1"
    port: int = 0
    token: str = ""
    ledger: Path | None = None
    rate: int = 30
    latency_ms: tuple[float, float] = (20.0, 80.0)
    seed: int = 0


@dataclass
class Sandbox:
    """Everything the server knows."""

    options: Options
    telegram: Telegram = field(default_factory=Telegram)

    def __post_init__(self) -> None:
        self.bots = Bots(self.options.token, self.options.rate)
        self.faults = Faults(self.options.seed)
        self.ledger = Ledger(self.options.ledger)
        self.latency_ms = self.options.latency_ms
        self.lots = random.Random(self.options.seed)
        self.in_flight = 0
        telegram = self.telegram
        self.methods: dict[str, Method] = {
            "getme": lambda call: Done(call.bot.as_me_json()),
            "sendmessage": telegram.send_message,
            "editmessagetext": telegram.edit_text,
            "editmessagecaption": telegram.edit_caption,
            "editmessagereplymarkup": telegram.edit_reply_markup,
            "deletemessage": telegram.delete_message,
            "deletemessages": telegram.delete_messages,
            "getfile": telegram.get_file,
            "getchat": telegram.get_chat,
            "answercallbackquery": telegram.answer_callback_query,
            "setwebhook": telegram.set_webhook,
            "deletewebhook": telegram.delete_webhook,
            "getwebhookinfo": lambda call: Done(call.bot.webhook_info()),
            "setmycommands": telegram.set_my_commands,
            "getmycommands": lambda call: Done(call.bot.commands),
        }
        for method, kind in MEDIA_OF_METHOD.items():
            self.methods[method] = lambda call, kind=kind: telegram.send_media(call, kind)  # type: ignore[misc]

    def reset(self, *, keep_people: bool) -> None:
        self.ledger.reset()
        self.faults.clear()
        self.telegram.chats.reset(keep_people=keep_people)
        self.lots.seed(self.options.seed)
        self.latency_ms = self.options.latency_ms
        self.bots.set_rate(self.options.rate)
        for bot in self.bots.by_token.values():
            bot.forget(self.telegram.chats.now)

    def latency(self) -> float:
        low, high = self.latency_ms
        return self.lots.uniform(low, high) / 1000 if high > 0 else 0.0


SANDBOX = web.AppKey("sandbox", Sandbox)


async def call_method(request: web.Request) -> web.StreamResponse:
    """Serve /bot<token>/<method>: authenticate, strike with a fault or limit, do, record, answer late."""
    sandbox = request.app[SANDBOX]
    try:
        bot = sandbox.bots.authenticate(request.match_info["token"])
        fields, uploads = await _read_fields(request)
    except ApiError as error:
        return _answer(error.as_json(), error.code)
    method = request.match_info["method"]
    call = Call(bot, fields, uploads)
    if method.lower() == "getupdates":
        return await _get_updates(sandbox, call)
    entry = new_entry(method, bot.id, integer(fields, "chat_id"), _words(fields))
    entry.options = {name: fields[name] for name in OPTIONS if name in fields}
    rule = sandbox.faults.strike(method, entry.chat_id, entry.text) if sandbox.faults.rules else None
    sandbox.in_flight += 1
    try:
        return await _serve(request, sandbox, call, entry, rule)
    finally:
        sandbox.in_flight -= 1


async def _serve(
    request: web.Request, sandbox: Sandbox, call: Call, entry: CallRecord, rule: Rule | None
) -> web.StreamResponse:
    if rule and rule.effect is Effect.SLOW:
        await asyncio.sleep(rule.seconds)
    body = _decide(sandbox, call, entry, rule)
    _record(sandbox, entry)
    if (latency := sandbox.latency()) > 0:
        await asyncio.sleep(latency)
    if rule is None:
        return _answer(body, entry.status)
    return await _spoil(request, rule, body, entry.status)


def _decide(sandbox: Sandbox, call: Call, entry: CallRecord, rule: Rule | None) -> dict[str, Any]:
    """Do the method, or refuse it; fill in the entry; give the body that is meant for the client."""
    if rule:
        entry.fault = rule.id
    try:
        if rule:
            entry.outcome = rule.effect.value
            if refusal := _refusal(rule):
                raise refusal
            if not rule.accepts and rule.effect is not Effect.SLOW:
                return {}
        _check_limits(sandbox, call, entry)
        done = _method(sandbox, entry.method)(call)
    except ApiError as error:
        entry.status, entry.description = error.code, error.description
        if entry.outcome == "ok":
            entry.outcome = "limited" if error.code == 429 else "refused"
        return error.as_json()
    entry.accepted = True
    entry.message_id, entry.file = done.message_id, done.file
    return {"ok": True, "result": done.result}


def _method(sandbox: Sandbox, name: str) -> Method:
    method = sandbox.methods.get(name.lower())
    if method is None:
        raise errors.not_found()
    return method


def _is_limited(method: str) -> bool:
    name = method.lower()
    return name.startswith(LIMITED_PREFIXES) and name not in NOT_LIMITED


def _check_limits(sandbox: Sandbox, call: Call, entry: CallRecord) -> None:
    if sandbox.bots.per_second == 0 or not _is_limited(entry.method):
        return
    wait = call.bot.limits.retry_after(
        entry.chat_id,
        entry.monotonic,
        paid=flag(call.params, "allow_paid_broadcast"),
        counts_for_chat=not entry.method.lower().startswith("delete"),
    )
    if wait:
        raise errors.too_many_requests(wait)


# Refusals that concern the person, whatever the message says.
ABOUT_THE_PERSON: dict[Effect, Callable[[], ApiError]] = {
    Effect.BLOCKED: errors.blocked,
    Effect.DEACTIVATED: errors.deactivated,
    Effect.NOT_STARTED: errors.not_started,
    Effect.CHAT_NOT_FOUND: errors.chat_not_found,
    Effect.USER_NOT_FOUND: lambda: errors.bad_request("user not found"),
    Effect.USER_IS_BLOCKED: lambda: errors.bad_request("USER_IS_BLOCKED"),
    Effect.INPUT_USER_DEACTIVATED: lambda: errors.bad_request("INPUT_USER_DEACTIVATED"),
    Effect.USER_DELETED: lambda: errors.forbidden("user is deleted"),
    Effect.KICKED: lambda: errors.forbidden("bot was kicked from the group chat"),
}


def _refusal(rule: Rule) -> ApiError | None:
    """The effects that are an ordinary refusal of the Bot API."""
    match rule.effect:
        case Effect.TOO_MANY_REQUESTS:
            return errors.too_many_requests(rule.retry_after)
        case Effect.MIGRATED:
            return errors.migrated(rule.migrate_to_chat_id)
        case Effect.BAD_REQUEST:
            return errors.bad_request(rule.description)
    refusal = ABOUT_THE_PERSON.get(rule.effect)
    return refusal() if refusal else None


async def _spoil(request: web.Request, rule: Rule, body: dict[str, Any], status: int) -> web.StreamResponse:
    """Let the client see the fault instead of the answer."""
    match rule.effect:
        case Effect.SERVER_ERROR:
            failure = ApiError(rule.status, "Internal Server Error")
            return _answer(failure.as_json(), rule.status)
        case Effect.BAD_GATEWAY_HTML:
            return web.Response(text=BAD_GATEWAY_PAGE, status=502, content_type="text/html")
        case Effect.TRUNCATED_JSON:
            whole = _encoded(body)
            return web.Response(body=whole[: len(whole) // 2], status=status, content_type="application/json")
        case Effect.DROP_BEFORE | Effect.DROP_AFTER:
            return _reset_connection(request)
        case Effect.HANG:
            await asyncio.sleep(rule.seconds)
    return _answer(body, status)


def _reset_connection(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        raw = request.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        request.transport.abort()
    return web.Response()  # goes nowhere: the connection is gone


async def _get_updates(sandbox: Sandbox, call: Call) -> web.StreamResponse:
    try:
        done = await sandbox.telegram.get_updates(call)
    except ApiError as error:
        return _answer(error.as_json(), error.code)
    return _answer({"ok": True, "result": done.result}, 200)


def _record(sandbox: Sandbox, entry: CallRecord) -> None:
    limited = _is_limited(entry.method)
    sandbox.ledger.record(entry, counts=limited, sends=limited and entry.method.lower().startswith("send"))


def _words(fields: Fields) -> str:
    return str(fields.get("text") or fields.get("caption") or "")


async def _read_fields(request: web.Request) -> tuple[Fields, Uploads]:
    """Parameters as Telegram takes them: the query, a form, a multipart form or JSON."""
    fields: Fields = dict(request.query) if request.query_string else {}
    kind = request.content_type
    if kind == "multipart/form-data":
        return await _read_multipart(request, fields)
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    if kind == "application/json" and body:
        try:
            given = json.loads(body)
        except ValueError:
            raise errors.bad_request("can't parse JSON object") from None
        if isinstance(given, dict):
            fields.update(given)
    elif body:
        fields.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return fields, {}


async def _read_multipart(request: web.Request, fields: Fields) -> tuple[Fields, Uploads]:
    uploads: Uploads = {}
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    except ValueError:
        raise errors.bad_request("can't parse multipart form") from None
    for name, value in form.items():
        if isinstance(value, web.FileField):
            content = value.file.read(MAX_FILE_BYTES + 1)
            value.file.close()
            if len(content) > MAX_FILE_BYTES:
                raise ApiError(413, "Request Entity Too Large")
            uploads[name] = Upload(value.filename, content)
        else:
            fields[name] = value.decode() if isinstance(value, (bytes, bytearray)) else value
    return fields, uploads


def _encoded(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _answer(body: object, status: int) -> web.Response:
    return web.Response(body=_encoded(body), status=status, content_type="application/json")


async def download_file(request: web.Request) -> web.StreamResponse:
    """Serve /file/bot<token>/<path>, as getFile promises."""
    sandbox = request.app[SANDBOX]
    try:
        sandbox.bots.authenticate(request.match_info["token"])
    except ApiError as error:
        return _answer(error.as_json(), error.code)
    content = sandbox.telegram.files.contents.get(request.match_info["unique_id"])
    if content is None:
        return _answer(errors.not_found().as_json(), 404)
    return web.Response(body=content, content_type="application/octet-stream")


async def _flushing(app: web.Application) -> AsyncIterator[None]:
    """Write the ledger's file out every moment while the server runs, and once more at the end."""
    sandbox = app[SANDBOX]

    async def flush() -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            sandbox.ledger.flush()

    task = asyncio.create_task(flush())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await sandbox.bots.close()
    sandbox.ledger.close()


def on_this_machine(handler: Handler) -> Handler:
    """Refuse what another site makes a developer's browser ask: a foreign Host, Origin or fetch."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        host = request.headers.get("Host", "")
        name = urlsplit(f"//{host}").hostname
        origin = request.headers.get("Origin", "")
        foreign = bool(origin) and urlsplit(origin).netloc != host
        crossing = request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
        if name not in LOOPBACK_HOSTS or (request.method != "GET" and (foreign or crossing)):
            raise web.HTTPForbidden(text="The sandbox talks to this machine only")
        return await handler(request)

    return guarded


def make_app(sandbox: Sandbox, routes: Iterable[web.RouteDef]) -> web.Application:
    """The Bot API for everybody on this machine, and ``routes`` guarded against other sites."""
    # The margin is for the other fields of an upload at the limit.
    app = web.Application(client_max_size=MAX_FILE_BYTES + 1024 * 1024)
    app[SANDBOX] = sandbox
    app.cleanup_ctx.append(_flushing)
    app.router.add_route("*", "/bot{token:[^/]+}/{method}", call_method)
    for route in routes:
        app.router.add_route(route.method, route.path, on_this_machine(route.handler))
    app.router.add_get("/file/bot{token:[^/]+}/{kind}/{unique_id}", download_file)
    return app
