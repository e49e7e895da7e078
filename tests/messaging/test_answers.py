"""Answers to students: what is sent, what is refused, and how two who answer see each other."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from messaging.content.content import Content
from messaging.delivery.lifecycle import waiting_for_a_runner
from messaging.delivery.queues import SendQueue
from messaging.inbox.services import (
    AnsweredMeanwhile,
    AnswerRefused,
    answer_student,
)
from messaging.models import Broadcast, Conversation, MessageTemplate, Recipient, TemplateVersion
from tests.factories import BroadcastFactory, RecipientFactory, UserFactory
from tests.messaging.conversations import ANSWERS, answer, bot_writes, conversation_of, page
from users.models import AuditEntry, BlockedUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

State = Conversation.State


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


def test_an_answer_goes_out_at_night_too(person, colleague, monkeypatch):
    bot_writes(person, "Не спится")
    conversation_of(person)
    for module in ("automations", "broadcasts"):
        monkeypatch.setattr(f"messaging.models.{module}.is_quiet", lambda _at: True)

    sent = answer_student(person=person, answer=answer("И мне"), by=colleague, at=timezone.now())

    assert sent.pk in waiting_for_a_runner(at=timezone.now(), wanted=1)[0]
    queue = SendQueue(sent.pk)
    assert queue.enlist("worker", most=1) is not None
    assert [claim.text for claim in queue.claim(5, "worker")] == ["И мне"]


def test_what_we_sent_in_between_stands_in_its_place_with_what_became_of_it(desk, person):
    now = timezone.now()
    bot_writes(person, "Первый", at=now - timedelta(hours=3))
    broadcast = BroadcastFactory.create(message_text="Урок завтра", recipient_type="group", state="finished")
    RecipientFactory.create(
        message=broadcast,
        telegram_user=person,
        state="failed",
        reason="blocked",
        error_text="Forbidden: bot was blocked by the user",
        sent_at=now - timedelta(hours=2),
    )
    bot_writes(person, "Второй", at=now - timedelta(hours=1))

    response = desk.get(page(person))

    said = response.context["thread"].said
    assert sorted((one.at, str(one.words)) for one in said) == [(one.at, str(one.words)) for one in said]
    assert [str(one.words) for one in said] == ["Первый", "Урок завтра", "Второй"]
    assertContains(response, "Заблокировал бота")
    assertNotContains(response, "Forbidden")


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
