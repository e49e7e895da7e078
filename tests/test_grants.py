"""Who may do what in the database, and that the application works with no more than that."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking, BookingChange, FreeLessonRegistration
from bookings.services.statuses import change_booking_status
from hsl_dashboard.db import as_owner, run_sql, sql_value
from hsl_dashboard.grants import is_protected, keep_grants, unprotected
from tests.database_roles import APPLICATION, owner_role
from tests.factories import BookingFactory, TelegramUserFactory, UserFactory
from users.models import AuditEntry, Event, Note, TelegramUser
from users.personal_data.erasure import erase_person

BOT = "hsl_test_bot"
NEVER = ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"]

pytestmark = pytest.mark.django_db


def make_role(name: str) -> None:
    """Until the test ends: roles belong to the whole server, and go with the transaction."""
    run_sql(f"CREATE ROLE {name}")


def test_g8_the_application_may_add_to_history_and_audit_and_change_neither() -> None:
    tables = sql_value(
        "SELECT array_agg(relname ORDER BY relname) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE attname = 'pgh_id' AND relkind = 'r'"
    )
    assert isinstance(tables, list)
    assert len(tables) > 10

    for table in [*tables, "pghistory_context", "users_auditentry"]:
        column = {"pghistory_context": "id", "users_auditentry": "id"}.get(table, "pgh_id")
        for statement in NEVER:
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                run_sql(statement.format(table, column, column))


def test_g8_the_application_makes_and_drops_nothing() -> None:
    for statement in (
        "CREATE TABLE mine (id integer)",
        "DROP TABLE bookings",
        "ALTER TABLE bookings DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_record ON bookings_bookingevent",
        "CREATE OR REPLACE FUNCTION audit_truncate() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "TRUNCATE bookings",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
            run_sql(statement)


def test_the_application_changes_a_booking(staff) -> None:
    booking = BookingFactory.create(confirmed=Booking.Status.PENDING)

    change_booking_status(booking=booking, to=Booking.Status.CONFIRMED, by=staff, at=timezone.now(), reason="paid")

    assert BookingChange.objects.get(is_new=False).changed_by == staff
    assert AuditEntry.objects.get(what="bookings.status").done_by == staff


def test_the_application_signs_in_edits_exports_and_rebuilds() -> None:
    admin = UserFactory.create(username="admin", is_staff=True, is_superuser=True, password="hashslash-1234567")
    booking = BookingFactory.create()
    client = Client()

    client.post(reverse("account_login"), {"login": "admin", "password": "hashslash-1234567"})
    client.post(reverse("account_reauthenticate"), {"password": "hashslash-1234567"})
    listed = client.post(reverse("users:person_export"), {"format": "csv"})
    changed = client.post(
        reverse("admin:bookings_course_change", args=[booking.course_id]),
        {"name": "Python 2", "price_usd_cents": "1", "button_text": "Python"},
    )
    call_command("rebuild_statistics", stdout=StringIO())

    assert listed.status_code == 200
    assert b"".join(listed.streaming_content)
    assert changed.status_code == 302
    assert AuditEntry.objects.filter(what="sign_in.done", done_by=admin).exists()
    assert AuditEntry.objects.filter(what="users_peopleexport.insert", done_by=admin).exists()
    assert AuditEntry.objects.filter(what="courses.update", done_by=admin, address="127.0.0.1").exists()


def test_the_application_erases_a_person(staff) -> None:
    person = TelegramUserFactory.create(first_name="Пелагея", last_name="Каштанова")
    BookingFactory.create(telegram_user=person)
    Note.objects.create(telegram_user=person, written_by=staff, text="…", written_at=timezone.now()).delete()

    erase_person(person=person, by=staff, at=timezone.now())

    assert not AuditEntry.objects.filter(telegram_user_id=person.pk).exists()
    assert "Каштанова" not in str(list(AuditEntry.objects.values()))
    erased = AuditEntry.objects.get(what="person.erased")
    assert erased.done_by == staff
    assert erased.telegram_user_id is not None and erased.telegram_user_id >= 2**60


def test_history_of_a_person_who_is_there_is_not_erased() -> None:
    person, other = TelegramUserFactory.create(), TelegramUserFactory.create()

    for stand_in in (other.pk, 2**60 + 5):
        with pytest.raises(Exception, match="a person who has been erased"), transaction.atomic():
            run_sql("SELECT audit_erase_person(%s, %s, '[]')", [person.pk, stand_in])


def test_retention_keeps_a_year_and_writes_down_what_it_did() -> None:
    BookingFactory.create()
    with owner_role():
        run_sql("UPDATE users_auditentry SET at = now() - interval '2 years'")
        run_sql("UPDATE bookings_bookingevent SET pgh_created_at = now() - interval '2 years'")

    with pytest.raises(Exception, match="for a year at least"), transaction.atomic():
        run_sql("SELECT audit_forget(now() - interval '300 days', 1000)")
    run_sql("SELECT audit_forget(now() - interval '400 days', 1000)")

    assert sql_value("SELECT count(*) FROM bookings_bookingevent") == 0
    [entry] = AuditEntry.objects.all()
    assert entry.what == "audit.forgotten"
    assert entry.data and entry.data["rows"] > 0


@pytest.mark.owner
def test_the_bot_needs_rights_on_its_own_tables_alone() -> None:
    make_role(BOT)
    for table in ("users", "bookings", "courses", "events", "free_lesson_registrations", "message_history"):
        run_sql(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {BOT}")
    run_sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {BOT}")
    course = BookingFactory.create().course_id
    run_sql(f"SET LOCAL ROLE {BOT}")

    run_sql("INSERT INTO bookings (user_id, course_id, confirmed) VALUES (4242, %s, 0)", [course])
    run_sql("UPDATE bookings SET confirmed = 2 WHERE user_id = 4242")
    run_sql("INSERT INTO events (user_id, event_type, details) VALUES (4242, 'start_command', '{}')")
    run_sql("INSERT INTO free_lesson_registrations (user_id, email) VALUES (4242, 'a@example.test')")

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        run_sql("INSERT INTO users_auditentry (what) VALUES ('forged')")
    run_sql("RESET ROLE")
    assert TelegramUser.objects.filter(pk=4242).exists()
    assert Event.objects.count() == FreeLessonRegistration.objects.count() == 1
    [entry] = AuditEntry.objects.filter(telegram_user=4242)
    assert (entry.what, entry.done_by) == ("bookings.status", None)


def test_check_grants_proves_the_applications_role() -> None:
    out = StringIO()

    call_command("check_grants", role=APPLICATION, stdout=out)

    assert "changes neither" in out.getvalue()


@pytest.mark.owner
def test_check_grants_names_what_is_wrong_and_the_sql_against_it() -> None:
    run_sql(f"GRANT DELETE ON users_auditentry TO {APPLICATION}")
    run_sql(f"REVOKE UPDATE ON bookings FROM {APPLICATION}")
    run_sql("ALTER FUNCTION audit_truncate() SECURITY INVOKER")
    out = StringIO()

    with pytest.raises(CommandError, match=APPLICATION):
        call_command("check_grants", role=APPLICATION, stdout=out)

    text = out.getvalue()
    assert f"{APPLICATION} may DELETE on users_auditentry." in text
    assert f"{APPLICATION} lacks UPDATE on bookings." in text
    assert "audit_truncate() does not write as the owner" in text
    for statement in re.findall(r"^((?:GRANT|REVOKE|ALTER) .*);$", text, re.MULTILINE):
        run_sql(statement)
    assert unprotected(APPLICATION) == []


@pytest.mark.owner
def test_check_grants_says_what_one_role_for_everything_leaves_open() -> None:
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("check_grants", stdout=out)

    assert "is a superuser: it may change and delete everything" in out.getvalue()
    make_role("hsl_test_owner")
    run_sql("ALTER TABLE bookings OWNER TO hsl_test_owner")
    assert "owns tables" in " ".join(unprotected("hsl_test_owner"))
    assert unprotected("nobody_of_this_name") == ["The role nobody_of_this_name does not exist."]


@pytest.mark.owner
def test_migrate_makes_the_applications_role_and_keeps_its_grants(settings, monkeypatch) -> None:
    application = settings.DATABASES["default"] | {"USER": "hsl_test_newcomer", "PASSWORD": "p'ss"}
    monkeypatch.setitem(settings.DATABASES, "default", application)
    monkeypatch.setitem(connection.settings_dict, "USER", "the owner")
    settings.OWNER_DATABASE = connection.settings_dict

    keep_grants()
    run_sql("GRANT DELETE ON users_auditentry TO hsl_test_newcomer")
    keep_grants()

    assert unprotected("hsl_test_newcomer") == []


@pytest.mark.owner
@pytest.mark.django_db(transaction=True)
def test_migrate_connects_as_the_owner_and_stays_in_this_database(settings) -> None:
    name = connection.settings_dict["NAME"]
    run_sql("DROP ROLE IF EXISTS hsl_test_login")
    run_sql("CREATE ROLE hsl_test_login LOGIN PASSWORD 'secret'")
    settings.OWNER_DATABASE = {"USER": "hsl_test_login", "PASSWORD": "secret", "NAME": "another"}
    try:
        with as_owner():
            inside = sql_value("SELECT current_user"), sql_value("SELECT current_database()")
        assert inside == ("hsl_test_login", name)
        assert sql_value("SELECT current_user") != "hsl_test_login"
    finally:
        run_sql("DROP ROLE hsl_test_login")


def test_the_protected_tables_are_history_contexts_and_the_audit() -> None:
    assert is_protected(AuditEntry)
    assert not is_protected(Booking)
