"""What students write, from the bot's INSERT to the list, and who may what with it."""

from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from messaging.inbox.folding import fold_texts
from messaging.inbox.services import (
    assign_conversation,
    close_conversation,
    reopen_conversation,
    snooze_conversation,
)
from messaging.inbox.today import waiting_for
from messaging.models import Conversation, StudentText
from tests.factories import BookingFactory, EventFactory, TelegramUserFactory, UserFactory
from tests.messaging.conversations import ANSWERS, bot_writes, conversation_of, page
from users.models import Event, UndoableAct, User
from users.models.audit import AuditEntry
from users.people.search import search_condition
from users.totals import fold_marked_people

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

State = Conversation.State


# From the bot to the list ---------------------------------------------------------------------------------------------


def test_what_a_student_writes_is_in_the_list_at_once_whatever_the_kind_of_event(desk, person):
    bot_writes(person, "А можно <b>частями</b>?")
    other = TelegramUserFactory.create(first_name="Борис")
    bot_writes(other, "Вот чек", event_type="alternative_payment_proof")
    third = TelegramUserFactory.create(first_name="Вера")
    bot_writes(third, "Новое", event_type="some_later_type")

    response = desk.get(reverse("messaging:conversation_list"))

    for words in ("А можно &lt;b&gt;частями&lt;/b&gt;?", "Вот чек", "Новое"):
        assertContains(response, words)
    assert Conversation.objects.filter(state=State.UNREAD).count() == 3


def test_an_event_without_words_leaves_no_trace(person):
    nothing: tuple[Any, ...] = (
        None,
        {},
        [],
        "text",
        {"message_text": ""},
        {"message_text": None},
        {"message_type": "photo"},
    )
    for details in nothing:
        EventFactory.create(telegram_user=person, event_type="student_response", details=details)

    assert not StudentText.objects.exists()
    assert fold_texts() == 0


def test_every_text_appears_once_on_some_page_of_the_conversation(desk, person):
    moment = timezone.now() - timedelta(hours=1)
    for number in range(75):  # all of them in the same microsecond
        bot_writes(person, f"Текст {number:03}.", at=moment)

    seen, address = [], page(person)
    while address:
        response = desk.get(address)
        seen += [said.words for said in response.context["thread"].said]
        earlier = response.context["thread"].earlier
        address = f"{page(person)}?before={quote(earlier)}" if earlier else ""

    assert sorted(seen) == [f"Текст {number:03}." for number in range(75)]


@pytest.mark.parametrize("at", ["infinity", "-infinity", "20000-01-01", "0001-01-01 00:00:00 BC", None])
def test_a_moment_outside_the_calendar_breaks_no_page(desk, person, at):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events (user_id, event_type, details, created_at)"
            """ VALUES (%s, 'student_response', '{"message_text": "Когда?"}', %s)""",
            [person.pk, at],
        )

    assertContains(desk.get(reverse("messaging:conversation_list"), {"state": "all"}), "Когда?")
    assertContains(desk.get(page(person)), "Когда?")
    assert conversation_of(person).last_text_at <= timezone.now()


def test_a_text_reopens_what_was_closed_or_snoozed_and_keeps_who_answers(person, colleague):
    bot_writes(person, "Первый")
    conversation_of(person)
    assign_conversation(person_id=person.pk, to=colleague, seen=None, by=colleague)
    for put_aside in (
        lambda: close_conversation(person_id=person.pk, by=colleague, at=timezone.now()),
        lambda: snooze_conversation(
            person_id=person.pk, until=timezone.now() + timedelta(days=1), by=colleague, at=timezone.now()
        ),
    ):
        put_aside()
        bot_writes(person, "Ещё")

        conversation = conversation_of(person)
        assert (conversation.state, conversation.assignee, conversation.snoozed_until) == (
            State.UNREAD,
            colleague,
            None,
        )


def test_what_was_snoozed_waits_again_when_its_time_has_come(person, colleague):
    bot_writes(person, "Напишите завтра")
    conversation_of(person)
    now = timezone.now()
    snooze_conversation(person_id=person.pk, until=now + timedelta(hours=1), by=colleague, at=now)
    assert conversation_of(person).state == State.SNOOZED

    Conversation.objects.update(snoozed_until=timezone.now() - timedelta(seconds=1))

    assert conversation_of(person).state == State.WAITING


def test_texts_of_long_ago_wait_for_nobody(person):
    bot_writes(person, "Давно", at=timezone.now() - timedelta(days=15))

    assert conversation_of(person).state == State.CLOSED


