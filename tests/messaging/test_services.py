"""What staff can do with a broadcast, and what they are refused."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from messaging.audiences.criteria import Audience, InStream, individuals
from messaging.broadcasts.services.acts import (
    cancel_broadcast,
    pause_broadcast,
    resume_broadcast,
    retry_failed,
    retryable_counts,
)
from messaging.broadcasts.services.copying import clone_broadcast, resend_to_missed
from messaging.broadcasts.services.correcting import delete_for_everyone, edit_for_everyone
from messaging.content.content import Content
from messaging.delivery import lifecycle
from messaging.delivery.services import (
    BroadcastMoved,
    MessageRefused,
    create_broadcast,
    edit_broadcast,
    schedule_broadcast,
    start_broadcast,
)
from messaging.models import Broadcast, Correction, Recipient
from tests.factories import BookingFactory, BroadcastFactory, RecipientFactory, TelegramUserFactory
from users.models import BlockedUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kept_counts", "woken")]

State = Broadcast.State
NOW = timezone.now()


def content(audience: Audience | None = None, **fields) -> Content:
    audience = audience or individuals([TelegramUserFactory.create().pk])
    return Content(**{"text": "Привет", "audience": audience.as_json(), **fields})


def begun(staff, audience: Audience | None = None, token=None, **fields) -> Broadcast:
    return create_broadcast(content=content(audience, **fields), by=staff, at=NOW, token=token)


def planned(staff, audience: Audience | None = None, *, starts_at=NOW + timedelta(days=1), **fields) -> Broadcast:
    return begun(staff, audience, when="at", at=starts_at.isoformat(), **fields)


def state_of(broadcast: Broadcast) -> str:
    return Broadcast.objects.get(pk=broadcast.pk).state


def test_a_message_is_stored_with_everything_it_needs(staff):
    line = {"text": "Да", "target": "yes", "row": "1"}

    broadcast = planned(staff, kind="photo", media_file_id="AgAC", buttons=[line], silent=True)

    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.created_by, broadcast.silent) == (State.SCHEDULED, staff, True)
    assert broadcast.buttons == [[{"text": "Да", "callback_data": "yes"}]]
    assert broadcast.events.get().pgh_context.metadata["user"] == staff.pk


# What the previous dashboard's scheduler sends (spec/database.md).
PREVIOUS_SCHEDULER = {"scheduled_at__lte": NOW + timedelta(days=365), "successful_deliveries": 0}


@pytest.mark.parametrize("starts_at", [None, NOW + timedelta(days=1)])
def test_f1_a_row_is_born_with_the_moment_by_which_the_previous_history_sorts(staff, starts_at):
    broadcast = planned(staff, starts_at=starts_at) if starts_at else begun(staff)

    broadcast.refresh_from_db()
    assert broadcast.sent_at == NOW
    assert broadcast.state == (State.SCHEDULED if starts_at else State.SENDING)


def test_f2_the_previous_scheduler_never_sees_what_we_plan(staff):
    moved, late = planned(staff), planned(staff, starts_at=NOW - timedelta(hours=3))
    schedule_broadcast(broadcast=moved, starts_at=NOW + timedelta(days=2), by=staff)
    lifecycle.hold_late(at=NOW)

    assert state_of(late) == State.HELD
    assert not Broadcast.objects.filter(**PREVIOUS_SCHEDULER).exists()


@pytest.mark.parametrize("act", ["start", "schedule", "cancel"])
def test_f2_what_staff_take_over_is_the_previous_schedulers_no_longer(staff, act):
    theirs = BroadcastFactory.create(
        state=State.HELD, state_reason="previous_dashboard", scheduled_at=NOW + timedelta(hours=1)
    )
    assert Broadcast.objects.filter(**PREVIOUS_SCHEDULER).exists()

    if act == "start":
        start_broadcast(broadcast=theirs, by=staff, at=NOW)
    elif act == "schedule":
        schedule_broadcast(broadcast=theirs, starts_at=NOW + timedelta(days=1), by=staff)
    else:
        cancel_broadcast(broadcast=theirs, by=staff, at=NOW)

    assert not Broadcast.objects.filter(**PREVIOUS_SCHEDULER).exists()
    theirs.refresh_from_db()
    assert theirs.planned_at == NOW + (timedelta(days=1) if act == "schedule" else timedelta(hours=1))


def test_old_readers_see_a_stream_as_a_group(staff):
    stream = begun(staff, Audience(include=(InStream("5th_stream"),)))
    person = begun(staff)

    assert (stream.recipient_type, stream.recipient_group) == ("group", "5th_stream")
    assert (person.recipient_type, person.recipient_group) == ("individual", None)


@pytest.mark.parametrize("fields", [{"text": "<b>x"}, {"text": ""}, {"kind": "photo"}, {"buttons": [{"text": "x"}]}])
def test_what_telegram_would_refuse_is_not_stored(staff, fields):
    with pytest.raises(MessageRefused) as refused:
        begun(staff, **fields)

    assert refused.value.problems
    assert not Broadcast.objects.exists()


def test_a_form_posted_twice_lands_on_the_same_broadcast(staff):
    token = uuid4()

    first, second = begun(staff, token=token), begun(staff, token=token, text="Другое")

    assert first == second
    assert Broadcast.objects.count() == 1
    assert Recipient.objects.count() == 1


def test_starting_freezes_the_audience_and_wakes_a_runner(staff, woken, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        broadcast = begun(staff)

    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.started_at, broadcast.total_recipients) == (State.SENDING, NOW, 1)
    assert broadcast.recipients.get().state == Recipient.State.PENDING
    assert woken == [broadcast.pk]


def test_two_who_start_start_it_once(staff):
    broadcast = planned(staff)
    start_broadcast(broadcast=broadcast, by=staff, at=NOW)

    with pytest.raises(BroadcastMoved) as moved:
        start_broadcast(broadcast=broadcast, by=staff, at=NOW)

    assert moved.value.state == State.SENDING
    assert broadcast.recipients.count() == 1


def test_a_broadcast_that_was_held_is_sent_to_the_rows_it_has(staff):
    row = RecipientFactory.create(message__state=State.HELD)

    start_broadcast(broadcast=row.message, by=staff, at=NOW)

    assert state_of(row.message) == State.SENDING
    assert row.message.recipients.count() == 1


class TestScheduled:
    def test_it_starts_when_its_time_has_come(self, staff):
        broadcast = planned(staff, starts_at=NOW + timedelta(minutes=5))

        assert lifecycle.start_scheduled(at=NOW + timedelta(minutes=4)) == []
        assert lifecycle.start_scheduled(at=NOW + timedelta(minutes=5, seconds=3)) == [broadcast.pk]
        assert lifecycle.start_scheduled(at=NOW + timedelta(minutes=6)) == []

    def test_it_is_held_when_it_is_found_too_late(self, staff):
        broadcast = planned(staff, starts_at=NOW)

        assert lifecycle.start_scheduled(at=NOW + timedelta(hours=3)) == []

        broadcast.refresh_from_db()
        assert (broadcast.state, broadcast.state_reason) == (State.HELD, "late")
        schedule_broadcast(broadcast=broadcast, starts_at=NOW + timedelta(days=1), by=staff)
        assert state_of(broadcast) == State.SCHEDULED

    def test_the_audience_is_asked_at_the_start(self, staff):
        broadcast = planned(staff, Audience(include=(InStream("a"),)), starts_at=NOW)
        later = BookingFactory.create(course_stream="a", confirmed=2)

        lifecycle.start_scheduled(at=NOW)

        assert broadcast.recipients.get().telegram_user_id == later.telegram_user_id


def test_pausing_resuming_and_cancelling(staff, woken, django_capture_on_commit_callbacks):
    sent = RecipientFactory.create(message__state=State.SENDING, state="sent")
    broadcast = sent.message
    waiting = RecipientFactory.create(message=broadcast)

    pause_broadcast(broadcast=broadcast, by=staff, at=NOW)
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.state_reason, broadcast.paused_at) == (State.PAUSED, "staff", NOW)
    with pytest.raises(BroadcastMoved):
        pause_broadcast(broadcast=broadcast, by=staff, at=NOW)

    with django_capture_on_commit_callbacks(execute=True):
        resume_broadcast(broadcast=broadcast, by=staff)
    assert woken == [broadcast.pk]

    cancel_broadcast(broadcast=broadcast, by=staff, at=NOW)
    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.state, sent.state, state_of(broadcast)) == ("cancelled", "sent", State.CANCELLED)
    with pytest.raises(BroadcastMoved):
        resume_broadcast(broadcast=broadcast, by=staff)


def test_the_text_can_be_changed_until_it_is_sent_and_while_paused(staff):
    broadcast = planned(staff)
    edit_broadcast(broadcast=broadcast, by=staff, at=NOW, text="Второе")
    start_broadcast(broadcast=broadcast, by=staff, at=NOW)

    with pytest.raises(BroadcastMoved):
        edit_broadcast(broadcast=broadcast, by=staff, at=NOW, text="Третье")
    pause_broadcast(broadcast=broadcast, by=staff, at=NOW)
    edit_broadcast(broadcast=broadcast, by=staff, at=NOW, text="Четвёртое")

    broadcast.refresh_from_db()
    assert broadcast.message_text == "Четвёртое"


def test_only_what_may_be_retried_is_retried(staff):
    broadcast = BroadcastFactory.create(state=State.FINISHED)
    rows = {
        reason: RecipientFactory.create(message=broadcast, state="failed", reason=reason)
        for reason in ["bad_request", "blocked", "deactivated", "migrated", "no_chat"]
    }
    BlockedUser.objects.create(telegram_user=rows["no_chat"].telegram_user)
    RecipientFactory.create(message=broadcast, state="sent")

    assert retryable_counts(broadcast=broadcast) == {"bad_request": 1, "blocked": 1}
    assert retry_failed(broadcast=broadcast, by=staff, reasons=["bad_request", "deactivated"]) == 1

    assert Recipient.objects.get(pk=rows["bad_request"].pk).state == "pending"
    assert Recipient.objects.get(pk=rows["blocked"].pk).state == "failed"
    assert state_of(broadcast) == State.SENDING


def test_retrying_what_was_cancelled_is_refused(staff):
    row = RecipientFactory.create(message__state=State.CANCELLED, state="failed", reason="bad_request")

    with pytest.raises(BroadcastMoved):
        retry_failed(broadcast=row.message, by=staff)


def test_those_who_missed_it_exclude_those_who_may_have_it(staff):
    broadcast = planned(staff)
    rows = {
        s: RecipientFactory.create(message=broadcast, state=s) for s in ["failed", "sent", "uncertain", "cancelled"]
    }

    clone = clone_broadcast(broadcast=broadcast, by=staff, at=NOW)
    missed = resend_to_missed(broadcast=broadcast, by=staff, at=NOW)

    assert clone.content["audience"] == broadcast.audience
    people = Audience.from_json(missed.content["audience"]).people(at=NOW).filter(reason="")
    assert {one.pk for one in people} == {rows["failed"].telegram_user_id, rows["cancelled"].telegram_user_id}


def test_a_message_of_the_previous_dashboard_is_cloned_for_the_same_people(staff):
    row = RecipientFactory.create(message__state=State.FINISHED, state="sent")

    clone = clone_broadcast(broadcast=row.message, by=staff, at=NOW)

    people = Audience.from_json(clone.content["audience"]).people(at=NOW)
    assert [one.pk for one in people] == [row.telegram_user_id]


class TestCorrections:
    def sent(self, **fields) -> Recipient:
        return RecipientFactory.create(
            **{"message__state": State.FINISHED, "state": "sent", "sent_at": NOW, "telegram_message_id": 5, **fields}
        )

    def test_young_messages_are_taken_and_old_or_unsent_ones_are_not(self, staff, woken):
        row = self.sent()
        self.sent(message=row.message, sent_at=NOW - timedelta(hours=49))
        self.sent(message=row.message, state="failed")

        correction = delete_for_everyone(broadcast=row.message, by=staff, at=NOW)

        assert [one.recipient for one in correction.messages.all()] == [row]
        assert (correction.kind, correction.created_by) == (Correction.Kind.DELETE, staff)

    def test_one_at_a_time(self, staff):
        row = self.sent()
        delete_for_everyone(broadcast=row.message, by=staff, at=NOW)

        with pytest.raises(BroadcastMoved):
            edit_for_everyone(broadcast=row.message, by=staff, at=NOW, text="Другое")

    def test_not_while_it_is_being_sent_and_not_with_a_text_that_telegram_refuses(self, staff):
        row = self.sent(message__state=State.SENDING)

        with pytest.raises(BroadcastMoved):
            delete_for_everyone(broadcast=row.message, by=staff, at=NOW)
        with pytest.raises(MessageRefused):
            edit_for_everyone(broadcast=row.message, by=staff, at=NOW, text="<b>")
