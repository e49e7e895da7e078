"""What the environment tells the settings, with a cure for every missing or wrong variable."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(ROOT / ".env")

_THIS_MACHINE = {"", "localhost", "127.0.0.1", "::1"}


def required(name: str, *, cure: str, development: str | None = None) -> str:
    """Read a variable that production cannot do without; ``development`` stands in while DEBUG is on."""
    value: str = env.str(name, default="")
    if value:
        return value
    if development is not None and debug():
        return development
    raise ImproperlyConfigured(f"{name} is not set. {cure}")


def optional(name: str) -> str:
    """Read a variable whose absence switches something off."""
    value: str = env.str(name, default="")
    return value


def boolean(name: str, *, default: bool) -> bool:
    """Read yes or no; anything else stops the start, since a typing error must not mean "no"."""
    raw = env.str(name, default="").strip().lower()
    if raw == "":
        return default
    if raw in {"1", "true", "yes", "on"}:
        return True
    if raw in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {raw!r}. Set it to true or false.")


def number(name: str, *, default: float, lowest: float, unit: str) -> float:
    """Read a number of ``unit``, not below ``lowest``."""
    raw = env.str(name, default="")
    try:
        value = float(raw) if raw else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {raw!r}. Set it to a number of {unit}.") from None
    if value < lowest:
        raise ImproperlyConfigured(f"{name} is {raw}. Set it to at least {lowest:g} {unit}.")
    return value


# In development without BOT_TOKEN nothing may reach Telegram: `python -m demo.sandbox --port 8081` plays it.
SANDBOX_TOKEN = "100000:token-of-the-sandbox-in-development"
SANDBOX_URL = "http://127.0.0.1:8081"
# messages/s that Telegram takes of one bot: core.telegram.org/bots/faq
FREE_RATE, PAID_RATE = 30, 1000


def send_rate(*, paid: bool, sandbox: bool) -> float:
    """Read the rate of all workers together, in messages/s; one that Telegram would refuse stops the start."""
    rate = number("TELEGRAM_MESSAGES_PER_SECOND", default=25, lowest=0.1, unit="messages/s")
    if sandbox:
        return rate
    is_rate = f"TELEGRAM_MESSAGES_PER_SECOND is {rate:g}."
    if rate > PAID_RATE:
        raise ImproperlyConfigured(f"{is_rate} Telegram takes {PAID_RATE} messages/s at most.")
    if rate > FREE_RATE and not paid:
        raise ImproperlyConfigured(
            f"{is_rate} Telegram takes {FREE_RATE} messages/s for nothing, and halts all sending when there are more. "
            "Set it to 25, or TELEGRAM_PAID_BROADCAST to true: then the bot pays in Stars for what is over."
        )
    return rate


def secret(name: str) -> str:
    """Read a secret that Telegram is told: 16 to 256 letters, digits, _ and -; '' where there is none."""
    value: str = env.str(name, default="")
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", value):
        raise ImproperlyConfigured(f"{name} is not 16 to 256 letters, digits, _ or -, which Telegram asks for.")
    return value


def one_of(name: str, *, default: str, choices: tuple[str, ...]) -> str:
    """Read one of a few words."""
    value: str = env.str(name, default="") or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}. Set it to {' or '.join(choices)}.")
    return value


def address(name: str, *, default: str, schemes: tuple[str, ...]) -> str:
    """Read a URL without the slash at its end."""
    value: str = env.str(name, default="") or default
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.netloc or parts.path):
        starts = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ImproperlyConfigured(f"{name} is not an address that starts with {starts}.")
    return value.rstrip("/")


def time_zone() -> str:
    """Read the zone whose days the numbers are counted by."""
    value: str = env.str("TIME_ZONE", default="") or "Europe/Moscow"
    if value not in available_timezones():
        raise ImproperlyConfigured(f"TIME_ZONE is {value!r}. Set it to a name like Europe/Moscow.")
    return value


def allowed_hosts() -> list[str]:
    """Read the host names that the dashboard answers to; production must name them."""
    hosts: list[str] = env.list("ALLOWED_HOSTS", default=[])
    if hosts or debug():
        return hosts or ["localhost", "127.0.0.1", "[::1]"]
    raise ImproperlyConfigured("ALLOWED_HOSTS is not set. Set it to the dashboard's host name: dashboard.example.org")


def trusted_origins() -> list[str]:
    """Read the origins that forms may come from, beside the dashboard's own."""
    origins: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
    for origin in origins:
        if urlsplit(origin).scheme not in {"http", "https"}:
            raise ImproperlyConfigured(
                f"CSRF_TRUSTED_ORIGINS has {origin!r}. Each origin starts with https://: https://dashboard.example.org"
            )
    return origins


