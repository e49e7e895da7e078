"""The process: how it starts and refuses to, its limits, its ledger, how updates leave it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from telegram import Bot, error

from demo.sandbox.client import PROJECT_ROOT, run_sandbox, start_sandbox


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in {"DEBUG", "HSL_ENV"}}
    command = [sys.executable, "-m", "demo.sandbox", *arguments]
    return subprocess.run(
        command, cwd=PROJECT_ROOT, env=clean | environment, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize("environment", [{"DEBUG": "0"}, {"DEBUG": "False"}, {"DEBUG": ""}, {"HSL_ENV": "production"}])
def test_it_does_not_start_in_production(environment):
    refused = start(**environment)

    assert refused.returncode == 2
    assert "never started" in refused.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org"])
def test_it_listens_on_this_machine_only(host):
    refused = start("--host", host)

    assert refused.returncode == 2
    assert "this machine only" in refused.stderr


def test_a_taken_port_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = start("--port", str(other.getsockname()[1]))

    assert refused.returncode == 1
    assert "cannot listen on" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_it_ends_on_sigterm_though_a_call_hangs():
    sandbox = start_sandbox()
    sandbox.fault("hang", seconds=60)
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        path = f"/bot{sandbox.token}/sendMessage?chat_id=5&text=x"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        while not sandbox.state()["in_flight"]:
            time.sleep(0.01)

        began = time.monotonic()
        assert sandbox.stop() == 0
    assert time.monotonic() - began < 4
    assert sandbox.process is not None
    assert sandbox.process.stdout is not None
    sandbox.process.stdout.close()


def test_the_ledger_file_has_every_request(tmp_path):
    path = tmp_path / "ledger.jsonl"
    with run_sandbox(ledger=path) as sandbox:
        asyncio.run(send_many(sandbox, [5, 6, 7]))

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["chat_id"] for line in lines if line["method"] == "sendMessage"] == [5, 6, 7]
    assert all(line["accepted"] for line in lines)


async def send_many(sandbox, chats, **more) -> list[str]:
    outcomes = []
    async with Bot(sandbox.token, base_url=sandbox.bot_url) as bot:
        for chat_id in chats:
            try:
                await bot.send_message(chat_id, "Привет", **more)
                outcomes.append("ok")
            except error.RetryAfter as wait:
                outcomes.append(f"wait {wait.retry_after.total_seconds():.0f}")
    return outcomes


def test_over_the_rate_comes_429_and_the_peak_never_passes_it(sandbox):
    sandbox.configure(rate=10)

    outcomes = asyncio.run(send_many(sandbox, range(100, 125)))

    assert outcomes[:10] == ["ok"] * 10
    assert "wait 1" in outcomes[10:]
    assert sandbox.peaks().accepted == 10
    assert sandbox.peaks().requested > 10


def test_a_chat_takes_a_short_burst_and_then_one_a_second(sandbox):
    sandbox.configure(rate=1000)

    outcomes = asyncio.run(send_many(sandbox, [5] * 8))

    assert outcomes == ["ok"] * 5 + ["wait 1"] * 3


def test_a_group_takes_twenty_a_minute(sandbox):
    sandbox.configure(rate=1000)

    outcomes = asyncio.run(send_many(sandbox, [-100500] * 21))

    assert outcomes[:20] == ["ok"] * 20
    assert outcomes[20] in {"wait 59", "wait 60"}


def test_paid_broadcasts_pass_the_free_rate(sandbox):
    sandbox.configure(rate=5)

    assert set(asyncio.run(send_many(sandbox, range(100, 130), allow_paid_broadcast=True))) == {"ok"}


def test_the_witness_counts_chats_and_repeats(sandbox):
    asyncio.run(send_many(sandbox, [5, 6, 5]))

    assert sandbox.accepted_counts() == {5: 2, 6: 1}
    (repeated,) = sandbox.duplicates()
    assert (repeated["chat_id"], repeated["count"], len(set(repeated["message_ids"]))) == (5, 2, 2)
    entries = sandbox.ledger(method="sendMessage", accepted=True)
    assert [entry.text for entry in entries] == ["Привет"] * 3
    assert entries == sorted(entries, key=lambda entry: entry.monotonic)
    sandbox.reset()
    assert sandbox.ledger() == sandbox.duplicates() == []


def test_a_long_poll_waits_and_a_second_one_ends_it(sandbox):
    async def two_polls() -> tuple[object, object]:
        # Two programs with one token: a single Bot would queue its own second call.
        first, second = (Bot(sandbox.token, base_url=sandbox.bot_url) for _ in range(2))
        async with first, second:
            older = asyncio.create_task(first.get_updates(timeout=5))
            await asyncio.sleep(0.2)
            newer = asyncio.create_task(second.get_updates(timeout=5))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(sandbox.write, 5, "/start")
            return await asyncio.gather(older, newer, return_exceptions=True)

    older, newer = asyncio.run(two_polls())

    assert isinstance(older, error.Conflict)
    assert [update.message.text for update in newer] == ["/start"]


def test_an_offset_confirms_what_came_before(sandbox, call_bot):
    for text in ("раз", "два", "три"):
        sandbox.write(5, text)
    first, *_ = call_bot(lambda bot: bot.get_updates())

    rest = call_bot(lambda bot: bot.get_updates(offset=first.update_id + 1))

    assert [update.message.text for update in rest] == ["два", "три"]
    assert len(call_bot(lambda bot: bot.get_updates())) == 2


class Receiver(BaseHTTPRequestHandler):
    """A webhook that fails once and then takes everything."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.headers["X-Telegram-Bot-Api-Secret-Token"], body))  # type: ignore[attr-defined]
        self.send_response(500 if len(self.server.seen) == 1 else 200)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_webhook_gets_blocks_with_the_secret_and_is_tried_again(sandbox, call_bot):
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/api/telegram/webhook"
        call_bot(lambda bot: bot.set_webhook(url, secret_token="s3cret", allowed_updates=["my_chat_member"]))
        sandbox.write(5, "об этом не просили")
        sandbox.block(5)
        sandbox.unblock(5)
        while len(server.seen) < 3:
            time.sleep(0.02)
        with pytest.raises(error.Conflict):
            call_bot(lambda bot: bot.get_updates())
        info = call_bot(lambda bot: bot.get_webhook_info())
        call_bot(lambda bot: bot.delete_webhook())
        server.shutdown()

    statuses = [body["my_chat_member"]["new_chat_member"]["status"] for _, body in server.seen]
    assert statuses == ["kicked", "kicked", "member"]
    assert {secret for secret, _ in server.seen} == {"s3cret"}
    assert "500" in info.last_error_message


def test_a_webhook_elsewhere_is_refused(call_bot):
    with pytest.raises(error.BadRequest, match="this machine only"):
        call_bot(lambda bot: bot.set_webhook("https://example.org/hook"))
