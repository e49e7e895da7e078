"""The control API under /_sandbox/: faults, people, settings and the ledger, as JSON."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from demo.sandbox.chats import Chat, PersonState
from demo.sandbox.faults import UnknownFault
from demo.sandbox.people import NoSuchButton, change_state, press_button, write_to_bot
from demo.sandbox.server import SANDBOX, Sandbox

PAGE_ENTRIES = 5_000
PERSON_NAMES = ("first_name", "last_name", "username")

routes = web.RouteTableDef()


class WrongRequest(web.HTTPBadRequest):
    """The caller's mistake, told as JSON."""

    def __init__(self, fact: str) -> None:
        super().__init__(text=json.dumps({"error": fact}, ensure_ascii=False), content_type="application/json")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json() if request.can_read_body else {}
    except ValueError:
        raise WrongRequest("the body is not JSON") from None
    if not isinstance(body, dict):
        raise WrongRequest("the body is an object")
    return body


def _person(request: web.Request) -> Chat:
    try:
        return request.app[SANDBOX].telegram.chats.get(int(request.match_info["chat_id"]))
    except ValueError:
        raise WrongRequest("the id of a person is a number") from None


@routes.get("/_sandbox/state")
async def read_state(request: web.Request) -> web.Response:
    sandbox = request.app[SANDBOX]
    return web.json_response(
        sandbox.ledger.summary()
        | {
            "in_flight": sandbox.in_flight,
            "rate": sandbox.bots.per_second,
            "latency_ms": sandbox.latency_ms,
            "token": sandbox.bots.default.token,
        }
    )


@routes.post("/_sandbox/settings")
async def change_settings(request: web.Request) -> web.StreamResponse:
    """{"rate": 30, "latency_ms": [20, 80], "seed": 1, "advance_clock_seconds": 172801}, each optional."""
    sandbox, body = request.app[SANDBOX], await _body(request)
    try:
        _apply_settings(sandbox, body)
    except (TypeError, ValueError):
        raise WrongRequest("rate, seed and advance_clock_seconds are numbers, latency_ms is [low, high]") from None
    return await read_state(request)


def _apply_settings(sandbox: Sandbox, body: dict[str, Any]) -> None:
    if "rate" in body:
        sandbox.bots.set_rate(max(int(body["rate"]), 0))
    if "latency_ms" in body:
        low, high = body["latency_ms"]
        sandbox.latency_ms = (float(low), float(high))
    if "seed" in body:
        sandbox.faults.seed = int(body["seed"])
        sandbox.lots.seed(int(body["seed"]))
    sandbox.telegram.chats.clock_offset += float(body.get("advance_clock_seconds", 0))


@routes.post("/_sandbox/reset")
async def reset(request: web.Request) -> web.Response:
    """Forget messages, ledger, faults and settings; people too, unless {"keep_people": true}."""
    body = await _body(request)
    request.app[SANDBOX].reset(keep_people=bool(body.get("keep_people")))
    return web.json_response({"ok": True})


@routes.get("/_sandbox/faults")
async def list_faults(request: web.Request) -> web.Response:
    return web.json_response([rule.as_json() for rule in request.app[SANDBOX].faults.rules])


@routes.post("/_sandbox/faults")
async def add_fault(request: web.Request) -> web.Response:
    try:
        rule = request.app[SANDBOX].faults.add(await _body(request))
    except UnknownFault as error:
        raise WrongRequest(str(error)) from None
    return web.json_response(rule.as_json(), status=201)


@routes.delete("/_sandbox/faults")
async def clear_faults(request: web.Request) -> web.Response:
    request.app[SANDBOX].faults.clear()
    return web.json_response({"ok": True})


@routes.delete("/_sandbox/faults/{rule_id:[0-9]+}")
async def remove_fault(request: web.Request) -> web.Response:
    removed = request.app[SANDBOX].faults.remove(int(request.match_info["rule_id"]))
    return web.json_response({"ok": removed}, status=200 if removed else 404)


