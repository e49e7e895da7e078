"""Every answer of Telegram, and every way not to get one, has one outcome."""

import asyncio
import base64
import socket
from collections.abc import Iterator

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError

from demo.sandbox.client import SandboxClient, run_sandbox
from messaging.delivery.bot import Letter, Outcome, TelegramBot, Upload, Verdict, WrongToken, connect_bot, decide
from messaging.delivery.watch import SAME_REFUSALS, Watch
from messaging.models import Recipient

ANNA = 1001
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
Reason = Recipient.Reason


def ask(telegram: SandboxClient, *calls, token: str = "", api_url: str = "", timeout: float = 1.0) -> list[Outcome]:
    """Do ``calls`` one after the other with one bot."""

    async def main() -> list[Outcome]:
        bot = TelegramBot(token=token or telegram.token, api_url=api_url or telegram.url, timeout=timeout)
        try:
            return [await call(bot) for call in calls]
        finally:
            await bot.close()

    return asyncio.run(main())


def send(telegram: SandboxClient, **letter) -> Outcome:
    return ask(telegram, lambda bot: bot.send(Letter(**{"chat_id": ANNA, "text": "Привет", **letter})))[0]


def test_a_message_that_arrives_is_sent_with_its_id(telegram):
    outcome = send(telegram, text="<b>Привет</b>", buttons=[[{"text": "Да", "callback_data": "yes"}]])

    [entry] = telegram.ledger(accepted=True)
    assert (outcome.verdict, outcome.telegram_message_id) == (Verdict.SENT, entry.message_id)


@pytest.mark.parametrize(("paid", "refused"), [(False, 10), (True, 0)])
def test_over_thirty_a_second_telegram_takes_only_what_is_paid_for(telegram, settings, paid, refused):
    telegram.configure(rate=30)
    settings.TELEGRAM_PAID_BROADCAST = paid

    async def main() -> list[Outcome]:
        bot = connect_bot()
        try:
            return await asyncio.gather(*(bot.send(Letter(ANNA + n, "Привет")) for n in range(40)))
        finally:
            await bot.close()

    verdicts = [outcome.verdict for outcome in asyncio.run(main())]

    assert verdicts.count(Verdict.HALT) == refused
    assert verdicts.count(Verdict.SENT) == 40 - refused


@pytest.mark.parametrize(
    ("effect", "rule", "expected"),
    [
        ("too_many_requests", {"retry_after": 7}, (Verdict.HALT, "", 429)),
        ("blocked", {}, (Verdict.FAILED, Reason.BLOCKED, 403)),
        ("deactivated", {}, (Verdict.FAILED, Reason.DEACTIVATED, 403)),
        ("not_started", {}, (Verdict.FAILED, Reason.NOT_STARTED, 403)),
        ("chat_not_found", {}, (Verdict.FAILED, Reason.NO_CHAT, 400)),
        ("user_not_found", {}, (Verdict.FAILED, Reason.NO_CHAT, 400)),
        ("user_is_blocked", {}, (Verdict.FAILED, Reason.BLOCKED, 400)),
        ("input_user_deactivated", {}, (Verdict.FAILED, Reason.DEACTIVATED, 400)),
        ("user_deleted", {}, (Verdict.FAILED, Reason.DEACTIVATED, 403)),
        ("kicked", {}, (Verdict.FAILED, Reason.BLOCKED, 403)),
        ("migrated", {}, (Verdict.FAILED, Reason.MIGRATED, 400)),
        ("bad_request", {}, (Verdict.FAILED, Reason.BAD_REQUEST, 400)),
        ("server_error", {"status": 500}, (Verdict.UNCERTAIN, Reason.NO_ANSWER, 500)),
        ("server_error", {"status": 504}, (Verdict.UNCERTAIN, Reason.NO_ANSWER, 504)),
        ("bad_gateway_html", {}, (Verdict.UNCERTAIN, Reason.NO_ANSWER, 502)),
        ("truncated_json", {}, (Verdict.UNCERTAIN, Reason.NO_ANSWER, 200)),
        ("drop_before", {}, (Verdict.UNCERTAIN, Reason.NO_ANSWER, None)),
        ("drop_after", {}, (Verdict.UNCERTAIN, Reason.NO_ANSWER, None)),
        ("hang", {"seconds": 3}, (Verdict.UNCERTAIN, Reason.NO_ANSWER, None)),
    ],
)
def test_each_fault_has_its_outcome(telegram, effect, rule, expected):
    telegram.fault(effect, **rule)

    outcome = send(telegram)

    assert (outcome.verdict, outcome.reason, outcome.code) == expected
    assert 0 < len(outcome.text) <= 500
    assert outcome.retry_after == rule.get("retry_after", 0)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadRequest("User not found"), Reason.NO_CHAT),
        (BadRequest("INPUT_USER_DEACTIVATED"), Reason.DEACTIVATED),
        (BadRequest("User_is_blocked"), Reason.BLOCKED),
        (Forbidden("Forbidden: user is deleted"), Reason.DEACTIVATED),
        (Forbidden("Forbidden: bot was kicked from the group chat"), Reason.BLOCKED),
        # A text that was refused may hold the same words.
        (BadRequest('Can\'t parse entities: unsupported start tag "user_is_blocked"'), Reason.BAD_REQUEST),
    ],
)
def test_c15_a_refusal_about_the_person_never_pauses_the_message(error, reason):
    outcome = decide(error, code=400)
    watch = Watch()

    paused = [watch.note(outcome) for _person in range(SAME_REFUSALS)]

    assert outcome.reason == reason
    assert bool(paused[-1]) is (reason is Reason.BAD_REQUEST)