def test_the_list_names_its_filters_and_its_empty_state(desk, person, colleague):
    address = reverse("messaging:conversation_list")
    empty = desk.get(address)
    assertContains(empty, "Никто не ждёт ответа")
    # What the bot does not store.
    assertContains(empty, "Что пишут люди без бронирования, а также картинки, файлы и голосовые сообщения он не хранит")
    bot_writes(person, "Вопрос")
    conversation_of(person)
    assign_conversation(person_id=person.pk, to=colleague, seen=None, by=colleague)

    for query in ("", "?of=me", "?state=unread", "?state=all", "?q=анна", f"?q={person.pk}", "?q=@anna"):
        assertContains(desk.get(address + query), "Вопрос")
    for query in ("?of=none", "?state=closed", "?q=борис"):
        assertNotContains(desk.get(address + query), "Вопрос")


def test_a_name_that_many_share_is_found_and_its_conversations_are_not_counted(desk, person, monkeypatch):
    others = [TelegramUserFactory.create(first_name=name) for name in ("Анна", "Анна", "Борис")]
    for one in (person, *others):
        bot_writes(one, "Вопрос")
    fold_marked_people()
    monkeypatch.setattr("messaging.inbox.filters.search_condition", partial(search_condition, at_most=0))
    monkeypatch.setattr("messaging.inbox.views.listing.PAGE_SIZE", 1)

    page = desk.get(reverse("messaging:conversation_list"), {"q": "анна"})

    assert {row.conversation.telegram_user for row in page.context["rows"]} == {person, *others[:2]}
    assertContains(page, "Больше 1")


def test_new_texts_are_counted_for_the_open_list_and_say_where_they_are(desk, person):
    bot_writes(person, "Первый")
    list_page = desk.get(reverse("messaging:conversation_list"))
    poll = list_page.context["news"].poll
    assert desk.get(poll).status_code == 204

    for one in (person, *TelegramUserFactory.create_batch(2)):
        bot_writes(one, "Новый")
    news = desk.get(poll)

    assertContains(news, "+3 новых")
    assertContains(news, f'href="{reverse("messaging:conversation_list")}"')
    assert desk.get(news.context["news"].poll).status_code == 204  # it shows that already
    assert desk.get(reverse("messaging:conversation_news"), {"newer_than": "½"}).status_code == 204


# Acts -----------------------------------------------------------------------------------------------------------------


def test_a_conversation_is_closed_reopened_left_unread_and_snoozed(desk, person):
    bot_writes(person, "Спасибо!")
    conversation_of(person)

    desk.get(page(person))
    assert conversation_of(person).state == State.WAITING
    for act, state in (("close", State.CLOSED), ("reopen", State.WAITING), ("unread", State.UNREAD)):
        desk.post(page(person, act))
        assert conversation_of(person).state == state
    desk.post(page(person, "snooze"), {"until": "day"})
    conversation = conversation_of(person)
    assert (conversation.state, timezone.localtime(conversation.snoozed_until).hour) == (State.SNOOZED, 10)
    desk.post(page(person, "snooze"), {"at": "2001-01-01T10:00"})
    assert conversation_of(person).snoozed_until == conversation.snoozed_until


@pytest.mark.parametrize(("act", "begins"), [
    ("close", State.UNREAD), ("snooze", State.WAITING), ("reopen", State.CLOSED), ("unread", State.CLOSED),
])  # fmt: skip
def test_what_was_done_with_a_conversation_is_undone_for_ten_seconds(desk, person, act, begins):
    bot_writes(person, "Спасибо!")
    conversation_of(person)
    Conversation.objects.update(state=begins)
    kept = ("state", "waiting_since", "snoozed_until")
    before = Conversation.objects.values_list(*kept).get()

    done = desk.post(page(person, act), {"until": "day"}, follow=True)
    undo = reverse("users:act_undo", args=[UndoableAct.objects.get().pk])
    assertContains(done, f'action="{undo}"')
    desk.post(undo)

    assert Conversation.objects.values_list(*kept).get() == before


def test_a_student_who_wrote_meanwhile_is_not_closed_away_by_undoing(desk, person):
    bot_writes(person, "Спасибо!")
    conversation_of(person)
    Conversation.objects.update(state=State.CLOSED)
    desk.post(page(person, "reopen"))
    bot_writes(person, "И ещё вопрос")
    conversation_of(person)

    refused = desk.post(reverse("users:act_undo", args=[UndoableAct.objects.get().pk]), follow=True)

    assertContains(refused, "Было «Ждёт ответа», сейчас — «Не прочитано»")
    assert conversation_of(person).state == State.UNREAD


