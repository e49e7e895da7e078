"""`python -m demo.sandbox`: start the sandbox and print its port as a line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import gc
import ipaddress
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from demo.sandbox import control, page
from demo.sandbox.bots import TOKEN_FORM
from demo.sandbox.server import Options, Sandbox, make_app

FALSE_WORDS = frozenset({"", "0", "false", "no", "off", "n", "f"})


def why_not(environment: Mapping[str, str], host: str) -> str:
    """The reason not to start here, '' when there is none."""
    if environment.get("HSL_ENV", "").lower() in {"production", "prod"}:
        return "HSL_ENV=production: the sandbox is never started in production; set BOT_TOKEN there instead"
    debug = environment.get("DEBUG")
    if debug is not None and debug.strip().lower() in FALSE_WORDS:
        return f"DEBUG={debug!r} means production: the sandbox is never started there; unset it or set DEBUG=on"
    if not is_loopback(host):
        return f"--host {host}: the sandbox listens on this machine only (127.0.0.1, ::1 or localhost)"
    return ""


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def latency(text: str) -> tuple[float, float]:
    """'50' or '20-80', in milliseconds."""
    low, _, high = text.partition("-")
    span = (float(low), float(high or low))
    if not 0 <= span[0] <= span[1]:
        raise ValueError(text)
    return span


def token(text: str) -> str:
    if text and not TOKEN_FORM.fullmatch(text):
        raise ValueError(text)
    return text


def parse_options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser("python -m demo.sandbox", description="Telegram on this machine")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--token", type=token, default="", help="the only token that is taken; default: any")
    parser.add_argument("--ledger", type=Path, metavar="FILE.jsonl", help="append every request to a file")
    parser.add_argument("--rate", type=int, default=30, help="messages a second for a bot; 0: no limits at all")
    parser.add_argument("--latency-ms", type=latency, default=(20.0, 80.0), metavar="20-80")
    parser.add_argument("--seed", type=int, default=0, help="of the faults that strike by chance")
    return Options(**vars(parser.parse_args(arguments)))


def route_definitions(*tables: web.RouteTableDef) -> list[web.RouteDef]:
    return [route for table in tables for route in table if isinstance(route, web.RouteDef)]


async def serve(options: Options) -> None:
    sandbox = Sandbox(options)
    app = make_app(sandbox, route_definitions(control.routes, page.routes))
    # A client that hangs must not keep the sandbox alive after SIGTERM.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    try:
        await web.TCPSite(runner, options.host, options.port, backlog=1024).start()
        host, port = runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        line = {"port": port, "url": f"http://{shown}:{port}", "token": sandbox.bots.default.token}
        print(json.dumps(line), flush=True)
        # Messages and entries stay for good. The collector looks at the newest only, a few at a time: fifty thousand at
        # once stopped all answers for 25 ms.
        gc.freeze()
        gc.set_threshold(1_000, 10, 1_000_000)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    options = parse_options(sys.argv[1:])
    if reason := why_not(os.environ, options.host):
        print(f"sandbox: {reason}", file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(options))
    except OSError as error:
        print(f"sandbox: cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
