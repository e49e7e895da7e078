"""Whatever is sent to whatever address, by whoever may do everything, is answered; and never with a 500."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from logging import ERROR
from typing import Any
from zlib import crc32

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import BooleanField, DecimalField, ForeignKey, IntegerField

from bookings.models import BulkChange, IncomingPayment
from hsl_dashboard.web.api.limits import Rate
from messaging.models import Draft, MessageTemplate, Segment, TemplateVersion
from tests.factories import (
    AutomationFactory,
    BroadcastFactory,
    PaymentFactory,
    ReferralCouponFactory,
    StreamFactory,
    UserFactory,
)
from tests.fuzzing import DEEP, DIGITS, HOSTILE, NUL, PIECES, Attacker, Place, places_of, routes, value_for
from tests.signing_in import reauthenticated
from tests.sizes import LONG, is_sampled, sample
from tests.test_access import BOOKING, BROADCAST, CHANGE, PERSON, sample_path, world  # noqa: F401 - a fixture
from users.models import Note, PersonTag, SavedView, Tag, TelegramUser
from users.tokens.services import create_api_token

# The mark wins over --timeout of `make check-long`, whose samples take hours.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(sample(120, 7200))]


@pytest.fixture
def attacker(staff, world, settings, tmp_path, monkeypatch, caplog) -> Attacker:  # noqa: F811, PLR0917
    """An administrator with bad intentions, and something behind every address."""
    settings.MEDIA_ROOT = tmp_path
    for name in ("CALLS", "CALLS_FROM", "WRITES", "REFUSED"):
        monkeypatch.setattr(f"users.tokens.access.{name}", Rate(name, 10**9))
    monkeypatch.setattr("messaging.api.waiting.WAIT", 0.0)
    monkeypatch.setattr("logging.Logger.isEnabledFor", lambda _logger, level: level >= ERROR)  # thousands of refusals
    person = TelegramUser.objects.get(pk=PERSON)
    BulkChange.objects.create(
        pk=CHANGE, kind="status", value="2", made_by=staff, prepared_at=datetime(2026, 11, 21, tzinfo=UTC)
    )
    StreamFactory.create(pk=BOOKING, code="9th_stream", name="9-й поток")
    PaymentFactory.create(booking_id=BOOKING)
    ReferralCouponFactory.create(pk=BOOKING)
    IncomingPayment.objects.create(
        pk=BOOKING, source="webhook", event_id="1", kind="payment.received", booking_number=BOOKING, external_id="1",
        amount=5, currency="USD", state="unmatched", why="amount", paid_at=datetime(2026, 11, 21, tzinfo=UTC),
    )  # fmt: skip
    BroadcastFactory.create(state="sending")
    AutomationFactory.create()
    Draft.objects.create(pk=BROADCAST, created_by=staff)
    template = MessageTemplate.objects.create(pk=BROADCAST, name="Шаблон")
    TemplateVersion.objects.create(template=template, number=1, content={"text": "Привет"})
    Segment.objects.create(pk=BROADCAST, name="Мои", audience={}, owner=staff)
    SavedView.objects.create(pk=BOOKING, owner=staff, name="Мой", path="/bookings/", query="status=2")
    Note.objects.create(
        pk=BOOKING, telegram_user=person, text="Заметка", written_by=staff, written_at=datetime.now(UTC)
    )
    PersonTag.objects.create(telegram_user=person, tag=Tag.objects.create(pk=BOOKING, name="тег"))
    UserFactory.create(pk=BOOKING, username="colleague")
    create_api_token(owner=staff, name="script", scopes=["read"], expires_at=None, by=staff)
    return Attacker(reauthenticated(staff), caplog)


@pytest.fixture
def places(attacker, monkeypatch) -> list[Place]:
    """Every address with what it asks for; asked once, since each test has the same rows."""
    if not _places:
        _places.extend(places_of(attacker, monkeypatch, is_attacked))
    return _places


_places: list[Place] = []


def is_attacked(name: str) -> bool:
    """Every third of our own addresses; of the Django admin, which is one program for all tables, a few."""
    return is_sampled(name, one_in=24 if name.startswith("admin:") else 3)


def attacks(place: Place, method: str) -> Iterator[dict[str, list[str]]]:
    """Give every field at once the worst; with LONG also each alone each value, among what its form would send."""
    asked = place.asked_by(method)
    if not asked:
        return
    yield {name: [NUL] for name in asked}
    yield {name: [value_for(place.path, name)] for name in asked}
    for name in asked if LONG else sorted(asked, key=lambda name: crc32(name.encode()))[:2]:
        for value in HOSTILE if LONG else (value_for(name, place.path),):
            yield asked | {name: [value]}


def test_no_value_of_any_parameter_or_field_gives_a_500(attacker, places):
    for place in places:
        for method in ("get", "post"):
            for data in attacks(place, method):
                attacker.send(method, place.path, data)

    assert attacker.wrong == []
    assert attacker.sent > 200


JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
FILE = b'--x\r\nContent-Disposition: form-data; name="a"; filename="%s"\r\n\r\nb\r\n--x--\r\n'
BODIES = [
    (b"[" * 100_000, JSON), ((DEEP * 10).encode(), JSON), (b'{"text": "a\\u0000b", "to": "\\ud800"}', JSON),
    (b"\xff\xfe{", JSON), (b'{"amount": ' + DIGITS.encode() + b"}", JSON), (b"null", JSON), (b"[]", JSON), (b"", JSON),
    (b"{}", f"{JSON}; charset=utf-16"), (b'{"amount": 1e999, "id": NaN}', JSON), (b"a=1", f"{FORM}; charset=klingon"),
    (b"a=1", MULTIPART), (b"--x", f"{MULTIPART}; boundary=x"), (b"x" * 1_000, f"{MULTIPART}; boundary={'x' * 200}"),
    (FILE % (b"\x00/../" * 100), f"{MULTIPART}; boundary=x"), (FILE % b"", f"{MULTIPART}; boundary=x"),
    ("&".join(f"a{number}=1" for number in range(10_000)).encode(), FORM), (b"a=" + b"x" * 3_000_000, FORM),
    (b"%00=%00&%ff=%ed%a0%80", FORM), (b"&" * 50_000, FORM), (b"a=1", "text/\x00"), (b"a=1", ""),
    *(((b"a=" + b"x" * 50_000_000, FORM), (b"[" * 50_000_000, JSON)) if LONG else ()),
]  # fmt: skip


def test_no_body_gives_a_500(attacker, places):
    for place in places:
        for number, (body, kind) in enumerate(BODIES):
            if is_sampled(place.path, number, one_in=12):
                attacker.send("post", place.path, body, content_type=kind)
        if is_sampled(place.path, one_in=20):
            attacker.send("get", place.path, {f"a{number}": "1" for number in range(10_000)})

    assert attacker.wrong == []


HEADERS: list[dict[str, str]] = [
    {"HX-Request": "true", "HX-Current-URL": "http://[", "HX-Target": DIGITS, "HX-Trigger": "\u0448"},
    {
        "Referer": "http://[::1",
        "X-Forwarded-For": ",,\x01",
        "X-Forwarded-Proto": "gopher",
        "Accept-Language": "x" * 5_000,
    },
    {"HX-Request": "true", "HX-Current-URL": "https://a:99999999/", "HX-Boosted": "true", "Referer": "//"},
    {"If-None-Match": '"' * 500, "If-Modified-Since": "Mon, 99 Foo 0000", "Range": "bytes=99-1", "Accept": "*/*;q=x"},
    {"Accept-Encoding": "gzip;q=é", "Idempotency-Key": "a" * 5_000, "User-Agent": "\x01" * 5_000, "Origin": "null"},
]
COOKIES = ["theme", "language", "shortcuts", "csrftoken", "messages", "django_language", "known_browser"]


def test_no_header_and_no_cookie_gives_a_500(attacker, places):
    for place in places:
        for number, headers in enumerate(HEADERS):
            if is_sampled(place.path, number, one_in=5):
                for method in ("get", "post") if LONG else ("get",):
                    attacker.send(method, place.path, headers=headers)
        if is_sampled(place.path, one_in=4):
            cookies = "; ".join(f"{name}={value_for(name, place.path)[:500]!a}" for name in COOKIES)
            session = attacker.cookies["sessionid"].value
            attacker.send("get", place.path, HTTP_COOKIE=f"sessionid={session}; {cookies}")

    assert attacker.wrong == []


def test_no_piece_of_an_address_gives_a_500(attacker):
    for route in sorted(set(routes())):
        if "<" not in route:
            continue
        for number, piece in enumerate(PIECES):
            if is_sampled(route, number, one_in=30):
                path = sample_path(re.sub(r"<[^<>]+>", lambda _found, piece=piece: piece, route))
                for method in ("get", "post"):
                    attacker.send(method, path)

    assert attacker.wrong == []


# Mass assignment ------------------------------------------------------------------------------------------------------

WRITE = re.compile(
    r"\b(INSERT INTO|UPDATE|DELETE FROM) \"?(?!django_session|usersessions|pghistory_context)\w+", re.IGNORECASE
)
TEXT, NUMBER = "mass-assigned", "987654321"


def extra_fields() -> dict[str, str]:
    """Every column of every table of ours, with a value that no form would send."""
    extra = {"is_admin": "on", "groups": NUMBER, "user_permissions": NUMBER, "role": TEXT}
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            flag, number = (
                isinstance(column, BooleanField),
                isinstance(column, IntegerField | ForeignKey | DecimalField),
            )
            for name in {column.name, column.attname}:
                extra.setdefault(name, "on" if flag else NUMBER if number else TEXT)
    return extra


def written_by(attacker: Attacker, place: Place, fields: dict[str, list[str]]) -> tuple[list[str], str, list[bool]]:
    """Send the fields; give what was written: the statements, their values, and which of these say yes or no."""
    statements: list[str] = []
    values: list[object] = []

    def look(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if isinstance(sql, str) and (found := WRITE.search(sql)):
            statements.append(sql[found.start() :])
            values.extend(params or ())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        attacker.send("post", place.path, fields)
    return statements, repr(values), [value for value in values if isinstance(value, bool)]


def test_fields_that_no_form_has_change_nothing(attacker, places):
    extra, wrote, wrong = extra_fields(), 0, []
    for place in places:
        if not place.fields:
            continue
        own = {name.rsplit("-", 1)[-1] for name in place.fields} | place.fields.keys()
        added = {name: [value] for name, value in extra.items() if name not in own}
        plain, _values, flags = written_by(attacker, place, place.fields)
        more, values, more_flags = written_by(attacker, place, added | place.fields)
        wrote += bool(plain)
        if plain != more or flags != more_flags or TEXT in values or NUMBER in values:
            wrong.append(f"{place.path}: {set(more) - set(plain) or values[:300]}")

    assert wrong == []
    assert wrote > 10  # acts that did something: what is refused anyway shows nothing