def test_a_server_that_cannot_be_reached_is_tried_again(telegram):
    [outcome] = ask(telegram, lambda bot: bot.send(Letter(ANNA, "Привет")), api_url="http://127.0.0.1:9")

    assert (outcome.verdict, outcome.reason) == (Verdict.RETRY, Reason.UNREACHABLE)
    assert "127.0.0.1" not in outcome.text  # an address may carry the token


@pytest.fixture
def deaf_server() -> Iterator[str]:
    """Completes no connection: its queue of them is full."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_connection_that_is_never_made_is_tried_again(telegram, deaf_server):
    [outcome] = ask(telegram, lambda bot: bot.send(Letter(ANNA, "Привет")), api_url=deaf_server, timeout=0.5)

    assert outcome.verdict is Verdict.RETRY


def test_a_malformed_token_stops_everything(telegram):
    [outcome] = ask(telegram, lambda bot: bot.send(Letter(ANNA, "Привет")), token="malformed")

    assert (outcome.verdict, outcome.code) == (Verdict.STOP, 404)


def test_a_token_of_nobody_stops_everything():
    with run_sandbox(token="1000000001:" + "A" * 35) as telegram:
        other = telegram.token.replace("A", "B")
        [outcome] = ask(telegram, lambda bot: bot.send(Letter(ANNA, "Привет")), token=other)

    assert (outcome.verdict, outcome.code, outcome.text) == (Verdict.STOP, 401, "Unauthorized")


def test_no_token_is_named_before_any_call(settings):
    settings.BOT_TOKEN = ""

    with pytest.raises(WrongToken):
        connect_bot()


@pytest.mark.parametrize(
    ("error", "code", "verdict"),
    [
        (BadRequest("Forbidden page"), 400, Verdict.UNCERTAIN),
        (NetworkError("Too Many Requests"), 429, Verdict.HALT),
    ],
)
def test_a_refusal_that_is_not_telegrams_own_json_marks_nobody(error, code, verdict):
    error.__cause__ = TelegramError("Invalid server response")

    assert decide(error, code=code).verdict is verdict


def test_words_that_the_database_would_not_take_are_cut():
    outcome = decide(BadRequest("x\x00" * 1000), code=400)

    assert outcome.text == "x" * 500


def test_what_is_not_json_of_telegram_is_uncertain(telegram, monkeypatch):
    async def answer(*_args, **_kwargs):
        return 200, b"[]"

    monkeypatch.setattr("messaging.delivery.bot._Transport.do_request", answer)

    assert send(telegram).verdict is Verdict.UNCERTAIN


def test_editing_and_deleting_twice_does_no_harm(telegram):
    message_id = send(telegram).telegram_message_id

    outcomes = ask(
        telegram,
        lambda bot: bot.edit(Letter(ANNA, "Новое"), telegram_message_id=message_id),
        lambda bot: bot.edit(Letter(ANNA, "Новое"), telegram_message_id=message_id),
        lambda bot: bot.delete(chat_id=ANNA, telegram_message_id=message_id),
        lambda bot: bot.delete(chat_id=ANNA, telegram_message_id=message_id),
        lambda bot: bot.edit(Letter(ANNA, "Поздно"), telegram_message_id=message_id),
    )

    assert [outcome.verdict for outcome in outcomes] == ["sent", "sent", "sent", "sent", "failed"]


def test_a_caption_is_edited_as_a_caption(telegram):
    first = send(telegram, kind="photo", media=Upload("a.png", PIXEL), text="Подпись")

    letter = Letter(ANNA, "Новая подпись", kind="photo")
    [outcome] = ask(telegram, lambda bot: bot.edit(letter, telegram_message_id=first.telegram_message_id))

    assert outcome.verdict is Verdict.SENT
    assert telegram.ledger()[-1].method == "editMessageCaption"