def dashboard_url(*, origins: list[str], hosts: list[str]) -> str:
    """Read the address that messages to staff lead to; without it, what the other variables tell; '' if nothing."""
    named = env.str("DASHBOARD_URL", default="")
    if named:
        return address("DASHBOARD_URL", default="", schemes=("http", "https"))
    if origins:
        return origins[0].rstrip("/")
    # A pattern («.example.org», «*») names no host.
    return next((f"https://{host}" for host in hosts if host[0] not in ".*["), "")


def debug() -> bool:
    return boolean("DEBUG", default=False)


def database() -> dict[str, Any]:
    """Build Django's settings of the one database from DATABASE_URL or POSTGRES_*.

    Without either, development uses the embedded server. A server on another machine is spoken to
    over TLS unless ``sslmode`` (in the URL, or POSTGRES_SSLMODE) says otherwise.
    """
    url = env.str("DATABASE_URL", default="")
    if not url and env.str("POSTGRES_HOST", default=""):
        return _with_defaults(_from_parts())
    if not url and debug():
        url = _embedded_servers().database_url()
    if not url:
        raise ImproperlyConfigured(
            "DATABASE_URL is not set. Set it to postgres://user:password@host:5432/name, or set POSTGRES_HOST and "
            "POSTGRES_PASSWORD; for development set DEBUG=true and an embedded server starts by itself."
        )
    return _with_defaults(_from_url(url))


def _embedded_servers() -> Any:
    """Give the module that starts PostgreSQL and Valkey out of wheels; by name, since the product stands without it."""
    try:
        return import_module("demo.servers.embedded")
    except ModuleNotFoundError:
        raise ImproperlyConfigured(
            "DATABASE_URL or REDIS_URL is not set. Set them, or run from a checkout, whose demo/ starts both by itself."
        ) from None


def _from_parts() -> dict[str, Any]:
    cure = "It goes with POSTGRES_HOST; see .env.example."
    return {
        "HOST": env.str("POSTGRES_HOST"),
        "PORT": env.str("POSTGRES_PORT", default="5432"),
        "NAME": env.str("POSTGRES_DB", default="postgres"),
        "USER": env.str("POSTGRES_USER", default="postgres"),
        "PASSWORD": required("POSTGRES_PASSWORD", cure=cure),
        "OPTIONS": {"sslmode": sslmode} if (sslmode := env.str("POSTGRES_SSLMODE", default="")) else {},
    }


def _from_url(url: str) -> dict[str, Any]:
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must start with postgres://. The dashboard shares the bot's PostgreSQL and runs on no other."
        )
    parsed: dict[str, Any] = environ.Env.db_url_config(url)
    if not parsed["NAME"]:
        raise ImproperlyConfigured(
            "DATABASE_URL names no database. It ends with one: postgres://user:password@host/name"
        )
    parsed.setdefault("OPTIONS", {})
    # environ leaves a socket's folder in the query: postgres:///name?host=/folder
    if host := parsed["OPTIONS"].pop("host", ""):
        parsed["HOST"] = unquote(host)
    if port := parsed["OPTIONS"].pop("port", ""):
        parsed["PORT"] = port
    return parsed


def is_on_this_machine(host: str) -> bool:
    """Say whether a database's host is this machine: a loopback address, or the folder of a socket."""
    return host in _THIS_MACHINE or host.startswith("/")


def _with_defaults(parsed: dict[str, Any]) -> dict[str, Any]:
    options = {"application_name": "hsl-dashboard", **parsed["OPTIONS"]}
    if not is_on_this_machine(parsed.get("HOST") or ""):
        options.setdefault("sslmode", "require")
    # A pool a process: connections are opened once, checked before use, and closed when idle.
    if boolean("DATABASE_POOL", default=True):
        options["pool"] = {"min_size": 1, "max_size": 8, "timeout": 5, "max_idle": 120}
    return {**parsed, "ENGINE": "django.db.backends.postgresql", "OPTIONS": options, "CONN_MAX_AGE": 0}


def redis_url() -> str:
    """Address of Redis or Valkey; the embedded server's in development."""
    if env.str("REDIS_URL", default=""):
        return address("REDIS_URL", default="", schemes=("redis", "rediss"))
    if debug():
        return str(_embedded_servers().redis_url())
    raise ImproperlyConfigured(
        "REDIS_URL is not set. Set it to redis://host:6379/0; for development set DEBUG=true and an embedded server "
        "starts by itself."
    )
