"""One runner at work: everybody gets it once, every outcome is recorded, and every reason to stop stops it."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from PIL import Image
from redis import Redis

from messaging.delivery import lifecycle
from messaging.delivery.limiter import connect_limiter
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.delivery.tasks import run_broadcast
from messaging.models import Broadcast, Recipient, Runner
from tests.factories import BroadcastFactory, TelegramUserFactory
from tests.warm_redis import warm_up
from users.models import AuditEntry, BlockedUser

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine", "kept_counts")]

State = Broadcast.State


def broadcast_to(count: int, **fields) -> Broadcast:
    broadcast = BroadcastFactory.create(**{"state": State.SENDING, "started_at": timezone.now(), **fields})
    people = TelegramUserFactory.create_batch(count)
    Recipient.objects.bulk_create(
        Recipient(message=broadcast, telegram_user=person, state="pending") for person in people
    )
    return broadcast


def run(broadcast: Broadcast, *, seconds: float = 5) -> bool:
    goes_on = run_queue(SendQueue(broadcast.pk), seconds=seconds, at_most=seconds)
    broadcast.refresh_from_db()
    return goes_on


def states(broadcast: Broadcast) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in broadcast.recipients.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_everybody_gets_it_once_and_the_broadcast_is_finished(telegram):
    broadcast = broadcast_to(300)

    goes_on = run(broadcast)

    assert not goes_on
    assert broadcast.state == State.FINISHED
    assert (broadcast.total_recipients, broadcast.successful_deliveries) == (300, 300)
    assert states(broadcast) == {"sent": 300}
    assert set(telegram.accepted_counts().values()) == {1}
    sent = {entry.chat_id: entry.message_id for entry in telegram.ledger(accepted=True)}
    assert dict(broadcast.recipients.values_list("telegram_user_id", "telegram_message_id")) == sent
    assert not Runner.objects.exists()


def test_a_runner_gives_back_the_slots_that_it_has_no_rows_for(settings, monkeypatch):
    settings.TELEGRAM_MESSAGES_PER_SECOND = 40.0
    monkeypatch.setattr("messaging.delivery.limiter.AHEAD", 80)  # slots are given out two seconds ahead
    monkeypatch.setattr("messaging.delivery.limiter.LONGEST", 2.0)
    broadcast = broadcast_to(1)

    run(broadcast)

    with Redis.from_url(settings.REDIS_URL) as redis:
        last_slot = int(redis.get(connect_limiter().keys[0])) / 1e6
    assert states(broadcast) == {"sent": 1}
    assert last_slot <= time.time()


def test_a_runner_that_has_no_time_left_asks_for_another_and_loses_nothing(telegram, settings):
    settings.TELEGRAM_MESSAGES_PER_SECOND = 50.0
    broadcast = broadcast_to(60)

    first = run(broadcast, seconds=0.4)
    between = states(broadcast)
    while run(broadcast):
        pass

    assert first
    assert set(between) == {"sent", "pending"}
    assert states(broadcast) == {"sent": 60}
    assert not telegram.duplicates()


def test_a_runner_goes_on_while_nobody_else_waits_and_makes_room_when_somebody_does(telegram, settings):
    settings.TELEGRAM_MESSAGES_PER_SECOND = 25.0
    alone = broadcast_to(40)
    goes_on = run_queue(SendQueue(alone.pk), seconds=0.1, at_most=10)
    assert (goes_on, states(alone)) == (False, {"sent": 40})

    first, second = broadcast_to(60), broadcast_to(1)
    goes_on = run_queue(SendQueue(first.pk), seconds=0.1, at_most=10)

    assert goes_on
    assert states(first)["pending"] > 20
    assert states(second) == {"pending": 1}


def test_the_rate_is_held(telegram, settings):
    settings.TELEGRAM_MESSAGES_PER_SECOND = 30.0
    broadcast = broadcast_to(75)

    started = time.monotonic()
    run(broadcast)
    took = time.monotonic() - started

    assert states(broadcast) == {"sent": 75}
    assert telegram.peaks().requested <= 30
    assert 2.3 < took < 3.2


def test_what_stands_in_for_a_placeholder_is_escaped(telegram):
    broadcast = broadcast_to(1, message_text="Привет, <b>{first_name|друг}</b> @{username}")
    person = broadcast.recipients.get().telegram_user
    person.first_name = "<Анна> & Ко"
    person.save()

    run(broadcast)

    [entry] = telegram.ledger()
    assert entry.text == f"Привет, <b>&lt;Анна&gt; &amp; Ко</b> @{person.username}"
    assert states(broadcast) == {"sent": 1}


def test_who_has_no_value_for_a_placeholder_is_skipped_by_name(telegram):
    broadcast = broadcast_to(2, message_text="{username}")
    nameless = broadcast.recipients.first().telegram_user
    nameless.username = None
    nameless.save()

    run(broadcast)

    row = broadcast.recipients.get(telegram_user=nameless)
    assert (row.state, row.reason, row.error_text) == ("skipped", "no_value", "{username}")
    assert broadcast.state == State.FINISHED
    assert broadcast.total_recipients == 1


@pytest.mark.parametrize(
    ("kind", "method"), [("photo", "sendPhoto"), ("video", "sendVideo"), ("document", "sendDocument")]
)
def test_a_file_goes_up_once_and_its_id_serves_the_rest(telegram, settings, tmp_path, kind, method):
    settings.MEDIA_ROOT = tmp_path
    Image.new("RGB", (1, 1)).save(tmp_path / "a.png")
    broadcast = broadcast_to(40, kind=kind, media_upload="a.png", message_text="")

    run(broadcast)
    run(broadcast_to(2, kind=kind, media_file_id=broadcast.media_file_id, message_text="Подпись"))

    assert states(broadcast) == {"sent": 40}
    entries = telegram.ledger(accepted=True)
    assert {entry.method for entry in entries} == {method}
    assert [entry.text for entry in entries] == [""] * 40 + ["Подпись"] * 2
    assert len({entry.file for entry in entries}) == 1


def test_a_file_that_is_gone_pauses_before_anybody_is_claimed(telegram):
    broadcast = broadcast_to(2, kind="document", media_upload="nowhere.txt")

    run(broadcast)

    assert broadcast.state == State.PAUSED
    assert broadcast.state_reason.startswith("no_file: ")
    assert states(broadcast) == {"pending": 2}


def test_blocked_people_fail_for_good_and_are_remembered(telegram):
    broadcast = broadcast_to(3)
    blocked, gone = broadcast.recipients.all()[:2]
    telegram.block(blocked.telegram_user_id)
    telegram.set_state(gone.telegram_user_id, "unknown")

    run(broadcast)

    blocked.refresh_from_db()
    assert (blocked.state, blocked.reason, blocked.error_code) == ("failed", "blocked", 403)
    assert "blocked by the user" in blocked.error_text
    assert dict(BlockedUser.objects.values_list("telegram_user_id", "reason")) == {
        blocked.telegram_user_id: "bot_blocked_by_user",
        gone.telegram_user_id: "chat_not_found",
    }
    assert states(broadcast) == {"failed": 2, "sent": 1}


def test_an_answer_that_never_comes_is_uncertain_and_not_asked_again(telegram):
    broadcast = broadcast_to(30)
    lost = broadcast.recipients.order_by("id")[20].telegram_user_id
    telegram.fault("drop_after", chat_id=lost)

    run(broadcast)

    row = broadcast.recipients.get(telegram_user=lost)
    assert (row.state, row.reason) == ("uncertain", "no_answer")
    assert telegram.accepted_counts()[lost] == 1
    assert broadcast.state == State.FINISHED


def test_a_429_halts_everybody_fails_nobody_and_is_kept_in_the_database(telegram):
    broadcast = broadcast_to(60)
    telegram.fault("too_many_requests", retry_after=1, times=1)

    run(broadcast, seconds=8)

    entries = telegram.ledger()
    refused = next(entry for entry in entries if entry.status == 429)
    later = [entry.monotonic for entry in entries if entry.monotonic > refused.monotonic + 0.1]
    assert min(later) >= refused.monotonic + 0.99
    assert states(broadcast) == {"sent": 60}


def test_a_long_halt_ends_the_runner_and_nobody_wakes_another_before_its_end(telegram):
    broadcast = broadcast_to(20)
    telegram.fault("too_many_requests", retry_after=3600, times=1)

    goes_on = run(broadcast)

    assert not goes_on
    assert broadcast.state == State.SENDING
    assert broadcast.halted_until and broadcast.halted_until > timezone.now() + timedelta(minutes=59)
    assert "sending" not in states(broadcast)
    assert "failed" not in states(broadcast)
    assert lifecycle.waiting_for_a_runner(at=timezone.now(), wanted=1) == ([], [])
    after = timezone.now() + timedelta(seconds=3601)
    assert lifecycle.waiting_for_a_runner(at=after, wanted=2) == ([broadcast.pk] * 2, [])


def test_a_redis_that_forgets_the_halt_learns_it_from_the_database(telegram, settings):
    broadcast = broadcast_to(20)
    telegram.fault("too_many_requests", retry_after=3600, times=1)
    run(broadcast)
    Redis.from_url(settings.REDIS_URL).flushdb()
    calls = len(telegram.ledger())

    run(broadcast, seconds=2)

    assert len(telegram.ledger()) == calls


def test_a_message_that_telegram_refuses_pauses_before_everyone_fails(telegram):
    broadcast = broadcast_to(100, message_text="<b>Незакрытый тег")

    run(broadcast)

    assert broadcast.state == State.PAUSED
    assert broadcast.state_reason.startswith("same_refusal: Can't parse entities")
    assert states(broadcast)["failed"] <= 6
    assert "sending" not in states(broadcast)


def test_a_burst_of_lost_answers_pauses(telegram):
    broadcast = broadcast_to(400)
    telegram.fault("server_error", status=500, text_contains="Привет", nth=2)

    run(broadcast)

    assert broadcast.state == State.PAUSED
    assert broadcast.state_reason.startswith("no_answers: ")


def test_a_wrong_token_pauses_and_fails_nobody(telegram, settings):
    settings.BOT_TOKEN = "malformed"
    warm_up(settings)
    broadcast = broadcast_to(20)

    run(broadcast)

    assert broadcast.state == State.PAUSED
    assert broadcast.state_reason.startswith("wrong_token: ")
    assert states(broadcast) == {"pending": 20}


def test_no_token_pauses(settings):
    settings.BOT_TOKEN = ""
    broadcast = broadcast_to(1)

    run(broadcast)

    assert broadcast.state_reason.startswith("wrong_token")


def test_a_telegram_that_cannot_be_reached_is_tried_again_later(settings):
    settings.TELEGRAM_API_URL = "http://127.0.0.1:9"
    broadcast = broadcast_to(3)

    run(broadcast, seconds=0.5)

    assert states(broadcast) == {"pending": 3}
    assert {row.reason for row in broadcast.recipients.all()} == {"unreachable"}
    assert all(row.claimed_at and row.next_try_at > row.claimed_at for row in broadcast.recipients.all())


def test_without_redis_nothing_is_sent_and_nothing_is_lost(telegram, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    broadcast = broadcast_to(5)

    goes_on = run(broadcast, seconds=1)

    assert goes_on
    assert states(broadcast) == {"pending": 5}
    assert telegram.ledger() == []


@pytest.mark.parametrize("state", [s for s in State if s != State.SENDING])
def test_only_a_broadcast_that_is_sending_is_sent(telegram, state):
    broadcast = broadcast_to(2, state=state)

    assert not run(broadcast)

    assert telegram.ledger() == []
    assert states(broadcast) == {"pending": 2}


def test_no_more_runners_than_wanted_work_on_a_broadcast(telegram):
    broadcast = broadcast_to(2)
    Runner.objects.create(broadcast=broadcast, worker="another:1")

    assert not run_queue(SendQueue(broadcast.pk), most=1)
    assert telegram.ledger() == []


def test_a_runner_that_is_silent_is_replaced(telegram):
    broadcast = broadcast_to(2)
    Runner.objects.create(broadcast=broadcast, worker="dead:1", seen_at=timezone.now() - timedelta(minutes=2))

    assert lifecycle.waiting_for_a_runner(at=timezone.now(), wanted=1) == ([broadcast.pk], [])

    run(broadcast)
    assert states(broadcast) == {"sent": 2}


def test_the_database_connections_of_a_runner_are_closed():
    broadcast = broadcast_to(1)
    before = connections_of_this_test()

    run(broadcast)

    deadline = time.monotonic() + 5  # PostgreSQL takes a moment to forget a backend
    while connections_of_this_test() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert connections_of_this_test() <= before


def connections_of_this_test() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_a_result_that_the_database_refuses_takes_no_other_along(telegram, monkeypatch):
    broadcast = broadcast_to(5)
    refused = broadcast.recipients.order_by("id")[2]
    send = SendQueue.call

    async def call(self, bot, claim):
        outcome = await send(self, bot, claim)
        return replace(outcome, telegram_message_id=2**40) if claim.id == refused.pk else outcome

    monkeypatch.setattr(SendQueue, "call", call)

    run(broadcast, seconds=1)

    assert states(broadcast) == {"sent": 4, "sending": 1}
    lifecycle.rescue_dead_claims(at=timezone.now() + timedelta(hours=1))
    assert states(broadcast) == {"sent": 4, "uncertain": 1}


def test_g8_what_a_runner_writes_names_its_task(telegram):
    broadcast = broadcast_to(2)
    telegram.block(broadcast.recipients.all()[0].telegram_user_id)
    before = set(AuditEntry.objects.values_list("pk", flat=True))

    run_broadcast.apply([broadcast.pk], task_id="5f6c9d2e-run", throw=True)

    written = AuditEntry.objects.exclude(pk__in=before).values_list("what", "request")
    assert set(written) == {("blocked_users.insert", "5f6c9d2e-run"), ("message_history.update", "5f6c9d2e-run")}
