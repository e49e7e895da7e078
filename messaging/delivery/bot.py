"""The only door to Telegram: one call in, one decided outcome out."""

import contextvars
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import aiohttp
from django.conf import settings
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions, Message
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest, RequestData

from messaging.models import Broadcast, Recipient

CONNECT_TIMEOUT = 5.0  # seconds
UPLOAD_TIMEOUT = 180.0  # seconds: 50 MB over a slow line
# A connection that idled longer is not used again: the other side may have closed it meanwhile, and a request written
# into a closed connection is one of which nobody knows whether it arrived.
KEEP_ALIVE = 10.0  # seconds
MOST_WORDS = 500  # characters of an error that are kept: the library quotes whole pages of HTML

Reason = Recipient.Reason


class Verdict(StrEnum):
    """What became of a call, decided here and nowhere else."""

    SENT = "sent"
    RETRY = "retry"  # nothing was written: try again, later and later
    HALT = "halt"  # 429: nobody calls until then
    FAILED = "failed"  # permanent
    UNCERTAIN = "uncertain"  # asked, and not answered: never again by itself
    STOP = "stop"  # the token is wrong: nobody can be reached with it


@dataclass(frozen=True)
class Outcome:
    """A verdict with Telegram's own code and words."""

    verdict: Verdict
    telegram_message_id: int | None = None
    file_id: str = ""
    reason: Reason | str = ""
    code: int | None = None
    text: str = ""
    retry_after: float = 0.0  # seconds


@dataclass(frozen=True)
class Upload:
    """A file that Telegram does not have yet."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """One message to one person, personalised."""

    chat_id: int
    text: str
    kind: str = Broadcast.Kind.TEXT
    media: str | Upload = ""  # file_id
    buttons: list[list[dict[str, str]]] = field(default_factory=list)
    link_preview: bool = True
    silent: bool = False


class TelegramBot:
    """Telegram's Bot API as the engine sees it; make one an event loop, after the fork."""

    def __init__(self, *, token: str, api_url: str, timeout: float, paid: bool = False) -> None:
        # Over 30 messages/s Telegram takes only those whose bot pays; None leaves the word out of the call.
        self.paid = paid or None
        self.transport = _Transport(timeout=timeout)
        # The same transport twice: the library would make an httpx client of its own for getUpdates.
        self.bot = Bot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=self.transport,
            get_updates_request=self.transport,
        )

    async def send(self, letter: Letter) -> Outcome:
        """Send one message. Never raises what Telegram or the network do: the outcome says it."""
        return await _decided(self._send(letter))

    async def edit(self, letter: Letter, *, telegram_message_id: int) -> Outcome:
        """Replace the text (or caption) and the buttons of a message."""
        markup = _markup(letter.buttons)
        call: Awaitable[Message | bool]
        if letter.kind == Broadcast.Kind.TEXT:
            call = self.bot.edit_message_text(
                letter.text,
                chat_id=letter.chat_id,
                message_id=telegram_message_id,
                parse_mode="HTML",
                reply_markup=markup,
                link_preview_options=_preview(letter.link_preview),
            )
        else:
            call = self.bot.edit_message_caption(
                chat_id=letter.chat_id,
                message_id=telegram_message_id,
                caption=letter.text,
                parse_mode="HTML",
                reply_markup=markup,
            )
        outcome = await _decided(call)
        return _done_if(outcome, "message is not modified")

    async def delete(self, *, chat_id: int, telegram_message_id: int) -> Outcome:
        """Delete a message for the person too; one that is gone already counts as deleted."""
        outcome = await _decided(self.bot.delete_message(chat_id, telegram_message_id))
        return _done_if(outcome, "message to delete not found")

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.shutdown()

    async def _send(self, letter: Letter) -> Message:
        common: dict[str, Any] = {
            "parse_mode": "HTML",
            "disable_notification": letter.silent,
            "reply_markup": _markup(letter.buttons),
            "allow_paid_broadcast": self.paid,
        }
        if letter.kind == Broadcast.Kind.TEXT:
            preview = _preview(letter.link_preview)
            return await self.bot.send_message(letter.chat_id, letter.text, link_preview_options=preview, **common)
        media: Any = letter.media
        if isinstance(media, Upload):
            media = InputFile(media.content, filename=media.name)
        methods: dict[str, Callable[..., Awaitable[Message]]] = {
            Broadcast.Kind.PHOTO: self.bot.send_photo,
            Broadcast.Kind.VIDEO: self.bot.send_video,
            Broadcast.Kind.DOCUMENT: self.bot.send_document,
        }
        return await methods[letter.kind](letter.chat_id, media, caption=letter.text or None, **common)


