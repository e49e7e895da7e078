"""Telegram's updates about people: they started, blocked or unblocked the bot, or pressed a button."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from messaging.delivery.lifecycle import AUTOMATIC_BLOCKS
from messaging.models import ReceivedUpdate, Recipient
from users.models import BlockedUser, Event, TelegramUser

STARTED = "start_command"  # as the bot calls it
BLOCKED, UNBLOCKED, PRESSED = "bot_blocked", "bot_unblocked", "button_pressed"
REMEMBERED = timedelta(days=2)
MOST_NUMBER = 2**52  # Telegram's ids have at most so many significant bits
GONE, BACK = {"kicked", "left"}, {"member", "restricted", "administrator"}


class InvalidUpdate(ValueError):
    """The data is not an update of Telegram."""


@dataclass(frozen=True)
class _Sender:
    """The person behind an update, in a private chat with the bot."""

    id: int
    username: str | None
    first_name: str | None
    last_name: str | None
    language_code: str | None

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "_Sender":
        names = ("username", "first_name", "last_name", "language_code")
        return cls(_number(stored["id"]), *(_words(stored.get(name)) for name in names))


def _number(value: object) -> int:
    """One of Telegram's ids; larger numbers would only fail later, in PostgreSQL."""
    if type(value) is not int or not 0 < value < MOST_NUMBER:
        raise InvalidUpdate(f"no id: {value!r:.50}")
    return value


def _words(value: object) -> str | None:
    """A text or None, without what PostgreSQL cannot store: NUL and half characters."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidUpdate(f"no text: {value!r:.50}")
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def record_update(update: Any, *, at: datetime) -> bool:
    """Record an update once, in one transaction; False when it was recorded before.

    Updates other than ``/start``, blocks and button presses are left to the bot.

    Raises:
        InvalidUpdate: the data is not an update.
    """
    try:
        with transaction.atomic():
            new = _is_new(_number(update["update_id"]), at=at)
            if new:
                _record(update, at=at)
            return new
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidUpdate(repr(error)) from error


def _is_new(update_id: int, *, at: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO messaging_receivedupdate (update_id, received_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [update_id, at],
        )
        return bool(cursor.rowcount)


def forget_updates(*, at: datetime) -> None:
    """Delete old update ids: Telegram repeats an update for a day at most."""
    ReceivedUpdate.objects.filter(received_at__lt=at - REMEMBERED).delete()


def _record(update: Mapping[str, Any], *, at: datetime) -> None:
    if message := update.get("message"):
        text = _words(message.get("text")) or ""
        if message["chat"]["type"] == "private" and text.split(maxsplit=1)[:1] == ["/start"]:
            _started(_Sender.of(message["from"]), text, at=at)
    elif member := update.get("my_chat_member"):
        if member["chat"]["type"] == "private":
            _block_changed(_Sender.of(member["from"]), member["new_chat_member"]["status"], at=at)
    elif press := update.get("callback_query"):
        _pressed(_Sender.of(press["from"]), press, at=at)


def _started(sender: _Sender, text: str, *, at: datetime) -> None:
    _store_person(sender, at=at)
    _end_block(sender)
    payload = text.split(maxsplit=1)[1:]
    _write_event(sender, STARTED, at=at, **({"payload": payload[0][:64]} if payload else {}))


def _block_changed(sender: _Sender, status: str, *, at: datetime) -> None:
    _store_person(sender, at=at)
    if status in GONE:
        reason = AUTOMATIC_BLOCKS[Recipient.Reason.BLOCKED]
        # A block that staff set stays as they set it.
        BlockedUser.objects.bulk_create(
            [BlockedUser(telegram_user_id=sender.id, blocked_at=at, reason=reason)], ignore_conflicts=True
        )
        _write_event(sender, BLOCKED, at=at)
    elif status in BACK:
        _end_block(sender)
        _write_event(sender, UNBLOCKED, at=at)


def _pressed(sender: _Sender, press: Mapping[str, Any], *, at: datetime) -> None:
    _store_person(sender, at=at)
    details: dict[str, Any] = {"data": (_words(press.get("data")) or "")[:64]}
    if under := press.get("message"):
        message_id = details["message_id"] = _number(under["message_id"])
        sent = Recipient.objects.filter(telegram_user=sender.id, telegram_message_id=message_id)
        if broadcast := sent.order_by("-id").values_list("message_id", flat=True).first():
            details["broadcast_id"] = broadcast
    _write_event(sender, PRESSED, at=at, **details)


def _store_person(sender: _Sender, *, at: datetime) -> None:
    names = {name: value for name, value in asdict(sender).items() if name != "id"}
    TelegramUser.objects.update_or_create(
        pk=sender.id,
        defaults={**{name: value for name, value in names.items() if value}, "updated_at": at},
        create_defaults={**names, "first_seen_at": at, "updated_at": at},
    )


def _end_block(sender: _Sender) -> None:
    BlockedUser.objects.filter(pk=sender.id, reason__in=AUTOMATIC_BLOCKS.values()).delete()


def _write_event(sender: _Sender, event_type: str, *, at: datetime, **details: Any) -> None:
    Event.objects.create(telegram_user_id=sender.id, event_type=event_type, details=details, created_at=at)
