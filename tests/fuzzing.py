"""What an attacker types, and every parameter and field to type it into, found by asking the pages."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zlib import crc32

import pytest
from django.apps import apps
from django.db import Error, transaction
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from hsl_dashboard.db import run_sql
from tests.conftest import empty_cache
from tests.test_access import addresses

NUL, DIGITS, DEEP = "a\0b", "9" * 5_000, '{"a":' * 4_000
HOSTILE = [
    NUL, DIGITS, f"-{DIGITS}", f"0.{DIGITS}", DEEP, "[" * 100_000, "1e400", "-1e-400", "NaN", "-Infinity", "-1", "0",
    str(2**31), str(2**63), str(2**63 - 1), str(-(2**63)), "٣", "²", "½", "0x10", "1_000", "\U000e0001\u202e",
    "🙈" * 3_000, "<script>alert(1)</script>'\"", "%", "_%\\", "'; --", "{first_name", "{0.__class__}", "%(name)s %s",
    "../../../etc/passwd", "//evil.example/", "http://[", "http://[::1", "http://a:99999999/", "javascript:alert(1)",
    "/\\evil", "2026-02-30", "0001-01-01", "9999-12-31", "10000-01-01", "2026-11-30T25:61", "-infinity", "24:00",
    "9999-12-31T23:59", "0001-01-01T00:00", "\r\nX-Header: 1", "[]", "null", "true", '{"__proto__": 1}', " ", "",
    "a" * 100_000, "end", "00000000-0000-0000-0000-000000000000", "=1+1", "-" * 5_000, "<b>" * 5_000, "(a+)+$",
    ",".join("1" * 3_000), "1," * 3_000 + "x",
]  # fmt: skip
PIECES = [  # of a path, as a browser would send them
    "%00", "9" * 5_000, str(2**31), str(2**63), str(-(2**63)), "-1", "0", "%D9%A3", "%ED%A0%80", "a" * 3_000,
    "..%2f..%2fetc", "%25", "%0d%0a", "1%00", "%F0%9F%99%88", "00000000-0000-0000-0000-000000000000", "%E2%80%AE",
    "{0}", "1e5", "_5F00",
]  # fmt: skip
SLOW = 5.0  # seconds of this process for one request: nothing that is typed may cost more


@dataclass
class Place:
    """An address with what its pages and its code ask for, and the values that its own forms would send."""

    name: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)

    def asked_by(self, method: str) -> dict[str, list[str]]:
        return self.query if method == "get" else self.fields


class Forms(HTMLParser):
    """Reads the forms and links of a page: where they lead, and with what."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here = here
        self.sent: list[tuple[str, str, dict[str, list[str]]]] = []  # method, path, values
        self._method, self._targets, self._values = "get", [here], dict[str, list[str]]()
        self._name = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._method = values.get("method", "get").lower()
            self._targets, self._values = [values.get("action") or values.get("hx-post") or self.here], {}
        for name in ("href", "hx-get"):
            if "?" in values.get(name, ""):
                self.sent.append(("get", values[name], {}))
        if values.get("formaction"):
            self._targets.append(values["formaction"])
        if tag in {"input", "textarea", "select", "button"} and values.get("name"):
            self._name = values["name"]
            self._values.setdefault(self._name, []).extend(_sent_by(tag, values))
        if tag == "option" and self._name and ("selected" in values or not any(self._values.get(self._name, []))):
            self._values[self._name] = [values.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.sent += [(self._method, target, dict(self._values)) for target in self._targets]
            self._method, self._targets, self._values = "get", [self.here], {}


PLAUSIBLE = {
    "number": "1",
    "date": "2026-12-01",
    "datetime-local": "2026-12-01T12:00",
    "time": "12:00",
    "email": "a@b.test",
}


def _sent_by(tag: str, values: dict[str, str]) -> list[str]:
    """What a browser would send of an element, with something in what must be filled in."""
    kind = values.get("type", "text")
    if tag == "select" or kind == "file" or (kind in {"checkbox", "radio"} and "checked" not in values):
        return []
    if not values.get("value") and "required" in values:
        return [PLAUSIBLE.get(kind, "Слово")]
    return [values.get("value", "")]


@contextmanager
def watched_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Collect the names of parameters and fields that the code looks for while a request is answered."""
    names: set[str] = set()
    with monkeypatch.context() as patch:
        for method in ("__getitem__", "get", "getlist", "__contains__", "pop"):
            plain = getattr(QueryDict, method)

            def watching(self: QueryDict, name: Any, *args: Any, _plain: Any = plain, **kwargs: Any) -> Any:
                if isinstance(name, str) and name.isprintable() and len(name) < 100:
                    names.add(name)
                return _plain(self, name, *args, **kwargs)

            patch.setattr(QueryDict, method, watching)
        yield names


class Attacker:
    """Sends requests as somebody who may do everything, and takes back whatever each one did."""

    def __init__(self, client: Client, log: pytest.LogCaptureFixture) -> None:
        self.log = log  # of errors: it names what a 500 hides
        client.raise_request_exception = False
        self.client = client
        self.cookies = client.cookies.copy()
        self.wrong: list[str] = []
        self.sent = 0

    def send(self, method: str, path: str, data: Any = None, **options: Any) -> Any:
        """Ask, and note what no request may give: a 500, or an answer that took seconds of work."""
        empty_cache()
        self.client.cookies = SimpleCookie(self.cookies)
        if method == "get" and data is not None:
            options["query_params"] = data
        elif data is not None:
            options["data"] = data
        self.log.clear()
        began = time.process_time()
        with transaction.atomic():
            if isinstance(data, bytes):  # as it is: the client's own methods would encode it
                response = self.client.generic(method.upper(), path, **options)
            else:
                response = getattr(self.client, method)(path, **options)
            if response.streaming:
                b"".join(response.streaming_content)
            problem = self._problem_of(response, time.process_time() - began)
            transaction.set_rollback(True)
        self.sent += 1
        if problem:
            self.wrong.append(f"{method.upper()} {path[:150]} {_shown(data)} {_shown(options)}: {problem}")
        return response

    def _problem_of(self, response: Any, seconds: float) -> str:
        if response.status_code >= 500 and response.status_code != 507:
            raised = [record.exc_info[1] for record in self.log.records if record.exc_info]
            return f"{response.status_code} {str(raised)[:400]}"
        if seconds > SLOW:
            return f"{seconds:.1f} s"
        try:
            run_sql("SET CONSTRAINTS ALL IMMEDIATE")  # what a commit would have found
        except Error as error:
            return f"would fail at the commit: {error}"
        return ""


def _shown(data: Any) -> str:
    return str({k: repr(v)[:60] for k, v in data.items()})[:400] if isinstance(data, dict) else repr(data)[:100]


def places_of(attacker: Attacker, monkeypatch: pytest.MonkeyPatch, takes: Callable[[str], bool]) -> list[Place]:
    """Open every address, read its forms, and send these once to see what the code behind them looks for."""
    places = {path: Place(name, path) for name, path in sorted(set(real_addresses())) if takes(name)}
    for place in list(places.values()):
        with watched_names(monkeypatch) as names:
            response = attacker.send("get", place.path)
        for name in names if response.status_code != 405 else ():
            place.query.setdefault(name, [""])
        if "html" in response.headers.get("Content-Type", "") and not response.streaming:
            read = Forms(place.path)
            read.feed(response.text)
            for method, target, values in read.sent:
                _note(places, method, target, values)
    for place in places.values():
        with watched_names(monkeypatch) as names:
            response = attacker.send("post", place.path, place.fields)
        if response.status_code == 405:
            place.fields = {}
            continue
        for name in names:
            place.fields.setdefault(name, [""])
    return list(places.values())


def _note(places: dict[str, Place], method: str, target: str, values: dict[str, list[str]]) -> None:
    try:
        parts = urlsplit(target)
    except ValueError:
        return
    place = places.get(parts.path)
    if place is None:
        return
    for name, value in parse_qs(parts.query, keep_blank_values=True).items():
        place.query.setdefault(name, value)
    for name, value in values.items():
        place.asked_by(method).setdefault(name, value)


def real_addresses() -> Iterator[tuple[str, str]]:
    """Every address, with numbers of rows that are there."""
    for name, path in addresses(get_resolver()):
        if name.startswith("admin:"):
            yield name, _of_a_row(name, path)
        else:
            yield name, path


def _of_a_row(name: str, path: str) -> str:
    for model in apps.get_models():
        start = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(start) and name.removeprefix(start) in {"change", "delete", "history"}:
            row = model._default_manager.first()
            return reverse(name, args=[row.pk]) if row else path
    return path


def value_for(*about: object) -> str:
    """One of the hostile values, the same in each run."""
    return HOSTILE[crc32(repr(about).encode()) % len(HOSTILE)]


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, place)
        elif isinstance(entry, URLPattern):
            yield place
