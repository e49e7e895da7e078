"""Each thing that goes wrong reaches python-telegram-bot as the class that Telegram's own answer would."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from telegram import Bot, error

from demo.sandbox.client import SandboxClient, SandboxError, run_sandbox


def test_too_many_requests_tell_how_long_to_wait(sandbox, call_bot):
    sandbox.fault("too_many_requests", retry_after=37)

    with pytest.raises(error.RetryAfter) as caught:
        call_bot(lambda bot: bot.send_message(5, "Привет"))

    assert caught.value.retry_after == dt.timedelta(seconds=37)
    assert [entry.accepted for entry in sandbox.ledger()] == [False]


@pytest.mark.parametrize(
    ("effect", "error_class", "words"),
    [
        ("server_error", error.NetworkError, "Internal Server Error"),
        ("bad_gateway_html", error.NetworkError, "Bad Gateway"),
        ("blocked", error.Forbidden, "Forbidden: bot was blocked by the user"),
        ("deactivated", error.Forbidden, "Forbidden: user is deactivated"),
        ("not_started", error.Forbidden, "Forbidden: bot can't initiate conversation with a user"),
        ("chat_not_found", error.BadRequest, "Chat not found"),
        ("bad_request", error.BadRequest, "Can't parse entities"),
        ("migrated", error.ChatMigrated, "-1001000000000"),
    ],
)
def test_a_refusal_is_not_accepted(sandbox, call_bot, effect, error_class, words):
    sandbox.fault(effect)

    with pytest.raises(error_class, match=words) as caught:
        call_bot(lambda bot: bot.send_message(5, "Привет"))

    assert type(caught.value) is error_class
    assert [entry.outcome for entry in sandbox.ledger()] == [effect]
    assert sandbox.accepted_counts() == {}


@pytest.mark.parametrize(
    ("effect", "error_class", "accepted"),
    [
        ("drop_before", error.NetworkError, 0),
        ("drop_after", error.NetworkError, 1),
        ("truncated_json", error.TelegramError, 1),
        ("hang", error.TimedOut, 1),
    ],
)
def test_a_lost_answer_leaves_what_was_accepted_in_the_ledger(sandbox, call_bot, effect, error_class, accepted):
    sandbox.fault(effect, seconds=3)

    with pytest.raises(error.TelegramError) as caught:
        call_bot(lambda bot: bot.send_message(5, "Привет"))

    assert type(caught.value) is error_class
    assert sandbox.accepted_counts().get(5, 0) == accepted


@pytest.mark.parametrize("effect", ["server_error", "bad_gateway_html", "drop_before"])
def test_a_rule_can_accept_before_it_fails(sandbox, call_bot, effect):
    sandbox.fault(effect, accept=True, status=503)

    with pytest.raises(error.NetworkError):
        call_bot(lambda bot: bot.send_message(5, "Привет"))

    assert sandbox.accepted_counts() == {5: 1}


def test_a_slow_answer_arrives_all_the_same(sandbox, call_bot):
    sandbox.fault("slow", seconds=0.3)

    assert call_bot(lambda bot: bot.send_message(5, "Привет")).text == "Привет"


@pytest.mark.parametrize("state", ["blocked", "deactivated", "not_started"])
def test_a_person_who_left_refuses_every_message_until_they_return(sandbox, call_bot, state):
    sandbox.set_state(5, state)

    for _ in range(2):
        with pytest.raises(error.Forbidden):
            call_bot(lambda bot: bot.send_message(5, "Привет"))

    sandbox.unblock(5)
    assert call_bot(lambda bot: bot.send_message(5, "Привет")).chat.id == 5


def test_a_person_telegram_does_not_know_is_a_chat_not_found(sandbox, call_bot):
    sandbox.set_state(5, "unknown")

    with pytest.raises(error.BadRequest, match="Chat not found"):
        call_bot(lambda bot: bot.send_message(5, "Привет"))


def test_what_is_no_token_is_not_found(call_bot_as):
    with pytest.raises(error.InvalidToken, match="Not Found"):
        call_bot_as("17:short")(lambda bot: bot.get_me())


def test_with_a_token_on_the_command_line_every_other_is_unauthorized():
    async def ask(sandbox: SandboxClient, token: str) -> int:
        async with Bot(token, base_url=sandbox.bot_url) as bot:  # asks getMe
            return bot.id

    with run_sandbox(token=f"77777:{'a' * 35}") as sandbox:
        assert asyncio.run(ask(sandbox, sandbox.token)) == 77777
        with pytest.raises(error.InvalidToken, match="was rejected by the server"):
            asyncio.run(ask(sandbox, f"77777:{'b' * 35}"))


def test_an_unknown_method_is_not_found(call_bot):
    with pytest.raises(error.InvalidToken):
        call_bot(lambda bot: bot.do_api_request("sendPigeon", {"chat_id": 5}))


def test_a_fault_strikes_only_what_it_names(sandbox, call_bot):
    sandbox.fault("blocked", chat_id=5)
    sandbox.fault("bad_request", text_contains="яд")
    sandbox.fault("deactivated", method="editMessageText")

    assert call_bot(lambda bot: bot.send_message(6, "Привет")).text == "Привет"
    with pytest.raises(error.Forbidden, match="blocked"):
        call_bot(lambda bot: bot.send_message(5, "Привет"))
    with pytest.raises(error.BadRequest):
        call_bot(lambda bot: bot.send_message(6, "здесь яд"))


def outcomes_of(call_bot, calls: int) -> str:
    async def send(bot: Bot) -> str:
        seen = ""
        for _ in range(calls):
            try:
                await bot.send_message(5, "Привет")
                seen += "+"
            except error.Forbidden:
                seen += "-"
        return seen

    return call_bot(send)


def test_a_fault_can_be_counted(sandbox, call_bot):
    rule = sandbox.fault("blocked", times=2)

    assert outcomes_of(call_bot, 4) == "--++"
    assert sandbox.fault_hits(rule) == 2


def test_a_fault_can_strike_every_nth_call(sandbox, call_bot):
    sandbox.fault("blocked", nth=3)

    assert outcomes_of(call_bot, 7) == "++-++-+"


def test_chance_depends_on_the_seed_and_not_on_the_order_of_calls(sandbox, call_bot):
    def struck(seed: int, chats: list[int]) -> set[int]:
        sandbox.reset()
        sandbox.configure(seed=seed)
        sandbox.fault("blocked", probability=0.3)

        async def send_all(bot: Bot) -> set[int]:
            failed = set()
            for chat_id in chats:
                try:
                    await bot.send_message(chat_id, "Привет")
                except error.Forbidden:
                    failed.add(chat_id)
            return failed

        return call_bot(send_all)

    chats = list(range(100, 200))
    first = struck(1, chats)

    assert 15 <= len(first) <= 45
    assert struck(1, chats[::-1]) == first
    assert struck(2, chats) != first


def test_a_rule_that_means_nothing_is_refused(sandbox):
    with pytest.raises(SandboxError, match="effect is one of"):
        sandbox.fault("earthquake")
    with pytest.raises(SandboxError, match="no such field: colour"):
        sandbox.fault("blocked", colour="red")