def connect_bot() -> TelegramBot:
    """Make the bot of this event loop, from the settings.

    Raises:
        WrongToken: there is none, or it is malformed.
    """
    try:
        return TelegramBot(
            token=settings.BOT_TOKEN,
            api_url=settings.TELEGRAM_API_URL,
            timeout=settings.TELEGRAM_CALL_TIMEOUT,
            paid=settings.TELEGRAM_PAID_BROADCAST,
        )
    except InvalidToken as error:
        raise WrongToken(str(error)) from error


class WrongToken(Exception):
    """BOT_TOKEN is missing or malformed."""


def _markup(buttons: list[list[dict[str, Any]]]) -> InlineKeyboardMarkup | None:
    if not buttons:
        return None
    return InlineKeyboardMarkup([[InlineKeyboardButton(**button) for button in row] for row in buttons])


def _preview(wanted: bool) -> LinkPreviewOptions | None:
    return None if wanted else LinkPreviewOptions(is_disabled=True)


def _file_id(message: Message) -> str:
    if message.photo:
        return message.photo[-1].file_id  # the largest size
    media = message.video or message.document
    return media.file_id if media else ""


# What became of it ----------------------------------------------------------------------------------------------------


async def _decided(call: Awaitable[Message | bool]) -> Outcome:
    status = _status.set(None)
    try:
        answer = await call
    except TelegramError as error:
        return decide(error, code=_status.get())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # 200 with JSON that is not Telegram's answer: it may have been sent.
        return Outcome(
            Verdict.UNCERTAIN, reason=Reason.NO_ANSWER, code=_status.get(), text=f"Invalid answer: {error!r}"
        )
    finally:
        _status.reset(status)
    if isinstance(answer, Message):
        return Outcome(Verdict.SENT, telegram_message_id=answer.message_id, file_id=_file_id(answer), code=200)
    return Outcome(Verdict.SENT, code=200)


def decide(error: TelegramError, *, code: int | None) -> Outcome:
    """Judge an error of the library by its class and cause; its words only name the reason.

    ``code`` is the HTTP status, None where no answer came. A refusal counts only in Telegram's own JSON: a 403 page of
    some proxy must not mark anybody as blocked.
    """
    words = _kept(error)
    if isinstance(error, RetryAfter):
        return Outcome(Verdict.HALT, code=429, text=words, retry_after=_seconds(error.retry_after))
    if code == 429:
        return Outcome(Verdict.HALT, code=429, text=words, retry_after=1.0)
    if isinstance(error.__cause__, _NOTHING_WRITTEN):
        return Outcome(Verdict.RETRY, reason=Reason.UNREACHABLE, text=words)
    garbled = isinstance(error.__cause__, TelegramError)
    return (None if garbled else _refused(error, code)) or Outcome(
        Verdict.UNCERTAIN, reason=Reason.NO_ANSWER, code=code, text=words
    )


def _refused(error: TelegramError, code: int | None) -> Outcome | None:
    """The refusals that Telegram itself decided. By class: BadRequest is a NetworkError, and comes before it."""
    words = _kept(error)
    match error:
        case Forbidden():
            return Outcome(Verdict.FAILED, reason=_why_forbidden(words), code=code, text=words)
        case ChatMigrated():
            return Outcome(Verdict.FAILED, reason=Reason.MIGRATED, code=code, text=words)
        case BadRequest():
            return Outcome(Verdict.FAILED, reason=_why_bad(words), code=code, text=words)
        case InvalidToken():
            return Outcome(Verdict.STOP, code=code, text=words)
    return None


def _kept(error: TelegramError) -> str:
    return error.message.replace("\x00", "")[:MOST_WORDS]  # PostgreSQL takes no NUL


