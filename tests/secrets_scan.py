"""Looks for secrets in files: the patterns of detect-secrets, and those of what this project hands out."""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import detect_secrets.plugins
from detect_secrets.plugins.base import RegexBasedDetector

# Its other detectors guess by entropy and by names: half a minute for 240 hashes of triggers and fakes of tests.
OURS = {
    "Telegram bot token": re.compile(r"\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b"),
    "token of the API or key of a link": re.compile(r"\bhsl_[a-z]*_?[A-Za-z0-9_-]{40,}"),
    "private key of age": re.compile(r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}"),
    "address of Sentry": re.compile(r"https://[0-9a-f]{32}@[\w.-]+/\d+"),
    # The word itself is an example.
    "password in an address": re.compile(
        r"\b(?:postgres(?:ql)?|rediss?|amqp|smtps?)://[^\s:/@'\"{}<$]*:(?!password@)[^\s@'\"{}<$]{8,}@"
    ),
}


def _patterns() -> dict[str, list["re.Pattern[str]"]]:
    for module in iter_modules(detect_secrets.plugins.__path__):
        import_module(f"detect_secrets.plugins.{module.name}")
    known: dict[str, list[re.Pattern[str]]] = {}
    for kind in RegexBasedDetector.__subclasses__():
        patterns: Any = kind.denylist  # a property where a class computes them
        if isinstance(patterns, list | tuple):
            known[str(kind.secret_type)] = list(patterns)
    for guessing in ("Basic Auth Credentials", "Secret Keyword", "Public IP (ipv4)"):
        known.pop(guessing, None)
    return known | {name: [pattern] for name, pattern in OURS.items()}


PATTERNS = _patterns()


def secrets_in(text: str) -> Iterator[tuple[str, str]]:
    """Give what looks like a secret: its kind, and the text."""
    for kind, patterns in PATTERNS.items():
        for pattern in patterns:
            for found in pattern.finditer(text):
                yield kind, found[0]
