"""The history of messages, the page of one, and what staff do there."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from messaging.audiences.criteria import Audience, Everyone, Hackathon, InStream, NotStudents
from messaging.models import Broadcast, Recipient
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.messaging.broadcasts import group, page, recipients
from users.models import BlockedUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

LIST = reverse("messaging:broadcast_list")
HTMX = {"HX-Request": "true"}
State, Outcome = Broadcast.State, Recipient.State
VIEWER = ["messaging.view_broadcast"]


@pytest.fixture
def viewer_client(client):
    client.force_login(UserFactory.create(permissions=VIEWER))
    return client


def found(client, **query) -> list[Broadcast]:
    response = client.get(LIST, query)
    assert response.status_code == 200, response.context["form"].errors
    return [row.broadcast for row in response.context["rows"]]


# The list -------------------------------------------------------------------------------------------------------------


def test_the_list_counts_rows_and_not_what_the_message_says_of_itself(staff_client):
    broadcast = group(total_recipients=999, successful_deliveries=999)
    recipients(broadcast, sent=3, failed=2, uncertain=1, pending=1, skipped=4)
    RecipientFactory.create(message=broadcast, state="sent", reason="duplicate")

    [row] = staff_client.get(LIST).context["rows"]

    numbers = row.numbers
    assert (numbers.sent, numbers.failed, numbers.uncertain, numbers.waiting, numbers.skipped) == (3, 2, 1, 1, 5)
    assert numbers.total == 7


def test_the_list_costs_the_same_for_one_message_and_for_many(staff_client, django_assert_max_num_queries):
    for _ in range(12):
        recipients(group(), sent=2)

    with django_assert_max_num_queries(20):
        staff_client.get(LIST)


def test_every_filter_narrows_the_list(staff_client, staff):
    old = group(message_text="Старт завтра", sent_at=timezone.now() - timedelta(days=40))
    letter = BroadcastFactory.create(message_text="Здравствуйте", recipient_type="individual", created_by=staff)
    photo = group(kind="photo", recipient_group="5th_stream", state=State.CANCELLED)
    question = {"include": [{"kind": "stream", "code": "5th_stream", "course_id": None, "statuses": [2]}]}
    both = group(recipient_group="stream,stream", audience=question)
    recently = (timezone.now() - timedelta(days=3)).date().isoformat()

    assert found(staff_client, q="СТАРТ") == [old]
    assert found(staff_client, q=f"#{photo.pk}") == [photo]
    assert found(staff_client, to="individual") == [letter]
    assert found(staff_client, to="5th_stream") == [both, photo]
    assert found(staff_client, state="cancelled") == [photo]
    assert found(staff_client, kind="photo") == [photo]
    assert found(staff_client, author=staff.pk) == [letter]
    assert found(staff_client, author="none") == [both, photo, old]
    assert found(staff_client, until=recently) == [old]
    assert old not in found(staff_client, since=recently)


def test_reports_to_authors_and_automations_have_filters_of_their_own(staff_client):
    letter = BroadcastFactory.create(recipient_type="individual")
    fired = BroadcastFactory.create(recipient_type="automation", recipient_group="booking_confirmed")
    report = BroadcastFactory.create(recipient_type="report")
    unnamed = BroadcastFactory.create(recipient_type=None)

    assert {one.pk for one in found(staff_client)} == {letter.pk, fired.pk, unnamed.pk}
    assert found(staff_client, to="by:report") == [report]
    assert found(staff_client, to="by:automation") == [fired]
    assert {one.pk for one in found(staff_client, to="individual")} == {letter.pk, unnamed.pk}
    assertContains(staff_client.get(LIST, {"to": "by:automation"}), "Автоматически: Бронирование подтверждено")


def test_groups_are_called_by_their_names(staff_client):
    StreamFactory.create(code="8th_stream", name="8-й поток")
    old = group(recipient_group="non_course")
    many = group(
        recipient_group="stream,stream,hackathon",
        audience=Audience(
            include=(InStream(course_id=None, code="8th_stream"), Hackathon(), Everyone(), NotStudents())
        ).as_json(),
    )

    audiences = {row.broadcast: row.audience for row in staff_client.get(LIST).context["rows"]}

    assert audiences[old] == "Все кроме учеников"
    assert audiences[many] == "подтверждённые: 8-й поток; Хакатон; Все, кого знает бот и ещё 1"
    assertContains(staff_client.get(LIST), '<option value="non_course">Все кроме учеников</option>', html=True)


def test_what_is_to_come_stands_above_with_what_can_be_done(staff_client, viewer_client):
    planned = group(state=State.SCHEDULED, starts_at=timezone.now() + timedelta(days=1), message_text="Завтра")

    response = staff_client.get(LIST)

    assert [row.broadcast for row in response.context["to_come"]] == [planned]


@pytest.mark.parametrize("name", ["broadcast_list", "blocked_list"])
def test_pages_need_their_permission(client, name):
    assert client.get(reverse(f"messaging:{name}")).status_code == 302
    client.force_login(UserFactory.create())
    assert client.get(reverse(f"messaging:{name}")).status_code == 403


# Who may read what ----------------------------------------------------------------------------------------------------


def test_a_viewer_sees_the_counts_of_a_letter_but_not_its_text(viewer_client):
    letter = BroadcastFactory.create(message_text="Ваш долг", recipient_type="individual", state=State.FINISHED)
    everyone = group(message_text="Урок в семь")
    recipients(letter, sent=1)

    assertNotContains(viewer_client.get(LIST), "Ваш долг")
    assertContains(viewer_client.get(LIST), "Урок в семь")
    assertNotContains(viewer_client.get(page(letter)), "Ваш долг")
    assertContains(viewer_client.get(page(everyone)), "Урок в семь")
    assert found(viewer_client, q="долг") == []


def test_who_writes_may_copy_but_not_send(client):
    client.force_login(UserFactory.create(permissions=[*VIEWER, "messaging.add_broadcast", "users.view_telegramuser"]))
    broadcast = group()

    assert client.post(page(broadcast, "start")).status_code == 403
    assert client.post(page(broadcast, "clone")).status_code == 302


# One message ----------------------------------------------------------------------------------------------------------


def test_an_old_text_that_telegram_refuses_is_shown_as_it_was_written(staff_client):
    broadcast = group(message_text="<b>Незакрытый тег")
    recipients(broadcast, failed=3)

    response = staff_client.get(page(broadcast))

    assertContains(response, "&lt;b&gt;Незакрытый тег")
    assert (response.context["row"].numbers.failed, response.context["row"].numbers.percent) == (3, 100)


def test_a_running_message_asks_for_itself_and_a_finished_one_stops(staff_client):
    broadcast = group(state=State.SENDING, started_at=timezone.now())
    recipients(broadcast, sent=1, pending=3)
    RecipientFactory.create(message=broadcast, state="sent", claimed_at=timezone.now() - timedelta(seconds=4))

    running = staff_client.get(page(broadcast, "progress"), headers=HTMX)
    Broadcast.objects.update(state=State.FINISHED)
    ended = staff_client.get(page(broadcast, "progress"), headers=HTMX)

    assertContains(running, 'hx-trigger="every 2s, look"')
    assert running.context["pace"].rate == pytest.approx(0.25, abs=0.05)
    assert running.context["pace"].remaining == pytest.approx(12, abs=2)
    assert ended.status_code == 286
    assert ended["HX-Trigger"] == "broadcast-ended"
    assert b"every " not in ended.content
    assertContains(ended, '<div hx-swap-oob="innerHTML:#messages"></div>', status_code=286)


@pytest.mark.parametrize("state", [State.PAUSED, State.CANCELLED])
def test_a_stopped_message_asks_for_itself_while_calls_are_under_way(staff_client, state):
    broadcast = group(state=state, started_at=timezone.now())
    recipients(broadcast, sent=1, sending=1, pending=3)

    under_way = staff_client.get(page(broadcast, "progress"), headers=HTMX)
    Recipient.objects.filter(state="sending").update(state="sent")
    ended = staff_client.get(page(broadcast, "progress"), headers=HTMX)

    assertContains(under_way, 'hx-trigger="every 2s, look"')
    assert (ended.status_code, ended["HX-Trigger"]) == (286, "broadcast-ended")


def test_a_planned_message_looks_once_whether_it_has_begun(staff_client):
    soon = group(state=State.SCHEDULED, starts_at=timezone.now() + timedelta(seconds=50))
    far = group(state=State.SCHEDULED, starts_at=timezone.now() + timedelta(days=2))

    waits = staff_client.get(page(soon, "progress"), headers=HTMX)
    assertContains(staff_client.get(page(soon)), 'hx-trigger="load delay:60s, look"')
    assertNotContains(staff_client.get(page(far)), "load delay:")
    assertContains(staff_client.get(page(soon)), '<div id="broadcast-outcome" hidden>')
    Broadcast.objects.filter(pk=soon.pk).update(state=State.SENDING, started_at=timezone.now())
    begun = staff_client.get(page(soon, "progress"), headers=HTMX)

    assertContains(waits, "load delay:")
    assertContains(begun, 'hx-trigger="every 2s, look"')


def test_after_the_end_it_says_how_long_it_took_and_how_many_are_blocked_since(staff_client):
    now = timezone.now()
    broadcast = group(started_at=now - timedelta(minutes=3, seconds=5), finished_at=now)
    for blocked_at in (now, now - timedelta(days=9)):
        person = RecipientFactory.create(message=broadcast, state="failed", reason="blocked").telegram_user
        BlockedUser.objects.create(telegram_user=person, blocked_at=blocked_at, reason="bot_blocked_by_user")

    response = staff_client.get(page(broadcast))

    assertContains(response, "заняло 3 мин 5 с")
    assertContains(response, "1 человек с тех пор заблокирован")


def test_the_last_answer_brings_everything_around_the_report_up_to_date(staff_client):
    broadcast = group(started_at=timezone.now(), finished_at=timezone.now())
    RecipientFactory.create(message=broadcast, state="sent", telegram_message_id=5, sent_at=timezone.now())

    response = staff_client.get(page(broadcast, "progress"), headers=HTMX)

    assert response.status_code == 286
    for piece in ('id="broadcast-cards" hx-swap-oob="true"', 'id="broadcast-outcome" hx-swap-oob="true"'):
        assertContains(response, piece, status_code=286)
    assertContains(response, page(broadcast, "delete"), status_code=286)
    assertNotContains(staff_client.get(page(broadcast)), "hx-swap-oob")


def test_a_message_to_nobody_does_not_say_that_people_will_be_chosen(staff_client):
    over = group(started_at=timezone.now(), finished_at=timezone.now())
    planned = group(state=State.SCHEDULED, starts_at=timezone.now())

    assertContains(staff_client.get(page(over)), "Список остался пустым")
    assertContains(staff_client.get(page(planned)), "Списка получателей ещё нет")


def test_a_doubled_brace_is_shown_as_the_one_that_arrives(staff_client):
    broadcast = group(message_text="{{скидка}} для {first_name|друга}")

    # A title shows what stands in for a value, the message itself what was written.
    assertContains(staff_client.get(LIST), "{скидка} для друга")
    assertContains(staff_client.get(page(broadcast)), "{скидка} для {first_name|друга}")


def test_the_progress_alone_is_no_page(staff_client):
    broadcast = group()

    assertRedirects(staff_client.get(page(broadcast, "progress")), page(broadcast))


def test_waiting_for_telegram_is_said_with_its_time_and_counts_in_the_remaining_time(staff_client):
    until = timezone.now() + timedelta(seconds=90)
    broadcast = group(state=State.SENDING, halted_until=until)
    recipients(broadcast, pending=1)
    RecipientFactory.create(message=broadcast, state="sent", claimed_at=timezone.now() - timedelta(seconds=2))

    response = staff_client.get(page(broadcast))

    assertContains(response, f"Telegram попросил сделать паузу до {timezone.localtime(until):%H:%M:%S}")
    assert response.context["pace"].remaining > 88


def test_recipients_are_found_by_state_reason_and_name(staff_client):
    broadcast = group()
    zoya = TelegramUserFactory.create(first_name="Зоя", username="zoya")
    one = RecipientFactory.create(message=broadcast, telegram_user=zoya, state="failed", reason="blocked")
    recipients(broadcast, sent=2, pending=1, sending=1)

    def rows(**query):
        return {row["recipient"].pk for row in staff_client.get(page(broadcast), query).context["recipients"]}

    assert rows(q="@zoya") == rows(q="зоя") == rows(q=str(zoya.pk)) == rows(reason="blocked") == {one.pk}
    assert rows(state="failed") == {one.pk}
    assert len(rows(state="waiting")) == 2
    assert len(rows()) == 5


def test_the_page_costs_the_same_for_few_recipients_and_for_many(staff_client, django_assert_max_num_queries):
    broadcast = group(started_at=timezone.now(), finished_at=timezone.now())
    recipients(broadcast, sent=30, failed=10, uncertain=10, skipped=10, cancelled=10)

    staff_client.get(page(broadcast))  # notes that the session was seen, once a minute

    with django_assert_max_num_queries(12):
        staff_client.get(page(broadcast))


# What came of it ------------------------------------------------------------------------------------------------------


def test_the_72_hours_after_stand_beside_the_same_peoples_usual(staff_client):
    broadcast = group(buttons=[[{"text": "Да", "callback_data": "yes_8"}]])
    sent_at = timezone.now() - timedelta(days=5)
    one = RecipientFactory.create(message=broadcast, state="sent", sent_at=sent_at).telegram_user
    other = RecipientFactory.create(message=broadcast, state="failed").telegram_user

    def did(person, days, **fields):
        EventFactory.create(telegram_user=person, created_at=sent_at + timedelta(days=days), **fields)

    did(one, 1, details={"data": "yes_8"}, event_type="button")
    did(one, 2, details={"data": "yes_80"})
    did(one, 4)  # too late
    did(one, 1, event_type="booking_status_changed")  # staff did it
    did(other, 1)  # never got it
    for day in range(1, 10):
        did(one, -day * 2.5)
    BookingFactory.create(telegram_user=one, created_at=sent_at + timedelta(hours=5))

    response = staff_client.get(page(broadcast, "outcome"))

    measures = {one.name: one for one in response.context["outcome"].measures}
    assert (measures["presses"].count, measures["presses"].people) == (1, 1)
    assert (measures["events"].count, measures["events"].people, measures["events"].usual) == (2, 1, 1.0)
    assert (measures["bookings"].count, measures["bookings"].usual) == (1, 0.0)
    assert response.context["outcome"].complete
    assertContains(response, "После сообщения, а не из-за него")


def test_nobody_got_it_nothing_to_compare(staff_client):
    broadcast = group()
    recipients(broadcast, failed=2)

    assertContains(staff_client.get(page(broadcast, "outcome")), "сравнивать нечего")
