"""Addresses as Telegram judges them: which become a link, which name a person, and how they are written then."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

# What its parser takes for a space; NUL among them.
SPACES = b" \t\r\n\0\v"
LARGEST_USER_ID = 2**40 - 1
TELEGRAM_SCHEMES = (b"tg", b"ton", b"tonsite")

_SCHEME_END = re.compile(rb"[:/?#@\[\]]")
_HOST_END = re.compile(rb"[/?#]")
_HOST = re.compile(rb"(?:[a-z0-9.\-_!$,~*'();&+=\x80-\xff]|%[0-9a-f][0-9a-f])*")
_HOST_OF_SIX = re.compile(rb"\[[0-9a-f:.]*\]")
_INTEGER = re.compile(rb"-?(?:0|[1-9][0-9]*)")


class BadLink(ValueError):
    """Telegram makes no link of it, and says why."""


@dataclass(frozen=True)
class _Url:
    scheme: bytes
    userinfo: bytes
    host: bytes
    port: int  # 0: none was given
    query: bytes  # everything from the first slash on; never empty
    is_ipv6: bool

    def written(self) -> bytes:
        userinfo = self.userinfo + b"@" if self.userinfo else b""
        port = f":{self.port}".encode() if self.port else b""
        return self.scheme + b"://" + userinfo + self.host + port + self.query


def checked_link(link: bytes) -> bytes:
    """Give the address as Telegram keeps it: scheme and host in lower case, http:// and / where they were left out.

    Raises:
        BadLink: no link is made of it.
    """
    for scheme in TELEGRAM_SCHEMES:
        if link[: len(scheme) + 1].lower() == scheme + b":":
            return _telegram_link(scheme, link[len(scheme) + 1 :].removeprefix(b"//"))
    url = _parse(link)
    if b"." not in url.host and not url.is_ipv6:
        raise BadLink("Wrong HTTP URL")
    return url.written()


def user_of_link(link: bytes) -> int:
    """The id in tg://user?id=…; 0 where the link names nobody."""
    rest = link.lower()
    if not rest.startswith(b"tg:"):
        return 0
    rest = rest.removeprefix(b"tg:").removeprefix(b"//")
    if not rest.startswith(b"user"):
        return 0
    rest = rest.removeprefix(b"user").removeprefix(b"/")
    if not rest.startswith(b"?"):
        return 0
    for parameter in rest[1:].split(b"#", 1)[0].split(b"&"):
        key, _equals, value = parameter.partition(b"=")
        if key == b"id":
            number = safe_integer(value)
            return number if number is not None and 0 < number <= LARGEST_USER_ID else 0
    return 0


def safe_integer(digits: bytes, bits: int = 64) -> int | None:
    """A number that is written as Telegram would write it; None for any other, and for one that does not fit."""
    if not _INTEGER.fullmatch(digits) or digits == b"-0" or len(digits) > 20:
        return None
    number = int(digits)
    return number if -(2 ** (bits - 1)) <= number < 2 ** (bits - 1) else None


def _telegram_link(scheme: bytes, rest: bytes) -> bytes:
    url = _parse(rest)
    wrong = rest[:7].lower() == b"http://" or url.scheme == b"https" or url.userinfo or url.port or url.is_ipv6
    if wrong:
        raise BadLink("Wrong tg URL" if scheme == b"tg" else "Wrong ton URL")
    allowed = rb"[A-Za-z0-9_.-]*" if scheme == b"tonsite" else rb"[A-Za-z0-9_-]*"
    if not re.fullmatch(allowed, url.host):
        raise BadLink("Unallowed characters in URL host")
    query = url.query[1:] if url.query.startswith(b"/?") else url.query
    return scheme + b"://" + url.host + query


def _parse(link: bytes) -> _Url:
    scheme, rest = _scheme(link)
    end = found.start() if (found := _HOST_END.search(rest)) else len(rest)
    authority, port = _port(rest[:end])
    userinfo, _at, host = authority.rpartition(b"@")
    host = host.lower()
    is_ipv6 = host.startswith(b"[") and host.endswith(b"]")
    if is_ipv6:
        _check_ipv6(host)
    if not host:
        raise BadLink("URL host is empty")
    if host == b".":
        raise BadLink("Host is invalid")
    if not is_ipv6 and not _HOST.fullmatch(host):
        percent = b"%" in host and _HOST.fullmatch(host.replace(b"%", b""))
        raise BadLink("Wrong percent-encoded symbol in URL host" if percent else "Wrong URL host")
    return _Url(scheme, userinfo, host, port, _query(rest[end:]), is_ipv6)


def _scheme(link: bytes) -> tuple[bytes, bytes]:
    found = _SCHEME_END.search(link)
    if found is None or link[found.start() : found.start() + 3] != b"://":
        return b"http", link
    scheme = link[: found.start()].lower()
    if scheme not in {b"http", b"https"}:
        raise BadLink("Unsupported URL protocol")
    return scheme, link[found.start() + 3 :]


def _port(authority: bytes) -> tuple[bytes, int]:
    colon = max(authority.rfind(sign) for sign in (b":", b"]", b"@"))
    if colon < 1 or authority[colon] != ord(":"):
        return authority, 0
    digits = authority[colon + 1 :]
    port = safe_integer(digits.lstrip(b"0") or digits[-1:], 32)
    if port is None or not 0 < port <= 65535:
        raise BadLink("Wrong port number specified in the URL")
    return authority[:colon], port


def _check_ipv6(host: bytes) -> None:
    try:
        ipaddress.IPv6Address(host[1:-1].decode("ascii"))
    except ValueError:
        raise BadLink("Wrong IPv6 address specified in the URL") from None
    if not _HOST_OF_SIX.fullmatch(host):
        raise BadLink("Wrong IPv6 URL host")


def _query(rest: bytes) -> bytes:
    rest = rest.rstrip(SPACES)
    if not rest.startswith(b"/"):
        rest = b"/" + rest
    return re.sub(rb"[\0-\x20]", lambda found: b"%%%02X" % found.group()[0], rest)
