"""What students write, from the bot's INSERT to the answer: the list, the conversation, and who may what."""

import json
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from messaging.content.content import Content
from messaging.inbox.folding import fold_texts
from messaging.inbox.services import (
    Answer,
    AnsweredMeanwhile,
    AnswerRefused,
    answer_student,
    assign_conversation,
    close_conversation,
    snooze_conversation,
)
from messaging.models import Broadcast, Conversation, MessageTemplate, Recipient, StudentText, TemplateVersion
from tests.factories import BookingFactory, EventFactory, TelegramUserFactory, UserFactory
from users.models import AuditEntry, BlockedUser, Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_workers")]

ANSWERS = ["messaging.answer_students", "messaging.view_conversation", "users.view_telegramuser"]
State = Conversation.State


@pytest.fixture
def person():
    return TelegramUserFactory.create(first_name="Анна", username="anna")


@pytest.fixture
def colleague():
    return UserFactory.create(username="olga", first_name="Ольга", permissions=ANSWERS)


@pytest.fixture
def desk(client, colleague):
    """A browser of somebody who answers students."""
    client.force_login(colleague)
    return client


def bot_writes(person, text, event_type="student_response", at=None) -> int:
    """What the bot's INSERT does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events (user_id, event_type, details, created_at) VALUES (%s, %s, %s, %s) RETURNING id",
            [person.pk, event_type, json.dumps({"message_type": "text", "message_text": text}), at or timezone.now()],
        )
        return cursor.fetchone()[0]


def conversation_of(person) -> Conversation:
    fold_texts()
    return Conversation.objects.get(pk=person.pk)


def page(person, name="detail") -> str:
    return reverse(f"messaging:conversation_{name}", args=[person.pk])


def answer(text="Здравствуйте!", **fields) -> Answer:
    return Answer(**{"text": text, "token": uuid4(), "seen": None, **fields})


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
    for details in (None, {}, [], "text", {"message_text": ""}, {"message_text": None}, {"message_type": "photo"}):
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
        lambda: close_conversation(person_id=person.pk, by=colleague),
        lambda: snooze_conversation(person_id=person.pk, until=timezone.now() + timedelta(days=1), by=colleague),
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
    snooze_conversation(person_id=person.pk, until=timezone.now() + timedelta(hours=1), by=colleague)
    assert conversation_of(person).state == State.SNOOZED

    Conversation.objects.update(snoozed_until=timezone.now() - timedelta(seconds=1))

    assert conversation_of(person).state == State.WAITING


def test_texts_of_long_ago_wait_for_nobody(person):
    bot_writes(person, "Давно", at=timezone.now() - timedelta(days=15))

    assert conversation_of(person).state == State.CLOSED


def test_the_list_names_its_filters_and_its_empty_state(desk, person, colleague):
    address = reverse("messaging:conversation_list")
    assertContains(desk.get(address), "Никто не ждёт ответа")
    bot_writes(person, "Вопрос")
    conversation_of(person)
    assign_conversation(person_id=person.pk, to=colleague, seen=None, by=colleague)

    for query in ("", "?of=me", "?state=unread", "?state=all", "?q=анна", f"?q={person.pk}", "?q=@anna"):
        assertContains(desk.get(address + query), "Вопрос")
    for query in ("?of=none", "?state=closed", "?q=борис"):
        assertNotContains(desk.get(address + query), "Вопрос")


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


# Answering ------------------------------------------------------------------------------------------------------------


def test_an_answer_goes_to_one_person_with_their_values_and_stands_in_the_conversation(desk, person, colleague):
    bot_writes(person, "Когда старт?")
    form = desk.get(page(person)).context["form"]

    response = desk.post(
        page(person, "answer"), {"text": "Завтра, {first_name|друг}! {{x}}", "token": form["token"].value(), "seen": ""}
    )

    assert response.status_code == 303
    sent = Broadcast.objects.get(recipient_type="answer")
    assert (sent.message_text, sent.created_by, sent.state) == ("Завтра, Анна! {{x}}", colleague, "sending")
    assert list(sent.recipients.values_list("telegram_user_id", "state")) == [(person.pk, "pending")]
    conversation = conversation_of(person)
    assert (conversation.state, conversation.assignee, conversation.last_answer) == (State.ANSWERED, colleague, sent)
    assertContains(desk.get(page(person)), "Завтра, Анна! {x}")
    assert AuditEntry.objects.filter(what="messaging_conversation.update", done_by=colleague).exists()


def test_an_answer_that_is_posted_twice_is_sent_once(person, colleague):
    bot_writes(person, "Вопрос")
    conversation_of(person)
    typed = answer()

    both = {answer_student(person=person, answer=typed, by=colleague, at=timezone.now()) for _ in range(2)}

    assert len(both) == 1
    assert Broadcast.objects.count() == 1


def test_of_two_who_answer_the_second_is_told_of_the_first_and_may_insist(desk, person, colleague):
    bot_writes(person, "Вопрос")
    conversation_of(person)
    first = UserFactory.create(first_name="Пётр", last_name="Иванов", permissions=ANSWERS)
    answer_student(person=person, answer=answer("Первый"), by=first, at=timezone.now())
    with pytest.raises(AnsweredMeanwhile):
        answer_student(person=person, answer=answer("Второй"), by=colleague, at=timezone.now())

    response = desk.post(page(person, "answer"), {"text": "Второй", "token": uuid4(), "seen": ""})

    assertContains(response, "Пётр Иванов", status_code=409)
    assertContains(response, "Второй", status_code=409)
    seen = response.context["form"]["seen"].value()
    again = desk.post(page(person, "answer"), {"text": "Второй", "token": uuid4(), "seen": seen, "insists": "on"})
    assert again.status_code == 303
    assert Broadcast.objects.filter(recipient_type="answer").count() == 2


def test_colleagues_see_each_other_in_the_same_conversation(desk, person, django_user_model):
    bot_writes(person, "Вопрос")
    conversation_of(person)
    other = UserFactory.create(first_name="Пётр", permissions=ANSWERS)
    Conversation.objects.update(opened_by=other, opened_at=timezone.now())

    response = desk.get(page(person))

    assertContains(response, "Пётр")
    assert desk.get(page(person, "live"), {"mark": response.context["mark"]}).status_code == 200  # he has left
    Conversation.objects.update(opened_by=other, opened_at=timezone.now())
    assert desk.get(page(person, "live"), {"mark": response.context["mark"]}).status_code == 204


def test_a_blocked_person_is_said_before_one_writes_and_nothing_is_sent(desk, person, colleague):
    bot_writes(person, "Вопрос")
    conversation_of(person)
    BlockedUser.objects.create(telegram_user=person, reason="bot_blocked_by_user")

    response = desk.get(page(person))

    assertContains(response, "заблокирован")
    assertNotContains(response, "<textarea")
    with pytest.raises(AnswerRefused):
        answer_student(person=person, answer=answer(), by=colleague, at=timezone.now())
    assert not Broadcast.objects.exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [("<b>нет", "b"), ("{stream}", "поток"), ("{нет}", "нет"), ("", "Обязательное"), ("я" * 4097, "4097")],
)
def test_an_answer_that_cannot_be_sent_comes_back_with_the_reason(desk, person, text, words):
    bot_writes(person, "Вопрос")
    conversation_of(person)

    response = desk.post(page(person, "answer"), {"text": text, "token": uuid4()}, headers={"HX-Request": "true"})

    assertContains(response, words, status_code=422)
    assert not Broadcast.objects.exists()


def test_templates_are_canned_answers_and_work_without_javascript(desk, person):
    bot_writes(person, "Как оплатить?")
    conversation_of(person)
    template = MessageTemplate.objects.create(name="Оплата")
    content = Content(text="Ссылка на оплату, {first_name|друг}: …").message_only()
    version = TemplateVersion.objects.create(template=template, number=1, content=content)
    photo = MessageTemplate.objects.create(name="С картинкой")
    TemplateVersion.objects.create(template=photo, number=1, content=content | {"kind": "photo"})

    offered = desk.get(page(person))
    response = desk.post(
        page(person, "answer"), {"do": "template", "template": version.pk, "text": "", "token": uuid4()}
    )

    assertContains(offered, "Оплата")
    assertNotContains(offered, "С картинкой")
    assertContains(response, "Ссылка на оплату, {first_name|друг}: …")
    assertContains(response, "Ссылка на оплату, Анна: …")  # the preview


def test_the_preview_shows_what_this_student_will_read(desk, person):
    bot_writes(person, "Вопрос")
    address = reverse("messaging:answer_preview", args=[person.pk])

    response = desk.post(address, {"text": "<b>{first_name}</b>"}, headers={"HX-Request": "true"})

    assertContains(response, "<strong>Анна</strong>", html=True)


def test_an_answer_that_did_not_arrive_has_the_student_wait_again(person, colleague):
    bot_writes(person, "Вопрос")
    conversation_of(person)
    sent = answer_student(person=person, answer=answer(), by=colleague, at=timezone.now())
    assert conversation_of(person).state == State.ANSWERED

    Recipient.objects.filter(message=sent).update(state="failed", reason="blocked")

    assert conversation_of(person).state == State.WAITING


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


def test_a_viewer_sees_counts_and_no_words(client, person):
    bot_writes(person, "Секрет")
    client.force_login(UserFactory.create(permissions=["messaging.view_conversation", "users.view_telegramuser"]))

    response = client.get(reverse("messaging:conversation_list"))

    assert next(tab.count for tab in response.context["tabs"]) == 1
    assertNotContains(response, "Секрет")
    assertNotContains(response, "Анна")
    assert client.get(page(person)).status_code == 403
    assert client.post(page(person, "answer"), {"text": "я"}).status_code == 403


def test_today_the_navigation_and_the_person_lead_there(desk, person, colleague):
    bot_writes(person, "Вопрос")
    conversation_of(person)

    today = desk.get("/", {"part": "all"})

    assertContains(today, "Студенты ждут ответа")
    assertContains(desk.get(reverse("users:person_detail", args=[person.pk])), page(person))
    assert desk.get(reverse("jump"), {"q": "анна"}).status_code == 200
    assertContains(desk.get(reverse("jump"), {"q": "анна"}), page(person))


def test_the_person_stands_beside_the_conversation(desk, person, colleague):
    from django.contrib.auth.models import Permission

    colleague.user_permissions.add(Permission.objects.get(codename="view_booking"))
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