def test_undoing_leaves_a_colleagues_act_alone_that_looks_the_same(desk, person, colleague):
    bot_writes(person, "Спасибо!")
    conversation_of(person)
    desk.post(page(person, "close"))
    mine = UndoableAct.objects.get()
    for act in (reopen_conversation, close_conversation):
        act(person_id=person.pk, by=colleague, at=timezone.now())

    refused = desk.post(reverse("users:act_undo", args=[mine.pk]), follow=True)

    assertContains(refused, "разговор с тех пор изменили и вернули как было")
    assert conversation_of(person).state == State.CLOSED


def test_each_act_upon_a_conversation_is_one_line_of_the_audit(desk, person, colleague):
    bot_writes(person, "Спасибо!")
    conversation_of(person)
    Conversation.objects.update(state=State.WAITING)
    told: list[list[str]] = []
    for act in ("close", "unread", "snooze", "reopen", "close", "reopen"):
        desk.post(page(person, act), {"until": "day"})
        lines = AuditEntry.objects.filter(object_table="messaging_conversation").order_by("pk")
        told.append([line.what for line in lines[sum(map(len, told)) :]])
        assert {line.done_by_id for line in lines} == {colleague.pk}

    changed = ["messaging_conversation.update"]
    assert told == [changed, ["conversation.left_unread"], changed, ["conversation.reopened"], changed, changed]


def test_of_two_who_take_a_conversation_the_second_is_told(desk, person, colleague):
    bot_writes(person, "Вопрос")
    conversation_of(person)
    other = UserFactory.create(permissions=ANSWERS)
    desk.post(page(person, "assign"), {"to": other.pk, "seen": ""})
    assert conversation_of(person).assignee == other

    response = desk.post(page(person, "assign"), {"to": colleague.pk, "seen": ""}, follow=True)

    assertContains(response, "ничего не сделано")
    assert conversation_of(person).assignee == other
    desk.post(page(person, "assign"), {"to": UserFactory.create().pk, "seen": other.pk})  # who may not answer
    assert conversation_of(person).assignee == other


# Who may --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lacking", ANSWERS)
def test_who_lacks_one_of_the_permissions_reads_no_words_and_is_led_to_no_page_that_refuses(client, person, lacking):
    bot_writes(person, "Секрет")
    client.force_login(UserFactory.create(permissions=[name for name in ANSWERS if name != lacking]))

    response = client.get(reverse("messaging:conversation_list"))

    if lacking == "messaging.view_conversation":
        assert response.status_code == 403
    else:
        assert next(tab.count for tab in response.context["tabs"]) == 1
        assertNotContains(response, "Секрет")
        assertNotContains(response, "Анна")
    assert client.get(page(person)).status_code == 403
    assert client.post(page(person, "answer"), {"text": "я"}).status_code == 403
    assert client.get(reverse("messaging:conversation_news")).status_code == 403
    assertNotContains(client.get("/jump/", {"q": "анна"}), page(person))


def test_the_badge_and_the_first_tab_say_one_number(desk, person):
    for state in (State.UNREAD, State.WAITING, State.CLOSED):
        student = TelegramUserFactory.create()
        bot_writes(student, "Вопрос")
        Conversation.objects.filter(pk=conversation_of(student).pk).update(state=state)

    response = desk.get(reverse("messaging:conversation_list"))

    assert response.context["tabs"][0].count == waiting_for(response.wsgi_request.user) == 2


def test_today_the_navigation_and_the_person_lead_there(desk, person, colleague):
    bot_writes(person, "Вопрос")
    conversation_of(person)

    today = desk.get("/", {"part": "waiting"})

    assertContains(today, "Студенты ждут ответа")
    assertContains(desk.get(reverse("users:person_detail", args=[person.pk])), page(person))
    assert desk.get(reverse("jump"), {"q": "анна"}).status_code == 200
    assertContains(desk.get(reverse("jump"), {"q": "анна"}), page(person))


def test_the_person_stands_beside_the_conversation(desk, person, colleague):
    from django.contrib.auth.models import Permission

    colleague.user_permissions.add(Permission.objects.get(codename="view_booking"))
    desk.force_login(User.objects.get(pk=colleague.pk))  # what may be done changed: the session is over
    booking = BookingFactory.create(telegram_user=person)
    bot_writes(person, "Вопрос")

    assertContains(desk.get(page(person)), f"/bookings/{booking.pk}/")


def test_erasing_a_person_takes_the_conversation_along(person, colleague):
    bot_writes(person, "Секрет")
    conversation_of(person)
    person.delete()

    assert not Conversation.objects.exists()
    assert not StudentText.objects.exists()
    assert not Event.objects.exists()
