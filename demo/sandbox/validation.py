"""What Telegram checks in a message before it takes it: text, caption, entities, buttons, chat id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from demo.sandbox.arrival import delivered, is_empty
from demo.sandbox.errors import bad_request, chat_not_found
from demo.sandbox.links import BadLink, checked_link
from demo.sandbox.markup import ENTITY_OF_TAG, Entity, parse_html, utf16_length

Params = Mapping[str, Any]
Keyboard = list[list[dict[str, Any]]]

MAX_TEXT = 4096  # code points after parsing, by a live probe of the Bot API
MAX_CAPTION = 1024
MAX_RAW_BYTES = 32 * 1024
MAX_BUTTONS_IN_ROW = 8
MAX_BUTTONS = 100
MAX_CALLBACK_BYTES = 64
ENTITY_TYPES = frozenset({*ENTITY_OF_TAG.values(), "expandable_blockquote", "text_mention"}) | {
    *("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number")
}


def parse_json(raw: object, what: str) -> Any:
    """Form fields carry JSON as text; a JSON body carries the value itself."""
    if not isinstance(raw, str):
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        raise bad_request(f"can't parse {what} JSON object") from None


def flag(params: Params, name: str) -> bool:
    value = params.get(name, False)
    return value.lower() in {"true", "1", "yes"} if isinstance(value, str) else bool(value)


def integer(params: Params, name: str, default: int = 0) -> int:
    try:
        return int(params.get(name, default))
    except (TypeError, ValueError):
        return default


def chat_id_of(params: Params) -> int:
    raw = params.get("chat_id", "")
    if raw == "" or raw is None:
        raise bad_request("chat_id is empty")
    try:
        chat_id = int(raw)
    except (TypeError, ValueError):
        raise chat_not_found() from None
    # Telegram's ids have at most 52 significant bits.
    if not 0 < abs(chat_id) < 2**52:
        raise chat_not_found()
    return chat_id


def text_of(params: Params) -> tuple[str, list[Entity]]:
    if not params.get("text"):
        raise bad_request("message text is empty")
    text, entities = _formatted(params, "text", "entities")
    if len(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return text, entities


def caption_of(params: Params) -> tuple[str, list[Entity]]:
    text, entities = _formatted(params, "caption", "caption_entities", may_be_empty=True)
    if len(text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return text, entities


def _formatted(
    params: Params, name: str, entities_name: str, *, may_be_empty: bool = False
) -> tuple[str, list[Entity]]:
    raw = str(params.get(name) or "")
    if len(raw) > MAX_RAW_BYTES // 4 and len(raw.encode("utf-8", "replace")) > MAX_RAW_BYTES:
        raise bad_request("text is too long")
    mode = str(params.get("parse_mode") or "").lower()
    if mode == "html":
        return delivered(*parse_html(raw), may_be_empty=may_be_empty)
    if mode and mode != "none":
        raise bad_request("unsupported parse_mode")
    given = params.get(entities_name)
    return delivered(raw, _given_entities(raw, given) if given else [], may_be_empty=may_be_empty)


def _given_entities(text: str, raw: object) -> list[Entity]:
    entities = parse_json(raw, "message entities")
    if not isinstance(entities, list):
        raise bad_request("expected an Array of MessageEntity")
    total = utf16_length(text)
    for entity in entities:
        if not isinstance(entity, dict) or entity.get("type") not in ENTITY_TYPES:
            raise bad_request("can't parse MessageEntity: Unsupported type specified")
        offset, length = integer(entity, "offset", -1), integer(entity, "length")
        if offset < 0:
            raise bad_request(f"receive an entity with incorrect offset {offset}")
        if offset > total:
            raise bad_request(f"entity begins after the end of the text at UTF-16 offset {offset}")
        if offset + length > total:
            place = f"beginning at UTF-16 offset {offset} ends after the end of the text"
            raise bad_request(f"entity {place} at UTF-16 offset {offset + length}")
        entity["offset"], entity["length"] = offset, length
    return entities


def keyboard_of(params: Params) -> Keyboard:
    """The inline keyboard in rows; [] when there is none. Other kinds of reply markup are taken and ignored."""
    raw = params.get("reply_markup")
    if not raw:
        return []
    markup = parse_json(raw, "reply keyboard markup")
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list):
        raise bad_request('field "inline_keyboard" must be of type Array')
    for row in rows:
        if not isinstance(row, list):
            raise bad_request("can't parse inline keyboard: expected an Array of InlineKeyboardButton")
        for button in row:
            _check_button(button)
    rows = [row for row in rows if row]
    if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_BUTTONS_IN_ROW for row in rows):
        raise bad_request("reply markup is too long")
    return rows


def _check_button(button: object) -> None:
    trouble = "can't parse inline keyboard button"
    if not isinstance(button, dict):
        raise bad_request(f"{trouble}: Object expected")
    text = button.get("text")
    if not isinstance(text, str):
        raise bad_request(f'{trouble}: Field "text" must be of type String')
    if is_empty(text):
        raise bad_request("inline keyboard button text is empty")
    url, data = button.get("url"), button.get("callback_data")
    if url:
        button["url"] = _checked_url(str(url))
    elif data:
        if len(str(data).encode()) > MAX_CALLBACK_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    elif not (button.keys() - {"text", "url", "callback_data", "style"}):
        raise bad_request(f"{trouble}: Text buttons are unallowed in the inline keyboard")


def _checked_url(url: str) -> str:
    try:
        return checked_link(url.encode("utf-8", "replace")).decode(errors="replace")
    except BadLink as error:
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: {error}") from None
