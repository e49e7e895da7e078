"""Who a request comes from: the address behind the proxies, and the browser in words."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

NOWHERE = "0.0.0.0"  # noqa: S104 - where a server on a Unix socket says nothing  # nosec
# The first that fits: each of them also names those below it.
BROWSERS = (
    ("Edg", "Edge"),
    ("YaBrowser", "Yandex Browser"),
    ("OPR", "Opera"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def client_address(request: HttpRequest) -> str:
    """The address that a request comes from: the last one that none of our proxies has.

    ``X-Forwarded-For`` is what anybody writes into it, up to the part that a proxy of TRUSTED_PROXIES has added.
    """
    address = _address(request.META.get("REMOTE_ADDR", ""))
    earlier = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while address is not None and _is_trusted(address) and earlier:
        before = _address(earlier.pop())
        if before is None:
            break
        address = before
    return str(address or NOWHERE)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _is_trusted(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)


def device_name(user_agent: str) -> str:
    """A browser as people know it: «Chrome, Windows»; its own words where neither is known."""
    known = (next((name for words, name in names if re.search(words, user_agent)), "") for names in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, known)) or user_agent
