"""A running sandbox, and python-telegram-bot as its client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from demo.sandbox.client import SandboxClient

CallBot = Callable[[Callable[[Bot], Awaitable[Any]]], Any]
CallBotAs = Callable[[str], CallBot]


@pytest.fixture
def sandbox(telegram_process: SandboxClient) -> SandboxClient:
    """A sandbox without limits, latency, faults or memory; its process serves the whole run."""
    telegram_process.reset()
    return telegram_process


def calling(sandbox: SandboxClient, token: str) -> CallBot:
    def call(ask: Callable[[Bot], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            request = HTTPXRequest(read_timeout=2, connect_timeout=2, media_write_timeout=20)
            addresses = {"base_url": sandbox.bot_url, "base_file_url": sandbox.file_url}
            # Unless told, the library opens a second client for getUpdates.
            bot = Bot(token, **addresses, request=request, get_updates_request=request)
            await request.initialize()
            try:
                return await ask(bot)
            finally:
                await request.shutdown()

        return asyncio.run(run())

    return call


@pytest.fixture
def call_bot(sandbox: SandboxClient) -> CallBot:
    """``call_bot(lambda bot: bot.get_me())``: python-telegram-bot from connecting to closing."""
    return calling(sandbox, sandbox.token)


@pytest.fixture
def call_bot_as(sandbox: SandboxClient) -> CallBotAs:
    """The same with another token."""
    return lambda token: calling(sandbox, token)