def _seconds(retry_after: int | timedelta) -> float:
    return retry_after.total_seconds() if isinstance(retry_after, timedelta) else float(retry_after)


def _why_forbidden(words: str) -> Reason:
    words = words.lower()
    return next((reason for said, reason in _FORBIDDEN.items() if said in words), Reason.FORBIDDEN)


def _why_bad(words: str) -> Reason:
    """About the person, or about the message: whole sentences only, for a refused text may hold any word."""
    return _BAD_PERSON.get(words.lower().removeprefix("bad request: ").strip(), Reason.BAD_REQUEST)


# Words within a 403, and whole sentences of a 400, that concern the person. All others of 400 concern the message, and
# the same one three times in a row pauses the broadcast.
_FORBIDDEN: Final = {
    "blocked": Reason.BLOCKED,
    "kicked": Reason.BLOCKED,
    "deactivated": Reason.DEACTIVATED,
    "user is deleted": Reason.DEACTIVATED,
    "initiate conversation": Reason.NOT_STARTED,
}
_BAD_PERSON: Final = {
    "chat not found": Reason.NO_CHAT,
    "user not found": Reason.NO_CHAT,
    "peer_id_invalid": Reason.NO_CHAT,
    "user_id_invalid": Reason.NO_CHAT,
    "input_user_deactivated": Reason.DEACTIVATED,
    "user_deactivated": Reason.DEACTIVATED,
    "user_is_blocked": Reason.BLOCKED,
    "user_is_bot": Reason.FORBIDDEN,
}


def _done_if(outcome: Outcome, words: str) -> Outcome:
    """Take a refusal that says «it is already so» for done."""
    done = outcome.verdict is Verdict.FAILED and words in outcome.text.lower()
    return Outcome(Verdict.SENT, code=outcome.code, text=outcome.text) if done else outcome


# How it gets there ----------------------------------------------------------------------------------------------------

# Failures before the first byte of the request was written.
_NOTHING_WRITTEN: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
# The library tells the class of an error, not its HTTP status; a call and its transport run in one task.
_status: contextvars.ContextVar[int | None] = contextvars.ContextVar("telegram_status", default=None)


class _Transport(BaseRequest):
    """The library's HTTP over aiohttp.

    Measured on 2 cores with 50 ms latency: 1,184 messages/s with 64 calls in flight against 104/s over the library's
    default, httpx, whose pool is scanned for every call. aiohttp repeats no POST by itself, which we rely on.
    """

    def __init__(self, *, timeout: float) -> None:
        self._timeout = timeout
        self._connect = min(CONNECT_TIMEOUT, timeout)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return self._timeout

    async def initialize(self) -> None:
        if self._session is None:
            # The window of the delivery loop bounds the calls in flight; a second bound would only hide waits.
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=300)
            self._session = aiohttp.ClientSession(connector=connector)

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(  # noqa: PLR0917 - the library's signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        await self.initialize()
        assert self._session is not None
        files = request_data.multipart_data if request_data else {}
        timeout = aiohttp.ClientTimeout(
            # Connecting has its own limit, so that a connection that was never made is told from a missing answer.
            connect=self._connect,
            total=self._connect + (UPLOAD_TIMEOUT if files else self._timeout),
        )
        try:
            async with self._session.request(method, url, timeout=timeout, **_body(request_data, files)) as response:
                _status.set(response.status)
                return response.status, await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise NetworkError(_words(error)) from error


def _body(request_data: RequestData | None, files: dict[str, Any]) -> dict[str, Any]:
    if request_data is None:
        return {}
    if not files:
        return {"data": request_data.json_payload, "headers": {"Content-Type": "application/json"}}
    # Telegram reads names as they are: percent-encoded, a student would see «%D0%9F…».
    form = aiohttp.FormData(quote_fields=False)
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in files.items():
        form.add_field(name, content, filename=filename, content_type=content_type)
    return {"data": form}


def _words(error: Exception) -> str:
    """The error for staff to read; an aiohttp error may carry the address, and with it the token."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"Cannot connect: {os.strerror(error.os_error.errno) if error.os_error.errno else 'no address'}"
    if isinstance(error, TimeoutError):
        return "Timed out"
    return "Connection broke off"  # the name of its class says nothing to anybody
