"""What a person does on the phone: write, press a button, block the bot and let it back in."""

from __future__ import annotations

from demo.sandbox.bots import Bot, Bots
from demo.sandbox.chats import Chat, Chats, Message, PersonState, Press
from demo.sandbox.telegram import message_json


class NoSuchButton(LookupError):
    """The button went away while the person was looking at it."""


def bot_of(chat: Chat, bots: Bots) -> Bot:
    return bots.by_token.get(chat.bot_token, bots.default)


def write_to_bot(*, chats: Chats, bots: Bots, chat: Chat, text: str) -> Message:
    """The person writes; Telegram lets a blocked bot back in when its person writes to it."""
    bot = bot_of(chat, bots)
    if chat.state in (PersonState.BLOCKED, PersonState.NOT_STARTED):
        change_state(chats=chats, bots=bots, chat=chat, to=PersonState.ACTIVE)
    entities = []
    if text.startswith("/"):
        entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    message = Message(chats.next_message_id(), 0, chats.now(), text, entities, [])
    chat.messages[message.id] = message
    chats.touch(chat)
    bot.emit("message", message_json(message, chat, bot))
    return message


def change_state(*, chats: Chats, bots: Bots, chat: Chat, to: PersonState) -> None:
    """Block, unblock or otherwise change what the bot may do; the bot is told of a block and of its end."""
    was, chat.state = chat.state, to
    if was is to:
        return
    chats.touch(chat, lift=False)
    if PersonState.BLOCKED not in (was, to):
        return
    bot = bot_of(chat, bots)
    member = {"user": bot.as_user_json(), "status": "member"}
    kicked = {"user": bot.as_user_json(), "status": "kicked", "until_date": 0}
    old, new = (member, kicked) if to is PersonState.BLOCKED else (kicked, member)
    bot.emit(
        "my_chat_member",
        {
            "chat": chat.as_json(),
            "from": chat.as_user_json(),
            "date": chats.now(),
            "old_chat_member": old,
            "new_chat_member": new,
        },
    )


def press_button(*, chats: Chats, bots: Bots, chat: Chat, message_id: int, row: int, column: int) -> Press:
    """Raises NoSuchButton: the message was deleted or its keyboard was changed meanwhile."""
    message = chat.messages.get(message_id)
    try:
        if message is None or row < 0 or column < 0:
            raise IndexError
        data = str(message.keyboard[row][column]["callback_data"])
    except (IndexError, KeyError):
        raise NoSuchButton from None
    press = chats.add_press(chat, message_id, data)
    bot = bot_of(chat, bots)
    bot.emit(
        "callback_query",
        {
            "id": press.id,
            "from": chat.as_user_json(),
            "message": message_json(message, chat, bot),
            "chat_instance": str(chat.id),
            "data": data,
        },
    )
    return press
