"""Whom each audience is for: every criterion with its choices, narrowed, left out, on both copies of the data."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F

from messaging.audiences.criteria import Audience
from tests.database_roles import owner_role
from tests.pins.golden import assert_as_pinned, digest_of

DATA = Path(__file__).parent.parent / "data"
AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
EARLIER = datetime(2026, 10, 15, 20, 59, tzinfo=UTC)
STATUSES: list[list[int]] = [[2], [1], [0], [-1], [1, 2], [2, 1, 0]]

Stored = dict[str, Any]  # an audience or a criterion, as the database holds it


@pytest.fixture(params=["bot_database", "bot_database_hard"])
def dump(request: pytest.FixtureRequest, db: None) -> str:
    """The rows of a copy of the bot's database, written as the bot writes them; its now() is the moment of asking."""
    script = gzip.decompress((DATA / f"{request.param}.sql.gz").read_bytes()).decode()
    rows = script[script.index("INSERT INTO courses") : script.rindex("COMMIT;")]
    apps.get_model("bookings", "Course")._default_manager.all().delete()
    with owner_role(), connection.cursor() as cursor:
        cursor.execute(rows.replace("now()", f"timestamptz '{AT.isoformat()}'"))
    _put_tags()
    # The previous dashboard noted the moment of a message in this column only; «nobody written to lately» asks ours.
    sent = apps.get_model("messaging", "Recipient")._default_manager.filter(state="sent")
    sent.update(sent_at=F("created_at"))
    with owner_role(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # after other tests the planner thinks that the tables are empty, and takes minutes
    return str(request.param)


def _put_tags() -> None:
    tag, other = (apps.get_model("users", "Tag")._default_manager.create(name=name) for name in ("VIP", "ждёт скидку"))
    tags = apps.get_model("users", "PersonTag")._default_manager
    for number, person in enumerate(_values("users", "TelegramUser", "pk")):
        if number % 7 == 0:
            tags.create(telegram_user_id=person, tag=tag if number % 2 else other)


def _values(app: str, model: str, field: str) -> list[Any]:
    rows = apps.get_model(app, model)._default_manager.exclude(**{field: None})
    return list(rows.order_by(field).values_list(field, flat=True).distinct())


def _streams() -> Iterator[Stored]:
    bookings = apps.get_model("bookings", "Booking")._default_manager.exclude(course_stream=None)
    places = {*bookings.values_list("course_stream", "course_id"), *((code, None) for code in _codes())}
    for code, course in sorted(places, key=str):
        for statuses in STATUSES:
            yield {"kind": "stream", "code": code, "course_id": course, "statuses": statuses}


def _codes() -> list[str]:
    return _values("bookings", "Booking", "course_stream")


def _lessons() -> Iterator[Stored]:
    kinds = ["", *_values("bookings", "FreeLessonRegistration", "lesson_type")]
    for kind in kinds:
        for day in (None, "2026-11-06", "2026-11-13", "2026-11-27"):
            yield {"kind": "free_lesson", "lesson_type": kind, "lesson_date": day}


def _received() -> Iterator[Stored]:
    for message in _values("messaging", "Recipient", "message")[:8]:
        for states in (["sent"], ["failed"], ["uncertain", "cancelled"], ["sent", "failed", "deleted", "skipped"]):
            yield {"kind": "received", "broadcast_id": message, "states": states}


def _criteria() -> Iterator[Stored]:
    people = _values("users", "TelegramUser", "pk")
    yield from _streams()
    yield from _lessons()
    yield from _received()
    yield from ({"kind": kind} for kind in ("everyone", "not_students", "hackathon"))
    yield {"kind": "people", "ids": [people[0], people[10], people[-1], 77]}
    yield from ({"kind": "active_since", "since": day} for day in ("2026-01-01", "2026-11-01", "2026-11-20"))
    yield from ({"kind": "tag", "name": name} for name in ("vip", "Ждёт скидку", "nobody"))
    codes = _values("bookings", "Booking", "referral_code")
    yield from ({"kind": "referral_code", "code": code} for code in [*codes[:5], codes[0].lower(), "NOYABR25", "none"])


# One of each kind, for what is narrowed by it and what is left out.
BESIDE: list[Stored] = [
    {"kind": "stream", "code": "8th_stream", "course_id": 1, "statuses": [2, 1, 0]},
    {"kind": "stream", "code": "7th_stream", "course_id": None, "statuses": [2]},
    {"kind": "not_students"},
    {"kind": "hackathon"},
    {"kind": "free_lesson", "lesson_type": "", "lesson_date": None},
    {"kind": "active_since", "since": "2026-11-01"},
    {"kind": "tag", "name": "VIP"},
    {"kind": "everyone"},
]
TOGETHER: list[list[Stored]] = [
    [{"kind": "everyone"}],
    [{"kind": "stream", "code": "8th_stream", "course_id": 1, "statuses": [2, 1]}],
    [{"kind": "hackathon"}, {"kind": "tag", "name": "VIP"}],
]


def _audiences() -> Iterator[Stored]:
    for criterion in _criteria():
        yield {"include": [criterion]}
    for include in TOGETHER:
        for beside in BESIDE:
            yield {"include": include, "exclude": [beside]}
            yield {"include": include, "narrow": [beside]}
        yield {"include": include, "exclude": BESIDE[:1], "narrow": BESIDE[5:6], "quiet_hours": 24}
        yield {"include": include, "quiet_hours": 24 * 30}
        yield {"include": include, "quiet_hours": 24 * 365}
    yield {"include": []}


def _people_of(audience: Stored, at: datetime) -> dict[str, list[int | str]]:
    """The digest of those who get it under '', of the others by the reason why not."""
    by_reason: dict[str, list[int]] = {}
    for person, reason in Audience.from_json(audience).people(at=at).values_list("pk", "reason"):
        by_reason.setdefault(reason, []).append(person)
    return {reason: digest_of(ids) for reason, ids in sorted(by_reason.items())}


def test_every_audience_is_for_the_same_people(dump: str) -> None:
    measured = {json.dumps(stored, ensure_ascii=False): _people_of(stored, AT) for stored in _audiences()}

    assert_as_pinned(f"audiences_{dump}", measured)
