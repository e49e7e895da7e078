"""What may stand in a variable. Each refuses the rest with a sentence that goes on from the variable's name."""

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, BeforeValidator, Field

from hsl_dashboard.environment import connections

Network = IPv4Network | IPv6Network

LONGEST_KEPT = 36_500  # days
SHORTEST_PAYMENT_SECRET = 32  # characters
SHORTEST_METRICS_TOKEN = 16  # characters


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _origin(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError(f"has {text!r}. Each origin starts with https://: https://dashboard.example.org")
    return text


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError(f"has {text!r}, which is no e-mail address. Name them with commas between.") from None
    return text


def _time_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(f"is {text!r}. Set it to a name like Europe/Moscow.")
    return text


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f"is {text!r}. Set it to a time like 04:30.")
    return text


def _web_address(text: str) -> str:
    return text and connections.check_url(text, schemes=("https", "http"))


def _database_url(text: str) -> str:
    return text and connections.check_database_url(text)


def _redis_url(text: str) -> str:
    return text and connections.check_redis_url(text)


def _email_url(text: str) -> str:
    return text and connections.check_email_url(text)


def _webhook_secret(text: str) -> str:
    # core.telegram.org/bots/api#setwebhook
    if text and not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", text):
        raise ValueError("is not 16 to 256 letters, digits, _ or -, which Telegram asks for.")
    return text


def _bot_name(text: str) -> str:
    # core.telegram.org/bots/features#botfather
    name = text.removeprefix("@")
    if name and not re.fullmatch(r"[A-Za-z0-9_]{5,32}", name):
        raise ValueError("is not the @name of a bot: 5 to 32 letters, digits or _.")
    return name


def is_sandbox(telegram: str) -> bool:
    """Say whether messages go to a server on this machine, which only plays Telegram."""
    return (urlsplit(telegram).hostname or "") in {"localhost", "127.0.0.1", "::1"}


def _networks(text: str) -> list[Network]:
    try:
        return [ip_network(word) for word in _words(text)]
    except ValueError as error:
        raise ValueError(f"is {text!r}: {error}. Name networks like 10.0.0.0/8, or single addresses.") from None


def _payment_secrets(secrets: list[str]) -> list[str]:
    if len(secrets) > 2 or any(len(secret) < SHORTEST_PAYMENT_SECRET for secret in secrets):
        raise ValueError(
            f"is not one or two secrets of at least {SHORTEST_PAYMENT_SECRET} characters, with a comma between."
        )
    return secrets


def _metrics_token(text: str) -> str:
    if text and len(text) < SHORTEST_METRICS_TOKEN:
        raise ValueError(f"has fewer than {SHORTEST_METRICS_TOKEN} characters, so it could be guessed.")
    return text


def _at_least(fewest: int) -> Callable[[int], int]:
    def check(days: int) -> int:
        if 0 < days < fewest or days > LONGEST_KEPT:
            raise ValueError(f"is {days}. Set it to {fewest} to {LONGEST_KEPT:,} days, or to 0 for ever.")
        return days

    return check


Words = Annotated[list[str], BeforeValidator(_words)]
Emails = Annotated[list[Annotated[str, AfterValidator(_email)]], BeforeValidator(_words)]
Networks = Annotated[list[Network], BeforeValidator(_networks)]
Origins = Annotated[list[Annotated[str, AfterValidator(_origin)]], BeforeValidator(_words)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
BotName = Annotated[str, AfterValidator(_bot_name)]
PaymentSecrets = Annotated[list[str], BeforeValidator(_words), AfterValidator(_payment_secrets)]
MetricsToken = Annotated[str, AfterValidator(_metrics_token)]
WebhookSecret = Annotated[str, AfterValidator(_webhook_secret)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0.1, allow_inf_nan=False)]  # messages/s
Seconds = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=0)]
KeptDays = Annotated[Days, AfterValidator(_at_least(1))]
# Whoever answers a student, or looks at a message's results, reads the details of a month.
KeptDetails = Annotated[Days, AfterValidator(_at_least(30))]
KeptAudit = Annotated[Days, AfterValidator(_at_least(366))]  # as audit_forget of users/sql asks
People = Annotated[int, Field(ge=0)]
EmailUrl = Annotated[str, AfterValidator(_email_url)]
