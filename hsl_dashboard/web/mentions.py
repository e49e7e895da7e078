"""Reads what people paste to name somebody: @names, links of Telegram in all their forms, ids, plain words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import normalize
from urllib.parse import parse_qs, unquote, urlsplit

from hsl_dashboard.db import LARGEST_BIGINT, LARGEST_INTEGER

NAME = re.compile(r"[a-z0-9_]{1,64}", re.IGNORECASE | re.ASCII)
# "900 000 000 008" as some spreadsheets write it, and "id900000000008" as some bots do.
ID = re.compile(r"(?:id ?)?([0-9]{1,19}|[0-9]{1,3}(?: [0-9]{3})+)", re.IGNORECASE | re.ASCII)
SCHEME = re.compile(r"https?://", re.IGNORECASE)
HOST = re.compile(r"(?:www\.)?(?:t|telegram)\.(?:me|dog)", re.IGNORECASE)
OWN_HOST = re.compile(r"([a-z0-9_]{1,64})\.t\.me", re.IGNORECASE | re.ASCII)
WEB_HOST = re.compile(r"web\.telegram\.org", re.IGNORECASE)
# Punctuation around a name in a sentence, and invisible characters.
AROUND = " ,;:.!?()[]<>{}«»“”„\"'`\u200b\u200e\u200f\u2060\ufeff"
# What Telegram itself has behind t.me: no people.
NOBODY = {"addlist", "addstickers", "c", "joinchat", "proxy", "share"}
SEPARATORS = re.compile(r"[,;\r\n\t]+")


@dataclass(frozen=True)
class PersonMention:
    """What somebody typed: a username (without @), an id, or else words; a link that names nobody has none of them."""

    words: str = ""
    username: str = ""
    user_id: int | None = None

    @property
    def searched(self) -> str:
        """What a search looks for: ``@name``, the digits of an id, or the words."""
        if self.user_id is not None:
            return str(self.user_id)
        return f"@{self.username}" if self.username else self.words

    @property
    def possible_username(self) -> str:
        """The username, also where it was typed without @; empty for anything that cannot be one."""
        return self.username or (self.words if NAME.fullmatch(self.words) else "")


def read_number(typed: str, *, largest: int = LARGEST_INTEGER) -> int | None:
    """Read the number of a row as people type it and as the pages show it: ``12``, ``#12``, ``№ 12``.

    None for anything else, and for a number that no key can be: those of most tables go up to ``LARGEST_INTEGER``.
    """
    number = typed.strip().lstrip("#№ \u00a0")
    if not (number.isascii() and number.isdecimal()) or len(number) > len(str(largest)):
        return None
    return int(number) if int(number) <= largest else None


def read_mention(typed: str) -> PersonMention:
    """Read one thing that names a person; blanks are tidied, and letters composed as the database holds them."""
    words = " ".join(normalize("NFC", typed.replace("\0", " ")).split())  # PostgreSQL has no NUL
    bare = words.strip(AROUND)
    if digits := ID.fullmatch(bare):
        number = int(digits[1].replace(" ", ""))
        return PersonMention(words, user_id=number) if number <= LARGEST_BIGINT else PersonMention(words)
    if bare.startswith("@"):
        name = bare.lstrip("@")
        return PersonMention(words, username=name) if NAME.fullmatch(name) else PersonMention(words)
    named = _named_in_link(bare)
    if named is None:
        return PersonMention(words)
    if re.fullmatch(r"[0-9]{1,19}", named):
        return PersonMention(words, user_id=int(named)) if int(named) <= LARGEST_BIGINT else PersonMention()
    return PersonMention(words, username=named) if NAME.fullmatch(named) else PersonMention()


def split_mentions(text: str) -> Iterator[str]:
    """Cut a pasted list into the words that name one person each; an id may be written with blanks."""
    for part in SEPARATORS.split(text):
        if ID.fullmatch(" ".join(part.split()).strip(AROUND)):
            yield part.strip()
        else:
            yield from part.split()


def _named_in_link(text: str) -> str | None:
    """Give the name or the digits that a link of Telegram leads to, '' where it leads to nobody; None for no link."""
    if not text.lower().startswith("tg:") and "." not in text:
        return None
    try:
        link = urlsplit(text if SCHEME.match(text) or text.lower().startswith("tg:") else f"https://{text}")
    except ValueError:
        return None
    if link.scheme == "tg":
        return _named_in_app_link(link.netloc or link.path.strip("/"), link.query)
    host = link.netloc
    if found := OWN_HOST.fullmatch(host):
        # www.t.me is no person.
        return found[1] if found[1].lower() != "www" else _first_part(link.path)
    if HOST.fullmatch(host):
        return _first_part(link.path)
    if WEB_HOST.fullmatch(host):
        return _named_in_web_link(unquote(link.fragment))
    return None


def _first_part(path: str) -> str:
    """``/name``, ``/@name/12`` and ``/s/name`` lead to the same person."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["s"]:
        parts = parts[1:]
    # A bare number after t.me is no id of a person.
    name = parts[0].removeprefix("@") if parts else ""
    return "" if name.isdigit() or name.lower() in NOBODY else name


def _named_in_app_link(action: str, query: str) -> str:
    """``tg://resolve?domain=name`` and ``tg://user?id=N``."""
    values = parse_qs(query)
    name = {"resolve": "domain", "user": "id"}.get(action.lower(), "")
    return values.get(name, [""])[0].strip().removeprefix("@")


def _named_in_web_link(fragment: str) -> str:
    """``#@name``, ``#900000000008`` and the oldest ``#/im?p=@name``."""
    fragment = fragment.rpartition("p=")[2] if fragment.startswith("/im") else fragment
    return fragment.removeprefix("@")
