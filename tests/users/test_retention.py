"""How long what is kept: settings, batches, seals; no number of the past changes, and the audit has one line."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from analytics.models import DayCount
from analytics.rollups import number_differences, rebuild_numbers
from benchmarks.pages import NOT_MEASURED, PAGES, samples
from bookings.lessons.steps import fold_steps, steps_differences
from bookings.payments.upkeep import fold_payments
from bookings.tasks import count_problems
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.days import school_day
from messaging.content.retention import FOLDER
from messaging.models import Broadcast
from tests.database_roles import owner_role
from tests.factories import BookingFactory, BroadcastFactory, EventFactory, RecipientFactory
from users.models import AuditEntry, Event, NumberMark, PeopleExport, SealedDay
from users.retention import events as events_rule
from users.retention.rules import SMALLEST, Batches, keeping_rules
from users.retention.run import apply_retention
from users.totals import fold_marked_people

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
OLD, YOUNG = NOW - timedelta(days=100), NOW - timedelta(days=10)
# They show the details themselves, which are what goes; or ask what no event decides.
SHOW_DETAILS = {
    "users:person_detail", "messaging:conversation_list", "messaging:conversation_news",
    "messaging:conversation_detail", "messaging:conversation_live", "bookings:payment_queue", "api:events",
    "api:user_detail", "api:debug_events", "api:api_health", "system_detail",
    "staff:staff_list", "staff:staff_detail", "users:audit_list", "jump", "health_live",
}  # fmt: skip


# Forms and questions: what they show is of one row.
FORMS = (
    "_edit", "_new", "_confirm", "_keep", "_notify", "_rules", "_delete", "_start", "_cancel", "_retry", "_schedule",
    "_block", "_unblock", "_docs", "_erase", "_match", "_set", "_status", "_dismiss", "_person_booking",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_goes_by_itself(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    for rule in keeping_rules():
        setattr(settings, rule.setting, 0)


# Numbers --------------------------------------------------------------------------------------------------------------


def shown(client: Client, addresses: list[str]) -> dict[str, list[str]]:
    """Every number in the words of each page."""
    found = {}
    for address in addresses:
        response = client.get(address)
        assert response.status_code in {200, 204, 302}, address
        text = re.sub(r"<(script|style|svg)\b.*?</\1>", "", response.content.decode(), flags=re.DOTALL)
        text = re.sub(r"\d\d?:\d\d(:\d\d)?", " ", re.sub(r"<[^>]*>", " ", text))  # when the page was made
        text = re.sub(r"\d+\s(секунд|минут|час)", " ", text)  # how long ago something was
        found[address] = re.findall(r"\d+(?:[.,\s\u00a0\u202f]\d+)*", text)
    return found


@pytest.mark.timeout(120)  # some seconds on an idle machine
def test_no_number_of_any_page_changes(staff_client, settings):
    with owner_role():
        call_command("seed_demo", seed=1, people=60, today=school_day(timezone.now()), verbosity=0)
    nested = EventFactory.create(
        event_type="lesson_link_clicked", details={"lesson": {"lesson_type": "python", "name": "Ира"}}, created_at=OLD
    )
    fold_marked_people()
    fold_steps()
    fold_payments(at=timezone.now())
    rebuild_numbers(timezone.now())
    about = samples()
    names = {name for name in PAGES.keys() - SHOW_DETAILS - NOT_MEASURED.keys() if not name.endswith(FORMS)}
    addresses = [address.format(**about) for name in sorted(names) for address in PAGES[name]]
    finished = Broadcast.objects.filter(state="finished").order_by("-pk").values_list("pk", flat=True)
    addresses += [f"/messages/{pk}/" for pk in finished[:5]]
    count_problems()
    for address in ("/", "/payments/"):  # they note when they were looked at, and what they found
        staff_client.get(address)
    before = shown(staff_client, addresses)
    details = dict(Event.objects.values_list("pk", "details"))
    settings.KEEP_EVENT_DETAILS_DAYS = 30

    applied = apply_retention(at=timezone.now())
    fold_marked_people()
    fold_steps()
    rebuild_numbers(timezone.now())

    assert applied.rows["event_details"] > 50 and not applied.unfinished
    assert sum(len(numbers) for numbers in before.values()) > 1000
    changed = {pk for pk, left in Event.objects.values_list("pk", "details") if left != details[pk]}
    assert len(changed) == applied.rows["event_details"]
    assert shown(staff_client, addresses) == before
    assert list(number_differences(timezone.now())) == []
    assert list(steps_differences()) == []
    nested.refresh_from_db()
    assert nested.details == {"lesson": {"lesson_type": "python"}}


def test_what_buttons_say_stays_so_that_results_of_messages_do(settings):
    broadcast = BroadcastFactory.create(
        state=Broadcast.State.FINISHED, buttons=[[{"text": "Да", "callback_data": "yes_77"}]]
    )
    person = RecipientFactory.create(message=broadcast, sent_at=OLD).telegram_user
    event = EventFactory.create(
        telegram_user=person, event_type="pressed", created_at=OLD, details={"choice": "yes_77", "username": "ira"}
    )
    rebuild_numbers(NOW)
    settings.KEEP_EVENT_DETAILS_DAYS = 30

    apply_retention(at=NOW)

    event.refresh_from_db()
    assert event.details == {"choice": "yes_77"}


# Seals ----------------------------------------------------------------------------------------------------------------


def test_days_are_sealed_and_neither_counted_again_nor_compared(settings):
    old = EventFactory.create(created_at=OLD, details={"message_text": "Как меня зовут"})
    young = EventFactory.create(created_at=YOUNG, details={"message_text": "Вчера"})
    rebuild_numbers(NOW)
    settings.KEEP_EVENT_DETAILS_DAYS = 30

    apply_retention(at=NOW)

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.details, young.details) == (None, {"message_text": "Вчера"})
    assert list(SealedDay.objects.values_list("day", flat=True)) == [school_day(OLD)]
    DayCount.objects.filter(day=school_day(OLD)).update(number=77)
    assert list(number_differences(NOW)) == []
    rebuild_numbers(NOW)
    assert set(DayCount.objects.filter(day=school_day(OLD)).values_list("number", flat=True)) == {77}
    for options in ({}, {"check": True}):
        call_command("rebuild_statistics", stdout=(out := StringIO()), **options)
        assert f"1 days from {school_day(OLD)} to {school_day(OLD)}" in out.getvalue()


def test_the_act_marks_nobody_and_leaves_one_line_without_what_went(settings):
    EventFactory.create_batch(3, created_at=OLD, details={"message_text": "тайна", "course_id": 3})
    rebuild_numbers(NOW)
    NumberMark.objects.all().delete()
    settings.KEEP_EVENT_DETAILS_DAYS = 30

    apply_retention(at=NOW)

    assert not NumberMark.objects.exists()
    assert "тайна" not in str(list(AuditEntry.objects.values()))
    assert not AuditEntry.objects.filter(what__startswith="events").exists()
    line = AuditEntry.objects.latest("pk")
    assert (line.what, line.data) == ("retention.applied", {"event_details": 3})
    assert Event.objects.values_list("details", flat=True)[0] == {"course_id": 3}
    Event.objects.all()[0].delete()  # other changes of events have their line as before
    assert AuditEntry.objects.filter(what="events.delete").exists()


def test_the_setting_of_a_session_hides_nothing_but_lost_details():
    event = EventFactory.create(details={"a": 1})
    run_sql("SELECT set_config('hsl_dashboard.forgetting', 'on', true)")

    Event.objects.update(details={"a": 2})
    assert AuditEntry.objects.filter(what="events.update").count() == 1
    Event.objects.update(event_type="other")
    Event.objects.filter(pk=event.pk).delete()

    lines = AuditEntry.objects.filter(object_table="events")
    assert set(lines.values_list("what", flat=True)) == {"events.update", "events.delete"}


def test_a_day_that_is_not_counted_yet_keeps_its_details(settings):
    event = EventFactory.create(created_at=OLD, details={"a": "b"})
    settings.KEEP_EVENT_DETAILS_DAYS = 30

    assert list(events_rule.forget_details(OLD, Batches())) == []
    event.refresh_from_db()

    assert event.details == {"a": "b"}


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(settings, monkeypatch):
    EventFactory.create_batch(25, created_at=OLD, details={"a": "b"})
    EventFactory.create_batch(5, created_at=OLD + timedelta(days=1), details={"a": "b"})
    rebuild_numbers(NOW)
    settings.KEEP_EVENT_DETAILS_DAYS = 30
    monkeypatch.setattr("users.retention.rules.LARGEST", SMALLEST)
    batches = events_rule.forget_details(NOW - timedelta(days=30), Batches())
    assert next(batches) == SMALLEST
    batches.close()
    assert SealedDay.objects.get().emptied_at is None

    assert apply_retention(at=NOW).rows == {"event_details": 20}
    assert apply_retention(at=NOW).rows == {"event_details": 0}
    assert not Event.objects.exclude(details=None).exists()
    assert SealedDay.objects.exclude(emptied_at=None).count() == 2


# The other kinds ------------------------------------------------------------------------------------------------------


def test_records_of_exports_and_ended_sessions_go_when_they_are_old(staff, settings):
    old, young = (
        PeopleExport.objects.create(exported_by=staff, exported_at=at, format="csv", with_emails=False)
        for at in (OLD, YOUNG)
    )
    Session.objects.create(session_key="old", session_data="", expire_date=OLD)
    Session.objects.create(session_key="young", session_data="", expire_date=YOUNG)
    for at, key in ((OLD, "old"), (YOUNG, "young")):
        session = UserSession.objects.create(user=staff, ip="127.0.0.1", session_key=key, user_agent="", data={})
        UserSession.objects.filter(pk=session.pk).update(last_seen_at=at)
    settings.KEEP_EXPORT_RECORDS_DAYS = settings.KEEP_SESSIONS_DAYS = 30

    assert apply_retention(at=NOW).rows == {"export_records": 1, "sessions": 2}

    assert list(PeopleExport.objects.all()) == [young]
    assert old.pk != young.pk
    assert Session.objects.get().session_key == UserSession.objects.get().session_key == "young"


def test_audit_and_history_go_through_the_owners_function_in_batches_with_one_line(settings, monkeypatch):
    BookingFactory.create_batch(12)
    with owner_role(), connection.cursor() as cursor:
        for statement in (
            "UPDATE users_auditentry SET at = at - interval '2 years'",
            "UPDATE bookings_bookingevent SET pgh_created_at = pgh_created_at - interval '2 years'",
            "UPDATE pghistory_context SET created_at = created_at - interval '2 years'",
        ):
            cursor.execute(statement)
        cursor.execute("INSERT INTO users_auditentry (what, at) VALUES ('person.erased', now() - interval '3 years')")
    settings.KEEP_AUDIT_DAYS = 400
    monkeypatch.setattr("users.retention.rules.LARGEST", SMALLEST)
    at = timezone.now()
    [rule] = [rule for rule in keeping_rules() if rule.name == "audit"]
    batches = list(rule.forget(rule.before(at), Batches()))

    assert len(batches) > 1 and sum(batches) > 12
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bookings_bookingevent")
        assert cursor.fetchone() == (0,)
    line = AuditEntry.objects.get(what="audit.forgotten")
    assert line.data and line.data["rows"] == sum(batches)
    assert AuditEntry.objects.filter(what="person.erased").exists()


def test_files_of_sent_messages_go_and_those_that_are_needed_stay(settings):
    def stored(name: str) -> str:
        return default_storage.save(f"{FOLDER}/{name}", ContentFile(b"x"))

    gone, copied, waiting, orphan = stored("gone"), stored("copied"), stored("waiting"), stored("orphan")
    times = {"sent_at": OLD, "created_at": OLD, "finished_at": OLD, "kind": "photo"}
    over = BroadcastFactory.create(state="finished", media_upload=gone, media_name="a.png", media_file_id="F", **times)
    BroadcastFactory.create(state="finished", media_upload=copied, **times)
    BroadcastFactory.create(state="scheduled", media_upload=copied)
    BroadcastFactory.create(state="paused", media_upload=waiting, **times)
    settings.KEEP_MEDIA_DAYS = 30
    at = timezone.now() + timedelta(days=31)  # the files are of today
    [rule] = [rule for rule in keeping_rules() if rule.name == "media"]

    assert rule.count(rule.before(at)) == 2
    assert apply_retention(at=at).rows == {"media": 2}

    left = {path for path in (gone, copied, waiting, orphan) if default_storage.exists(path)}
    assert left == {copied, waiting}
    over.refresh_from_db()
    assert (over.media_upload.name, over.media_name, over.media_file_id) == ("", "a.png", "F")