@routes.post("/_sandbox/people")
async def add_people(request: web.Request) -> web.Response:
    """{"people": [{"id": 1, "first_name": …, "last_name": …, "username": …, "state": …}]}."""
    sandbox, people = request.app[SANDBOX], (await _body(request)).get("people")
    if not isinstance(people, list):
        raise WrongRequest("people is a list")
    for described in people:
        try:
            chat = sandbox.telegram.chats.get(int(described["id"]))
        except (KeyError, TypeError, ValueError):
            raise WrongRequest("every person has a numeric id") from None
        _describe(sandbox, chat, described)
    return web.json_response({"ok": True, "people": len(people)}, status=201)


@routes.post("/_sandbox/people/{chat_id}")
async def change_person(request: web.Request) -> web.Response:
    chat = _person(request)
    _describe(request.app[SANDBOX], chat, await _body(request))
    return web.json_response(chat.as_json() | {"state": chat.state})


def _describe(sandbox: Sandbox, chat: Chat, described: dict[str, Any]) -> None:
    for name in PERSON_NAMES:
        if name in described:
            setattr(chat, name, str(described[name] or ""))
    sandbox.telegram.chats.touch(chat, lift=False)
    if "state" in described:
        try:
            state = PersonState(described["state"])
        except ValueError:
            raise WrongRequest(f"state is one of: {', '.join(PersonState)}") from None
        change_state(chats=sandbox.telegram.chats, bots=sandbox.bots, chat=chat, to=state)


@routes.post("/_sandbox/people/{chat_id}/messages")
async def write_as_person(request: web.Request) -> web.Response:
    """{"text": "/start"}: the person writes to the bot."""
    sandbox, text = request.app[SANDBOX], str((await _body(request)).get("text") or "")
    if not text:
        raise WrongRequest("text is empty")
    chat = _person(request)
    message = write_to_bot(chats=sandbox.telegram.chats, bots=sandbox.bots, chat=chat, text=text)
    return web.json_response({"message_id": message.id}, status=201)


@routes.post("/_sandbox/people/{chat_id}/presses")
async def press_as_person(request: web.Request) -> web.Response:
    """{"message_id": 1, "row": 0, "column": 0}: the person presses an inline button."""
    sandbox, body = request.app[SANDBOX], await _body(request)
    try:
        where = {name: int(body.get(name, 0)) for name in ("message_id", "row", "column")}
        press = press_button(chats=sandbox.telegram.chats, bots=sandbox.bots, chat=_person(request), **where)
    except (NoSuchButton, TypeError, ValueError):
        raise WrongRequest("no such button") from None
    return web.json_response({"id": press.id}, status=201)


@routes.get("/_sandbox/ledger")
async def read_ledger(request: web.Request) -> web.Response:
    """Entries after ``after``, a page at a time; ask again with ``next`` until it is null."""
    ledger = request.app[SANDBOX].ledger
    try:
        after = max(int(request.query.get("after", 0)), 0)
        limit = min(max(int(request.query.get("limit", PAGE_ENTRIES)), 1), PAGE_ENTRIES)
    except ValueError:
        raise WrongRequest("after and limit are numbers") from None
    entries = ledger.page(after, limit)
    end = after + len(entries)
    return web.json_response({"entries": entries, "next": end if end < len(ledger.entries) else None})


@routes.get("/_sandbox/ledger/counts")
async def read_counts(request: web.Request) -> web.Response:
    return web.json_response(request.app[SANDBOX].ledger.counts())


@routes.get("/_sandbox/ledger/duplicates")
async def read_duplicates(request: web.Request) -> web.Response:
    return web.json_response(request.app[SANDBOX].ledger.duplicates())


@routes.get("/_sandbox/ledger/peaks")
async def read_peaks(request: web.Request) -> web.Response:
    summary = request.app[SANDBOX].ledger.summary()
    return web.json_response({name: value for name, value in summary.items() if name.startswith("peak_")})
