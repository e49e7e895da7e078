"""The methods of the Bot API over the sandbox's chats, files and bots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo.sandbox.bots import Bot
from demo.sandbox.chats import DELETABLE_SECONDS, Chat, Chats, Message
from demo.sandbox.errors import bad_request, chat_not_found
from demo.sandbox.files import Files, StoredFile
from demo.sandbox.validation import (
    Keyboard,
    Params,
    caption_of,
    chat_id_of,
    flag,
    integer,
    keyboard_of,
    parse_json,
    text_of,
)

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
MEDIA_OF_METHOD = {"sendphoto": "photo", "sendvideo": "video", "senddocument": "document"}


@dataclass(slots=True)
class Upload:
    name: str
    content: bytes


Uploads = Mapping[str, Upload]


@dataclass(slots=True)
class Call:
    """One method call with all that it brought."""

    bot: Bot
    params: Params
    uploads: Uploads


@dataclass(slots=True)
class Done:
    """What a method did: its result, and for the ledger the message and the file it concerned."""

    result: Any
    message_id: int = 0
    file: str = ""


class Telegram:
    """The state behind the API: one world, whichever bot calls."""

    def __init__(self) -> None:
        self.chats = Chats()
        self.files = Files()

    # Sending

    def send_message(self, call: Call) -> Done:
        text, entities = text_of(call.params)
        return self._post(call, text, entities, None)

    def send_media(self, call: Call, kind: str) -> Done:
        text, entities = caption_of(call.params)
        file = self._file_of(call, kind)
        return self._post(call, text, entities, file)

    def _post(self, call: Call, text: str, entities: list[dict[str, Any]], file: StoredFile | None) -> Done:
        chat_id = chat_id_of(call.params)
        keyboard = keyboard_of(call.params)
        chat = self.chats.get(chat_id)
        chat.check_may_receive()
        message = Message(
            id=self.chats.next_message_id(),
            bot_id=call.bot.id,
            date=self.chats.now(),
            text=text,
            entities=entities,
            keyboard=keyboard,
            file=file,
            silent=flag(call.params, "disable_notification"),
        )
        chat.messages[message.id] = message
        chat.bot_token = call.bot.token
        self.chats.touch(chat)
        return Done(message_json(message, chat, call.bot), message.id, file.unique_id if file else "")

    def _file_of(self, call: Call, kind: str) -> StoredFile:
        given = call.params.get(kind)
        if isinstance(given, str) and given.startswith("attach://"):
            upload = call.uploads.get(given.removeprefix("attach://"))
        else:
            upload = call.uploads.get(kind)
        if upload is not None:
            return self.files.store(call.bot.id, kind, upload.name, upload.content)
        if not given:
            raise bad_request(f"there is no {kind} in the request")
        return self.files.known(call.bot.id, kind, str(given))

    # Editing and deleting

    def edit_text(self, call: Call) -> Done:
        chat, message = self._own_message(call)
        text, entities = text_of(call.params)
        if message.file:
            raise bad_request("there is no text in the message to edit")
        return self._edit(call, chat, message, text, entities)

    def edit_caption(self, call: Call) -> Done:
        chat, message = self._own_message(call)
        text, entities = caption_of(call.params)
        if not message.file:
            raise bad_request("there is no caption in the message to edit")
        return self._edit(call, chat, message, text, entities)

    def edit_reply_markup(self, call: Call) -> Done:
        chat, message = self._own_message(call)
        return self._edit(call, chat, message, message.text, message.entities)

    def _own_message(self, call: Call) -> tuple[Chat, Message]:
        chat = self.chats.by_id.get(chat_id_of(call.params))
        message = chat.messages.get(integer(call.params, "message_id")) if chat else None
        if chat is None or message is None:
            raise bad_request("message to edit not found")
        if message.bot_id != call.bot.id:
            raise bad_request("message can't be edited")
        chat.check_may_receive()
        return chat, message

    def _edit(self, call: Call, chat: Chat, message: Message, text: str, entities: list[dict[str, Any]]) -> Done:
        keyboard: Keyboard = keyboard_of(call.params)
        if (text, entities, keyboard) == (message.text, message.entities, message.keyboard):
            raise bad_request(NOT_MODIFIED)
        message.text, message.entities, message.keyboard = text, entities, keyboard
        message.edited_at = self.chats.now()
        self.chats.touch(chat, lift=False)
        return Done(message_json(message, chat, call.bot), message.id)

    def delete_message(self, call: Call) -> Done:
        message_id = integer(call.params, "message_id")
        chat = self.chats.by_id.get(chat_id_of(call.params))
        if chat is None or message_id not in chat.messages:
            raise bad_request("message to delete not found")
        self._delete(chat, message_id)
        return Done(True, message_id)

    def delete_messages(self, call: Call) -> Done:
        ids = parse_json(call.params.get("message_ids"), "message identifiers")
        if not isinstance(ids, list) or not ids:
            raise bad_request("message identifiers are not specified")
        if len(ids) > 100:
            raise bad_request("too many message identifiers specified")
        chat = self.chats.by_id.get(chat_id_of(call.params))
        if not all(isinstance(message_id, int) for message_id in ids):
            raise bad_request("message identifiers must be of type Integer")
        for message_id in ids:
            # Telegram skips those that it does not find.
            if chat and message_id in chat.messages:
                self._delete(chat, message_id)
        return Done(True, ids[0])

    def _delete(self, chat: Chat, message_id: int) -> None:
        if self.chats.now() - chat.messages[message_id].date > DELETABLE_SECONDS:
            raise bad_request("message can't be deleted for everyone")
        del chat.messages[message_id]
        self.chats.touch(chat, lift=False)

    # Everything else

    def get_chat(self, call: Call) -> Done:
        chat = self.chats.by_id.get(chat_id_of(call.params))
        if chat is None:
            raise chat_not_found()
        extra = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _gifts()}
        return Done(chat.as_json() | extra)

    def get_file(self, call: Call) -> Done:
        stored = self.files.by_id.get(str(call.params.get("file_id", "")))
        if stored is None:
            raise bad_request("invalid file_id")
        if stored.size > 20 * 1024 * 1024:
            raise bad_request("file is too big")
        known = {"file_id": stored.file_id, "file_unique_id": stored.unique_id}
        return Done(known | {"file_size": stored.size, "file_path": stored.path})

    def answer_callback_query(self, call: Call) -> Done:
        query_id = str(call.params.get("callback_query_id", ""))
        text = str(call.params.get("text") or "")
        if len(text) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        chat = self.chats.waiting_presses.pop(query_id, None)
        if chat is None:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        if chat.press and chat.press.id == query_id:
            chat.press.answer = text
            chat.press.alert = flag(call.params, "show_alert")
            self.chats.touch(chat, lift=False)
        return Done(True)

    def set_webhook(self, call: Call) -> Done:
        self._set_allowed_updates(call)
        if flag(call.params, "drop_pending_updates"):
            call.bot.updates.clear()
        url, secret = str(call.params.get("url") or ""), str(call.params.get("secret_token") or "")
        call.bot.set_webhook(url, secret, self.chats.now)
        return Done(True)

    def delete_webhook(self, call: Call) -> Done:
        if flag(call.params, "drop_pending_updates"):
            call.bot.updates.clear()
        call.bot.set_webhook("", "", self.chats.now)
        return Done(True)

    def set_my_commands(self, call: Call) -> Done:
        commands = parse_json(call.params.get("commands"), "bot commands")
        if not isinstance(commands, list):
            raise bad_request("expected an Array of BotCommand")
        call.bot.commands = commands
        return Done(True)

    async def get_updates(self, call: Call) -> Done:
        self._set_allowed_updates(call)
        limit = min(max(integer(call.params, "limit", 100), 1), 100)
        timeout = min(max(integer(call.params, "timeout"), 0), 50)
        return Done(await call.bot.poll(integer(call.params, "offset"), limit, timeout))

    def _set_allowed_updates(self, call: Call) -> None:
        raw = call.params.get("allowed_updates")
        if raw is not None and raw != "":
            allowed = parse_json(raw, "allowed updates")
            call.bot.allowed_updates = [str(kind) for kind in allowed] if isinstance(allowed, list) else []


def message_json(message: Message, chat: Chat, bot: Bot) -> dict[str, Any]:
    """The Message object of the Bot API."""
    answer: dict[str, Any] = {
        "message_id": message.id,
        "from": bot.as_user_json() if message.bot_id else chat.as_user_json(),
        "chat": chat.as_json(),
        "date": message.date,
    }
    words, entities = ("caption", "caption_entities") if message.file else ("text", "entities")
    if message.file:
        answer[message.file.kind] = message.file.as_json()
    if message.text:
        answer[words] = message.text
    if message.entities:
        answer[entities] = message.entities
    if message.keyboard:
        answer["reply_markup"] = {"inline_keyboard": message.keyboard}
    if message.edited_at:
        answer["edit_date"] = message.edited_at
    return answer


def _gifts() -> dict[str, bool]:
    kinds = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return dict.fromkeys(kinds, False)
