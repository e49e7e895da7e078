"""Somebody with rows in every table, named by others in every way: what is exported, and what erasing does and leaves.

Nothing of the project is asked what it knows about people: rows are planted by the labels of the models, and looked for
in every column of the database.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pghistory
import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from bookings.lessons.steps import fold_steps
from hsl_dashboard.db import run_sql
from messaging.inbox.folding import fold_texts
from tests.factories import (
    PASSWORD,
    AutomationFactory,
    BookingFactory,
    BroadcastFactory,
    CourseFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    PaymentFactory,
    RecipientFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
)
from tests.pins.golden import assert_golden

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ID = 7_654_321_987
USERNAME, OLD_USERNAME = "Zhozefina_Unikova", "zhozi_old"
FIRST, LAST, OLD_FIRST = "Жозефина", "Уникова-Редкая", "Жози"
EMAIL = "zhozefina+hsl@example.test"
TRACES = (str(ID), USERNAME, OLD_USERNAME, FIRST, LAST, OLD_FIRST, EMAIL)
# By these others name somebody; a first name alone is a name of thousands.
WORDS = f"{FIRST} {LAST}, @{USERNAME}, {EMAIL}, {ID}"
AUDIENCE = {"include": [{"kind": "people", "ids": [ID, 42]}]}

# Of whoever is signed in, not of the person.
SESSIONS = {"django_session", "usersessions_usersession"}

pytestmark = pytest.mark.django_db


def make(label: str, **values: Any) -> Any:
    return apps.get_model(label).objects.create(**values)


@pytest.fixture
def person(staff: Any) -> Any:
    person = TelegramUserFactory.create(user_id=ID, username=USERNAME, first_name=FIRST, last_name=LAST)
    friend = TelegramUserFactory.create(first_name="Подруга", last_name=None, username="podruga")
    with pghistory.context(user=staff.pk, url=f"/users/{ID}/", reason=f"{FIRST} попросила"):
        _own_rows(person, staff)
    _letters(person, staff)
    _words_of_others(person, friend, staff)
    return person


def _money(booking: Any) -> None:
    make("bookings.PaymentMark", user_id=ID)
    make("bookings.WaitingPayment", booking=booking, user_id=ID, since=NOW)
    PaymentFactory.create(booking=booking, note=f"{FIRST} {LAST}, наличными")


def _own_rows(person: Any, staff: Any) -> None:
    booking = BookingFactory.create(telegram_user=person, username=OLD_USERNAME, first_name=OLD_FIRST)
    booking.confirmed = 2
    booking.save()
    for details in (
        {"username": USERNAME, "first_name": FIRST, "email": EMAIL, "course_id": 1, "free": "text"},
        None,
        ["a list", FIRST],
    ):
        EventFactory.create(telegram_user=person, details=details, username=USERNAME, first_name=FIRST)
    EventFactory.create(telegram_user=person, event_type="student_response", details={"message_text": f"Я {FIRST}"})
    fold_texts()
    FreeLessonRegistrationFactory.create(telegram_user=person, email=EMAIL, first_name=FIRST, username=USERNAME)
    fold_steps()
    make("bookings.PersonToStep", user_id=ID)
    _money(booking)
    coupon = ReferralCouponFactory.create(code="UNIKOVA", created_by=ID, name=f"От {FIRST} {LAST}")
    make("bookings.ReferralUsage", coupon=coupon, telegram_user=person, booking=booking)
    make("bookings.HackathonRegistration", telegram_user=person, username=USERNAME)
    blocked = make("users.BlockedUser", telegram_user=person, blocked_at=NOW, reason=f"{FIRST} просила")
    blocked.reason = "снова"
    blocked.save()
    make("users.Note", telegram_user=person, text=f"{FIRST}: звонить после шести", written_at=NOW)
    make("users.Note", telegram_user=person, text="стёртая", written_at=NOW).delete()
    make("users.PersonTag", telegram_user=person, tag=make("users.Tag", name="VIP"))
    act = {"done_by": staff, "done_at": NOW, "expires_at": NOW, "kind": "block", "done": {"reason": WORDS}}
    make("users.UndoableAct", telegram_user=person, **act)
    make("users.EmailDisclosure", telegram_user=person, shown_to=staff, shown_at=NOW)
    make("users.CountingMark", user_id=ID)
    make("analytics.Journey", user_id=ID, funnel="sign", scope="", first_at=NOW)
    make("messaging.TelegramLink", user=staff, telegram_user=person)
    notice = {"telegram_user": person, "booking": booking, "message_text": f"{FIRST}!"}
    make("messaging.Outbox", kind="booking_confirmed", queued_at=NOW, **notice)
    change = make("bookings.BulkChange", kind="tag", value="VIP", reason=f"@{USERNAME}", prepared_at=NOW)
    own = {"telegram_user": person, "booking": booking, "typed": f"@{USERNAME}", "note": WORDS}
    make("bookings.BulkRow", change=change, position=0, state="done", **own)
    make("bookings.BulkRow", change=change, position=1, state="refused", typed=f"t.me/{USERNAME}")


def _letters(person: Any, staff: Any) -> None:
    alone = BroadcastFactory.create(message_text=f"{FIRST}, ждём вас", created_by=staff, total_recipients=1)
    sent = RecipientFactory.create(message=alone, telegram_user=person, username=USERNAME, state="sent")
    many = BroadcastFactory.create(message_text=f"Привет всем, и {WORDS}!", audience=AUDIENCE, state_reason=WORDS)
    RecipientFactory.create(message=many, telegram_user=person, error_text=f"chat {ID} not found", state="failed")
    RecipientFactory.create(message=many, state="sent")
    scheduled = BroadcastFactory.create(message_text="Завтра")
    RecipientFactory.create(message=scheduled, telegram_user=person)
    make("messaging.Correction", broadcast=many, kind="edit", message_text=f"Не пишите {WORDS}")
    correction = make("messaging.Correction", broadcast=alone, kind="edit", message_text=f"{FIRST}, простите")
    make("messaging.CorrectedMessage", correction=correction, recipient=sent, error_text=f"chat {ID}")
    make("messaging.Report", broadcast=alone, queued_at=NOW)


def _words_of_others(person: Any, friend: Any, staff: Any) -> None:
    for details in (
        {"friend_id": ID, "friend_name": FIRST, "course_id": 1},
        {"invited": [{"username": USERNAME.lower(), "name": f"{FIRST} {LAST}"}, {"user_id": 5}]},
        {"text": WORDS, "ids": [ID, 7]},
        {str(ID): "key"},
        f"позвала {LAST} {FIRST}",
    ):
        EventFactory.create(telegram_user=friend, event_type="student_response", details=details)
    make("users.Note", telegram_user=friend, text=WORDS, written_at=NOW)
    make("users.BlockedUser", telegram_user=friend, reason=WORDS)
    make("users.PersonTag", telegram_user=friend, tag=make("users.Tag", name=f"от @{USERNAME}"))
    make("users.PeopleExport", exported_by=staff, query=f"q={USERNAME}", format="csv", with_emails=True)
    make("bookings.HackathonRegistration", telegram_user=None, username=USERNAME)
    make("messaging.Draft", content={"text": WORDS, "audience": AUDIENCE, "preview_for": ID}, created_by=staff)
    make("messaging.Segment", name=f"Подруги @{USERNAME}", audience=AUDIENCE)
    template = make("messaging.MessageTemplate", name=f"Для {ID}")
    make("messaging.TemplateVersion", template=template, number=1, content={"text": WORDS})
    AutomationFactory.create(template=WORDS)
    course = CourseFactory.create(name="Чужой", description=WORDS)
    StreamFactory.create(course=course, name=f"у @{USERNAME}")
    make(
        "admin.LogEntry",
        user=staff,
        object_id=str(ID),
        object_repr=f"{FIRST} ({ID})",
        action_flag=2,
        change_message=FIRST,
    )


@pytest.fixture
def client(staff_client: Client) -> Client:
    """Somebody who has just given the password again."""
    staff_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return staff_client


def test_the_person_is_planted_in_every_table_that_has_a_place_for_people(person):
    places = run_sql(
        "SELECT conrelid::regclass::text, attname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid"
        " AND attnum = conkey[1] WHERE contype = 'f' AND confrelid = 'users'::regclass"
        # Without a key: the audit, and marks.
        " UNION SELECT attrelid::regclass::text, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attname = 'user_id' AND attnum > 0"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = attrelid AND attnum = ANY (conkey)"
        " AND confrelid = 'staff_user'::regclass)"
    )

    planted = {place.split(" ")[0] for place in _traces()}
    assert {f"{table}.{column}" for table, column in places} <= planted


def test_erasing_touches_these_tables_and_leaves_no_other_trace(person, client):
    held, before = list(_traces()), _snapshot()

    response = client.post(reverse("personal_data:personal_data_erase", args=[ID]), {"typed": str(ID)})

    assert response.status_code == 302
    assert list(_traces()) == []
    did = _difference(before, _snapshot())
    assert_golden("erasure.txt", "\n".join(["# where they were found", *held, "", "# what erasing did", *did]))


def test_the_export_has_these_keys(person, client):
    response = client.post(reverse("personal_data:personal_data_export", args=[ID]))

    data = json.loads(response.content)
    assert set(data) == {"person", "rows", "named_in_rows_of_others"}
    lines = ["person: " + ", ".join(sorted(data["person"]))]
    for part in ("rows", "named_in_rows_of_others"):
        lines += ["", f"# {part}"]
        for table, rows in sorted(data[part].items()):
            keys = sorted({key for row in rows for key in row})
            lines.append(f"{table} ×{len(rows)}: {', '.join(keys)}")
    assert_golden("export.txt", "\n".join(lines))


def test_these_tables_keep_the_history_of_others():
    lines = []
    for model in apps.get_models():
        if tracked := getattr(model, "pgh_tracked_model", None):
            names = sorted(field.name for field in model._meta.concrete_fields if not field.name.startswith("pgh_"))
            said = f"{model._meta.label} ({model._meta.db_table}) of {tracked._meta.label}"
            lines.append(f"{said}: {', '.join(names)}")
    assert_golden("history.txt", "\n".join(sorted(lines)))


def _traces() -> Iterator[str]:
    """Look into every column of every table that can hold a word or a number."""
    columns = run_sql(
        "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables"
        " USING (table_schema, table_name) WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        " AND data_type NOT IN ('boolean', 'uuid', 'date') AND data_type NOT LIKE 'timestamp%'"
    )
    for table, column in sorted(columns):
        found = " OR ".join(f'"{column}"::text ILIKE %s' for _ in TRACES)
        [(count,)] = run_sql(f'SELECT count(*) FROM "{table}" WHERE {found}', [f"%{trace}%" for trace in TRACES])
        if count:
            yield f"{table}.{column} ×{count}"


def _snapshot() -> dict[str, dict[str, str]]:
    """Every row of every table, by its key."""
    tables = run_sql("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
    return {table: _rows_by_key(table) for (table,) in tables if table not in SESSIONS}


def _rows_by_key(table: str) -> dict[str, str]:
    key = run_sql(
        "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
        " WHERE i.indrelid = %s::regclass AND i.indisprimary",
        [table],
    )
    columns = ", ".join(f'"{name}"' for (name,) in key) or "ctid"
    return dict(run_sql(f"SELECT concat_ws('/', {columns}), to_jsonb(t)::text FROM \"{table}\" AS t"))


def _difference(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> Iterator[str]:
    for table, was in before.items():
        now = after[table]
        counts = {
            "gone": len(was.keys() - now.keys()),
            "changed": sum(was[key] != now[key] for key in was.keys() & now.keys()),
            "new": len(now.keys() - was.keys()),
        }
        if any(counts.values()):
            yield f"{table}: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count)
