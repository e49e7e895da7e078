"""Addresses as Telegram judges them: which open, how they are written then, and why the others do not."""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

# What Telegram's parser takes for a space; NUL among them.
SPACES = " \t\r\n\0\v"
LARGEST_USER_ID = 2**40 - 1
# Longer addresses nobody types; without a bound, links within links would be read again and again.
LONGEST = 2048  # characters

_ADDRESS = re.compile(r"(?:(?P<scheme>[^:/?#@\[\]]*)://)?(?P<authority>[^/?#]*)(?P<path>.*)", re.DOTALL)
_TELEGRAM = re.compile(r"(?P<scheme>tg|ton|tonsite):(?://)?", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z0-9._!$,~*'();&+=\-\x80-\U0010ffff]|%[0-9a-f]{2})+")
_PORT = re.compile(r"0*([1-9][0-9]{0,4})")
_USER = re.compile(r"tg:(?://)?user/?\?(?:(?!id(?:[=&#]|\Z))[^&#]*&)*+id=([1-9][0-9]{0,12})(?=[&#]|\Z)")
_UPPER_TO_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Dead(StrEnum):
    """Why Telegram makes no link of an address and keeps only its words."""

    EMPTY = "empty"  # no address at all
    SCHEME = "scheme"  # ftp://, javascript: and the like
    NO_DOT = "no_dot"  # localhost, a path
    HOST = "host"  # brackets, spaces and other signs that no host has
    PORT = "port"


@dataclass(frozen=True)
class JudgedLink:
    """An address after Telegram looked at it: it opens ``url`` or a person, or it is dead."""

    url: str = ""
    user_id: int = 0
    dead: Dead | None = None


def ascii_lower(text: str) -> str:
    """Lower the 26 letters only, as Telegram does: «K» of Kelvin is no «k»."""
    return text.translate(_UPPER_TO_LOWER)


def judge_link(address: str) -> JudgedLink:
    """Say what Telegram makes of an address."""
    if len(address) > LONGEST:
        return JudgedLink(dead=Dead.HOST)
    if user := _USER.match(ascii_lower(address)):
        user_id = int(user[1])
        if user_id <= LARGEST_USER_ID:
            return JudgedLink(user_id=user_id)
    if inside := _TELEGRAM.match(address):
        return _inside_telegram(ascii_lower(inside["scheme"]), address[inside.end() :])
    return _web(address)


def _web(address: str) -> JudgedLink:
    parts = _ADDRESS.fullmatch(address)
    assert parts is not None  # the pattern takes any text
    scheme = "http" if parts["scheme"] is None else ascii_lower(parts["scheme"])
    if scheme not in {"http", "https"}:
        return JudgedLink(dead=Dead.SCHEME)
    user, host, port = _authority(parts["authority"])
    if port is None:
        # «javascript:alert(1)» is a host and a port to Telegram; to the author it is another kind of address.
        return JudgedLink(dead=Dead.PORT if parts["scheme"] is not None or "." in host else Dead.SCHEME)
    if dead := _dead_host(host):
        return JudgedLink(dead=dead)
    return JudgedLink(url=f"{scheme}://{user}{host}{port}{_path(parts['path'])}")


def _inside_telegram(scheme: str, rest: str) -> JudgedLink:
    """tg://resolve?domain=… and its kin: letters, digits, - and _ for a host, and neither user nor port."""
    parts = _ADDRESS.fullmatch(rest)
    assert parts is not None
    host = ascii_lower(parts["authority"])
    allowed = r"[a-z0-9_.\-]+" if scheme == "tonsite" else r"[a-z0-9_\-]+"
    if parts["scheme"] is not None or not re.fullmatch(allowed, host) or host == ".":
        return JudgedLink(dead=Dead.HOST if rest else Dead.EMPTY)
    path = _path(parts["path"])
    return JudgedLink(url=f"{scheme}://{host}{path[1:] if path.startswith('/?') else path}")


def _authority(authority: str) -> tuple[str, str, str | None]:
    """The user with its @, the host in small letters, and the port with its colon; None is a wrong port."""
    port: str | None = ""
    last = max(authority.rfind(sign) for sign in ":@]")
    if last > 0 and authority[last] == ":":
        digits = _PORT.fullmatch(authority, last + 1)
        port = f":{digits[1]}" if digits and int(digits[1]) <= 65535 else None
        authority = authority[:last]
    user, at, host = authority.rpartition("@")
    return user + at if user else "", ascii_lower(host), port


def _dead_host(host: str) -> Dead | None:
    if not host:
        return Dead.EMPTY
    if host.startswith("[") and host.endswith("]"):
        return None if _is_ipv6(host[1:-1]) else Dead.HOST
    if not _HOST.fullmatch(host) or host == ".":
        return Dead.HOST
    return None if "." in host else Dead.NO_DOT


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return "%" not in host


def _path(path: str) -> str:
    path = path.rstrip(SPACES)
    if not path.startswith("/"):
        path = f"/{path}"
    return re.sub("[\0-\x20]", lambda found: f"%{ord(found.group()):02X}", path)
