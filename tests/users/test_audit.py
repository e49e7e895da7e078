"""G8: the audit names every change and act, whoever made it, in whatever way."""

from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from bookings.models import Course, FreeLessonRegistration, HackathonRegistration, ReferralUsage
from hsl_dashboard.celery import close_context, open_context
from hsl_dashboard.db import run_sql
from messaging.models import Automation, Draft, MessageTemplate, Recipient, Segment, SendingRules, TelegramLink
from tests.factories import (
    PASSWORD,
    BookingFactory,
    BroadcastFactory,
    CourseFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    ReferralCouponFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.signing_in import reauthenticated, signed_in
from users.models import AuditEntry, BlockedUser, Event, Note, PersonTag, Tag, TelegramUser, User
from users.models.audit import NOT_AUDITED

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines():
    """What the audit says since the last call."""
    seen = {"last": 0}

    def newest() -> list[AuditEntry]:
        found = list(AuditEntry.objects.filter(pk__gt=seen["last"]).order_by("pk"))
        seen["last"] = found[-1].pk if found else seen["last"]
        return found

    seen["last"] = max(AuditEntry.objects.values_list("pk", flat=True), default=0)
    return newest


def names(found: list[AuditEntry]) -> list[str]:
    return [entry.what for entry in found]


def tables_with(trigger: str) -> set[str]:
    return {
        name
        for (name,) in run_sql("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgname ~ %s", [trigger])
    }


# Every table ----------------------------------------------------------------------------------------------------------


def test_g8_every_table_is_audited_or_named_as_not():
    by_rows, by_records, truncated = (tables_with(f"^audit_{what}") for what in ("row", "record", "truncate"))
    audited, unaudited, unnamed = set(), set(), set()
    for model in apps.get_models(include_auto_created=True):
        table, label = model._meta.db_table, model._meta.label
        if hasattr(model, "pgh_obj"):
            assert {table, model.pgh_obj.field.related_model._meta.db_table} <= truncated
            assert table in by_records, f"{table} has no trigger audit_record: its history writes no line"
            audited.add(model.pgh_obj.field.related_model._meta.label)
        elif table in by_rows | by_records and table in truncated:
            audited.add(label)
        elif label not in NOT_AUDITED:
            unnamed.add(label)
        else:
            unaudited.add(label)

    assert unnamed - audited == set(), "audit them (docs/database.md), or say in NOT_AUDITED why not"
    assert set(NOT_AUDITED) == unaudited
    assert set(NOT_AUDITED) & audited == set()


@pytest.mark.owner
def test_g8_emptying_a_table_is_a_line_whoever_does_it(lines):
    run_sql("TRUNCATE messaging_segment")
    run_sql("TRUNCATE users_auditentry")

    [entry] = AuditEntry.objects.all()
    assert (entry.what, entry.object_table) == ("users_auditentry.truncate", "users_auditentry")
    run_sql("TRUNCATE bookings CASCADE")
    assert "bookings.truncate" in names(AuditEntry.objects.all())


# Changes by raw SQL ---------------------------------------------------------------------------------------------------


def test_g8_what_the_bot_inserts_is_its_own_record(lines):
    course = CourseFactory.create()
    lines()

    run_sql("INSERT INTO users (user_id, first_name) VALUES (77001, 'Анна')")
    run_sql("INSERT INTO bookings (user_id, course_id, confirmed) VALUES (77001, %s, 0)", [course.pk])
    run_sql("INSERT INTO events (user_id, event_type, details) VALUES (77001, 'start_command', '{}')")
    run_sql("INSERT INTO free_lesson_registrations (user_id, email) VALUES (77001, 'a@example.test')")
    run_sql("UPDATE users SET updated_at = now() + interval '1 hour' WHERE user_id = 77001")

    assert lines() == []


def test_g8_a_change_of_a_booking_by_raw_sql_is_a_line_that_points_to_its_record(lines):
    booking = BookingFactory.create(confirmed=0)
    lines()

    run_sql("UPDATE bookings SET confirmed = 2 WHERE id = %s", [booking.pk])
    run_sql("UPDATE bookings SET course_stream = 'x' WHERE id = %s", [booking.pk])
    run_sql("DELETE FROM bookings WHERE id = %s", [booking.pk])

    status, stream, deleted = lines()
    assert names([status, stream, deleted]) == ["bookings.status", "bookings.update", "bookings.delete"]
    assert {(entry.object_table, entry.object_id) for entry in (status, stream, deleted)} == {
        ("bookings", str(booking.pk))
    }
    assert {(entry.telegram_user_id, entry.done_by) for entry in (status, stream, deleted)} == {
        (booking.telegram_user_id, None)
    }
    assert status.record_table == "bookings_bookingchange"
    assert stream.record_table == deleted.record_table == "bookings_bookingevent"
    with connection.cursor() as cursor:
        cursor.execute("SELECT course_stream FROM bookings_bookingevent WHERE pgh_id = %s", [stream.record_id])
        assert cursor.fetchone() == ("x",)


def test_g8_names_prices_and_registrations_keep_old_and_new(lines):
    person, course = TelegramUserFactory.create(first_name="Анна"), CourseFactory.create()
    Course.objects.filter(pk=course.pk).update(price_usd_cents=100)
    registration = FreeLessonRegistrationFactory.create(email="old@example.test")
    lines()

    TelegramUser.objects.filter(pk=person.pk).update(first_name="Яна", updated_at=timezone.now())
    Course.objects.filter(pk=course.pk).update(price_usd_cents=200)
    FreeLessonRegistration.objects.filter(pk=registration.pk).update(email="new@example.test")

    name, price, email = lines()
    assert (name.what, name.telegram_user_id) == ("users.update", person.pk)
    assert name.data == {"old": {"first_name": "Анна"}, "new": {"first_name": "Яна"}}
    assert (price.what, price.object_id) == ("courses.update", str(course.pk))
    assert price.data == {"old": {"price_usd_cents": 100}, "new": {"price_usd_cents": 200}}
    assert (email.what, email.telegram_user_id) == ("free_lesson_registrations.update", registration.telegram_user_id)
    assert email.data["new"] == {"email": "new@example.test"}


def test_g8_what_is_deleted_or_altered_of_the_bots_rows_is_a_line(lines):
    event = EventFactory.create(event_type="start_command")
    recipient, usage = RecipientFactory.create(), _usage()
    hackathon = HackathonRegistration.objects.create(telegram_user=TelegramUserFactory.create())
    lines()

    Event.objects.filter(pk=event.pk).update(event_type="other")
    for table, row in (("events", event), ("message_recipients", recipient), ("referral_usage", usage)):
        run_sql(f"DELETE FROM {table} WHERE id = %s", [row.pk])
    run_sql("DELETE FROM hackathon_registrations WHERE id = %s", [hackathon.pk])

    found = lines()
    assert names(found) == [
        "events.update", "events.delete", "message_recipients.delete", "referral_usage.delete",
        "hackathon_registrations.delete",
    ]  # fmt: skip
    assert found[0].data["old"] == {"event_type": "start_command"}
    assert found[1].data["old"]["event_type"] == "other"


def _usage() -> ReferralUsage:
    coupon, booking = ReferralCouponFactory.create(), BookingFactory.create()
    return ReferralUsage.objects.create(coupon=coupon, booking=booking, telegram_user=booking.telegram_user)


# Changes by staff -----------------------------------------------------------------------------------------------------


def test_g8_a_page_says_who_from_where_and_in_which_request(staff, staff_client, lines):
    person = TelegramUserFactory.create()
    lines()

    noted = reverse("users:note_add", args=[person.pk])
    answer = staff_client.post(noted, {"text": "позвонить"}, REMOTE_ADDR="203.0.113.9")
    staff_client.post(reverse("users:tag_add", args=[person.pk]), {"name": "vip"}, REMOTE_ADDR="203.0.113.9")

    note, *tags = lines()
    assert (note.what, note.done_by, note.telegram_user) == ("users_note.insert", staff, person)
    assert "text" not in note.data["new"]
    assert names(tags) == ["users_tag.insert", "users_persontag.insert"]
    assert {entry.address for entry in (note, *tags)} == {"203.0.113.9"}
    assert tags[0].request == tags[1].request != note.request
    assert note.request == answer["X-Request-ID"]


def test_g8_blocks_tags_and_notes_that_go_are_lines(lines):
    person = TelegramUserFactory.create()
    block = BlockedUser.objects.create(telegram_user=person, reason="spam", blocked_at=timezone.now())
    tag = PersonTag.objects.create(telegram_user=person, tag=Tag.objects.create(name="vip"))
    note = Note.objects.create(telegram_user=person, text="…", written_at=timezone.now())
    lines()

    for row in (block, tag, note):
        row.delete()

    found = lines()
    assert names(found) == ["blocked_users.delete", "users_persontag.delete", "users_note.delete"]
    assert {entry.telegram_user for entry in found} == {person}


def test_g8_what_is_made_and_changed_of_courses_and_messages_is_a_line(lines):
    lines()

    StreamFactory.create(course=CourseFactory.create(name="Haskell"))
    ReferralCouponFactory.create()
    broadcast = BroadcastFactory.create()
    broadcast.corrections.create(kind="delete")
    MessageTemplate.objects.create(name="t")
    Segment.objects.create(name="s", audience={})
    SendingRules.objects.update_or_create(pk=1, defaults={"approval_above": 5})
    Automation.objects.update(is_on=True)
    Draft.objects.create(broadcast=None).delete()

    assert {name.split(".")[0] for name in names(lines())} == {
        "courses", "bookings_stream", "referral_coupons", "message_history", "messaging_correction",
        "messaging_messagetemplate", "messaging_segment", "messaging_sendingrules", "messaging_automation",
        "messaging_draft",
    }  # fmt: skip


def test_g8_sending_and_discarding_a_draft_is_a_line_and_saving_it_is_none(lines):
    draft = Draft.objects.create(content={"text": "a"})
    draft.content = {"text": "b"}
    draft.save()
    assert lines() == []

    Draft.objects.filter(pk=draft.pk).update(broadcast=BroadcastFactory.create())
    draft.delete()

    found = [entry for entry in lines() if entry.object_table == "messaging_draft"]
    assert names(found) == ["messaging_draft.update", "messaging_draft.delete"]
    assert "content" not in found[1].data["old"]


def test_g8_a_decision_about_a_recipient_is_a_line_and_its_sending_is_none(staff, lines):
    recipient = RecipientFactory.create(state=Recipient.State.PENDING)
    lines()
    Recipient.objects.filter(pk=recipient.pk).update(state=Recipient.State.UNCERTAIN)
    assert lines() == []

    rows = Recipient.objects.filter(pk=recipient.pk)
    rows.update(state=Recipient.State.SENT, decided_by=staff, decided_at=timezone.now())

    [entry] = lines()
    assert (entry.what, entry.telegram_user_id) == ("message_recipients.update", recipient.telegram_user_id)
    assert entry.data["old"]["state"] == "uncertain"


# Staff, their rights, background tasks --------------------------------------------------------------------------------


def test_g8_an_account_is_audited_from_old_to_new_without_any_password(lines):
    account = UserFactory.create(username="vera", email="old@example.test")
    account.email, account.is_superuser = "new@example.test", True
    account.save()
    account.set_password("another-long-password")
    account.save()
    User.objects.filter(pk=account.pk).update(last_login=timezone.now())
    User.objects.filter(pk=account.pk).delete()

    made, changed, password, deleted = (entry for entry in lines() if entry.object_table == "staff_user")
    assert changed.data == {
        "old": {"email": "old@example.test", "is_superuser": False},
        "new": {"email": "new@example.test", "is_superuser": True},
    }
    assert password.data == {"old": {"password": "…"}, "new": {"password": "…"}}
    assert [made.what, deleted.what] == ["staff_user.insert", "staff_user.delete"]
    assert "md5$" not in str([entry.data for entry in (made, changed, password, deleted)])


def test_g8_groups_permissions_second_factors_and_tasks_are_lines(lines):
    account, group = UserFactory.create(), Group.objects.create(name="editors")
    permission = Permission.objects.first()
    lines()

    group.permissions.add(permission)
    group.permissions.clear()
    account.groups.add(group)
    account.user_permissions.add(permission)
    account.groups.clear()
    group.delete()
    Authenticator.objects.create(user=account, type="totp", data={"secret": "abc"})
    every = IntervalSchedule.objects.create(every=1, period="days")
    task = PeriodicTask.objects.create(name="t", task="users.cool_leads", interval=every)
    PeriodicTask.objects.filter(pk=task.pk).update(enabled=False)
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=timezone.now(), total_run_count=7)
    TelegramLink.objects.create(user=account, telegram_user=TelegramUserFactory.create(), code_hash="hash-of-it")

    found = lines()
    assert [name for name in names(found) if name != "users.insert"] == [
        "auth_group_permissions.insert", "auth_group_permissions.delete", "staff_user_groups.insert",
        "staff_user_user_permissions.insert", "staff_user_groups.delete", "auth_group.delete",
        "mfa_authenticator.insert", "django_celery_beat_periodictask.insert",
        "django_celery_beat_periodictask.update", "messaging_telegramlink.insert",
    ]  # fmt: skip
    assert "abc" not in str([entry.data for entry in found])
    assert "hash-of-it" not in str([entry.data for entry in found])
    assert found[2].data["new"]["group_id"] == group.pk or found[2].data["new"]["user_id"] == account.pk


