"""Where PostgreSQL and Redis are: addresses checked and completed, before anything connects."""

import importlib
import importlib.util
import re
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from hsl_dashboard.availability.limits import LimitedCursor

EMBEDDED = "demo.servers.embedded"
_THIS_MACHINE = {"", "localhost", "127.0.0.1", "::1"}
# RFC 3986, 3.2.1: what a user name and a password are made of. Everything else is written as % and two hex digits.
_ENCODED = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
# libpq's words; seconds, and milliseconds for what a server that is gone without a word leaves unanswered.
_PATIENCE = {"connect_timeout": 3, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 20_000}
_NAMES = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}


def check_url(url: str, *, schemes: tuple[str, ...]) -> str:
    """Return a URL without the slash at its end.

    Raises:
        ValueError: it does not start with one of the schemes, or names no host.
    """
    starts = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(url)
        complete = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # a lone bracket, or a port that is no number; the library's own sentence would quote it
        complete = False
    if not complete:
        raise ValueError(f"is not an address that starts with {starts}.")
    return url.rstrip("/")


def check_password(url: str, *, instead: str) -> str:
    """Return the URL of a server if its user name and password are percent-encoded.

    Libraries take the part before the first ``/``, ``?`` or ``#`` for the server's address. They would look for another
    host, or leave out the end of the password, without a word. ``instead`` is the variable for the password itself.

    Raises:
        ValueError: they are not; the sentence holds the cure and nothing of the URL.
    """
    authority, *rest = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)
    login, _, _ = authority.rpartition("@")
    user, _, password = login.partition(":")
    # An @ behind the address means that the address ended inside the password.
    if "@" in "".join(rest) or not (_ENCODED.fullmatch(user) and _ENCODED.fullmatch(password)):
        raise ValueError(
            "has a user name or password that is not percent-encoded: % is written %25, / %2F, ? %3F, # %23, @ %40, "
            f": %3A, [ %5B, a space %20. Or leave the password out and set {instead}, which is taken as it is written."
        )
    return url


def check_database_url(url: str) -> str:
    """Return the URL if it names a PostgreSQL database.

    Raises:
        ValueError: it does not; the sentence holds the cure and nothing of the URL.
    """
    if not url.startswith(("postgres://", "postgresql://")):
        raise ValueError("must start with postgres://. The dashboard shares the bot's PostgreSQL and runs on no other.")
    check_password(url, instead="POSTGRES_PASSWORD")
    try:
        parsed = conninfo_to_dict(url)
    except ProgrammingError:  # its sentence quotes the URL
        parsed = {"port": "unreadable"}
    # libpq reads a list of hosts and of ports, and looks at the ports only when it connects.
    if not re.fullmatch(r"[0-9,]*", str(parsed.get("port", ""))):
        raise ValueError("cannot be read. Write it as postgres://user:password@host:5432/name")
    if not parsed.get("dbname"):
        raise ValueError("names no database. It ends with one: postgres://user:password@host/name")
    return url


def check_redis_url(url: str) -> str:
    """Return the URL of a Redis or Valkey without the slash at its end.

    Raises:
        ValueError: it is none; the sentence holds the cure and nothing of the URL.
    """
    check_url(check_password(url, instead="REDIS_PASSWORD"), schemes=("redis", "rediss"))
    if not re.fullmatch(r"(/[0-9]*)?", urlsplit(url).path):
        raise ValueError("must end with the number of a database, or with none: redis://host:6379/0")
    return url.rstrip("/")


def check_email_url(url: str) -> str:
    """Return the URL of a mail server without the slash at its end.

    Raises:
        ValueError: it is none; the sentence holds the cure and nothing of the URL.
    """
    check_url(check_password(url, instead="EMAIL_PASSWORD"), schemes=("smtp", "smtps"))
    if parse_qs(urlsplit(url).query) not in ({}, {"tls": ["off"]}):
        raise ValueError("may end with ?tls=off and nothing else: smtp://user@mail.example.org:587")
    return url.rstrip("/")


def mail_server(url: str, *, password: str) -> dict[str, Any]:
    """Build Django's settings of a mail server: smtp:// turns to TLS after its first words, smtps:// starts with it."""
    parts = urlsplit(url)
    at_once, host = parts.scheme == "smtps", parts.hostname or ""
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": parts.port or (465 if at_once else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or "") or password,
        "EMAIL_USE_SSL": at_once,
        "EMAIL_USE_TLS": not at_once and not is_on_this_machine(host) and "tls=off" not in parts.query,
        "EMAIL_TIMEOUT": 10,  # seconds: a page waits for it
    }


def database_from_url(url: str, *, password: str) -> dict[str, Any]:
    """Build Django's settings of a database; ``password`` is used where the URL has none."""
    parsed = conninfo_to_dict(url)
    # libpq's words for what Django has names of its own for; the rest (sslmode …) goes to libpq as it is.
    settings: dict[str, Any] = {name: parsed.pop(word, "") for word, name in _NAMES.items()}
    return {**settings, "PASSWORD": settings["PASSWORD"] or password, "OPTIONS": parsed}


def with_defaults(database: dict[str, Any], *, pool: bool) -> dict[str, Any]:
    """Complete Django's settings: TLS to another machine unless told otherwise, and a pool for each process."""
    options = {"application_name": "hsl-dashboard", "cursor_factory": LimitedCursor, **_PATIENCE, **database["OPTIONS"]}
    if not is_on_this_machine(database["HOST"]):
        options.setdefault("sslmode", "require")
    if pool:  # connections are opened once, checked before use, and closed when idle
        # Whoever waits longer for one is told that the database is away, within five seconds.
        options["pool"] = {"min_size": 1, "max_size": 8, "timeout": 3, "max_idle": 120}
    settings = {"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
    return {**database, **settings, "OPTIONS": options}


def redis_with_password(url: str, password: str) -> str:
    """Put the password into a URL that has none, percent-encoded: broker, cache and limiter read only the URL."""
    parts = urlsplit(url)
    if not password or parts.password:
        return url
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:{quote(password, safe='')}@{host}").geturl()


def is_on_this_machine(host: str) -> bool:
    """Say whether a database's host is this machine: a loopback address, or the folder of a socket."""
    return host in _THIS_MACHINE or host.startswith("/")


def has_embedded_servers() -> bool:
    """Say whether this is a checkout: the wheel and the image hold no demo."""
    return importlib.util.find_spec("demo") is not None and importlib.util.find_spec(EMBEDDED) is not None


def embedded_servers() -> Any:
    """Give the module that starts PostgreSQL and Valkey; by name, since the product stands without it."""
    return importlib.import_module(EMBEDDED)