def test_g8_a_task_is_named_by_its_id(lines):
    course = CourseFactory.create()
    lines()

    open_context(task_id="5f6c9d2e-task", task=SimpleNamespace(request={}))
    try:
        Course.objects.filter(pk=course.pk).update(name="Go")
    finally:
        close_context(task_id="5f6c9d2e-task")

    [entry] = lines()
    assert (entry.request, entry.done_by) == ("5f6c9d2e-task", None)


# What changes no row --------------------------------------------------------------------------------------------------


def test_g8_signing_in_failing_being_locked_out_and_signing_out_are_lines(lines):
    account = UserFactory.create(username="vera")
    lines()
    cache.clear()
    client = Client(REMOTE_ADDR="198.51.100.7")

    def sign_in(password: str) -> None:
        client.post(reverse("account_login"), {"login": "vera", "password": password})

    sign_in("wrong")
    sign_in(PASSWORD)
    client.post(reverse("account_logout"))
    for _ in range(7):
        sign_in("wrong")

    found = [entry for entry in lines() if entry.what.startswith("sign_")]
    assert names(found)[:3] == ["sign_in.failed", "sign_in.done", "sign_out.done"]
    assert names(found)[-1] == "sign_in.locked_out"
    assert {entry.address for entry in found} == {"198.51.100.7"}
    assert found[0].data == {"tried": "vera"}
    assert found[1].done_by == found[2].done_by == account
    assert "wrong" not in str([entry.data for entry in found])


def test_g8_a_refusal_is_a_line(lines):
    account = UserFactory.create(permissions=["users.view_telegramuser"])
    client = signed_in(account)
    lines()

    response = client.get(reverse("messaging:broadcast_list"))

    assert response.status_code == 403
    [entry] = lines()
    assert (entry.what, entry.done_by) == ("refused", account)
    assert entry.data == {"path": "/messages/", "method": "GET"}


def test_g8_downloads_and_looks_at_emails_are_lines(staff, staff_client, lines):
    booking = BookingFactory.create()
    FreeLessonRegistrationFactory.create(telegram_user=booking.telegram_user, email="hidden@example.test")
    client = reauthenticated(staff)
    lines()

    list(client.post(reverse("users:person_export"), {"format": "csv"}).streaming_content)
    staff_client.post(reverse("bookings:person_emails", args=[booking.telegram_user_id]))

    found = lines()
    assert names(found) == ["users_peopleexport.insert", "users_emaildisclosure.insert"]
    assert {entry.done_by for entry in found} == {staff}
    assert found[1].telegram_user == booking.telegram_user
