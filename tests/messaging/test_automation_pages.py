"""The page of automations: every rule with its words, its switch and what it did; who may change it, and the record."""

import json
from dataclasses import asdict
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from messaging.automations.journal import history_of
from messaging.automations.services import RuleValues
from messaging.models import Automation, Outbox
from messaging.models.automations import KINDS
from tests.factories import AutomationFactory, BookingFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/messages/automations/"


@pytest.fixture(autouse=True)
def five_rules() -> None:
    for kind in KINDS:
        AutomationFactory.create(kind=kind.value, is_on=False, switched_on_at=None, offset=3)


def client_with(*permissions: str) -> Client:
    client = Client()
    client.force_login(UserFactory.create(permissions=list(permissions)))
    return client


def address(name: str, kind: str = "booking_confirmed") -> str:
    return reverse(f"messaging:{name}", args=[kind])


def seen(kind: str) -> str:
    """What the form of a rule says that it showed."""
    return json.dumps(asdict(RuleValues.of(Automation.objects.get(kind=kind))))


def test_the_page_shows_every_rule_in_russian_with_its_time_and_its_last_firings(staff_client):
    booking = BookingFactory.create()
    rule = Automation.objects.get(kind="payment_reminder")
    Outbox.objects.create(
        rule=rule, kind=rule.kind, booking=booking, telegram_user=booking.telegram_user, message_text="…",
        queued_at=timezone.now(), state="failed", reason="blocked",
    )  # fmt: skip

    response = staff_client.get(LIST)

    for words in ("Бронирование подтверждено", "Напоминание об оплате", "Скоро бесплатный урок", "Заблокировал бота"):
        assertContains(response, words)
    assertContains(response, "Когда бронирование «В ожидании» уже 3 дня.")
    assertContains(response, booking.telegram_user.first_name)


def test_the_page_is_there_in_english_too(staff_client):
    staff_client.cookies["django_language"] = "en"

    assertContains(staff_client.get(LIST), "When a booking has been “Pending” for 3 days.")


def test_without_rules_the_page_says_what_to_do(staff_client):
    Automation.objects.all().delete()

    assertContains(staff_client.get(LIST), "Правил нет")


def test_who_may_only_look_finds_no_switch_and_cannot_switch():
    client = client_with("messaging.view_automation")

    assertNotContains(client.get(LIST), "Включить")
    assert client.post(address("automation_switch"), {"on": "1"}).status_code == 403
    assert client.get(address("automation_edit")).status_code == 403
    assert client_with().get(LIST).status_code == 403
    assert not Automation.objects.switched_on().exists()


def test_switching_on_and_off_is_recorded_with_who_did_it(staff_client, staff):
    before = timezone.now()

    response = staff_client.post(address("automation_switch"), {"on": "1"})

    assertRedirects(response, LIST)
    rule = Automation.objects.get(kind="booking_confirmed")
    assert rule.is_on
    assert rule.switched_on_at is not None and rule.switched_on_at >= before
    assertContains(staff_client.post(address("automation_switch"), {"on": "1"}, follow=True), "Уже включено")
    assert Automation.objects.get(pk=rule.pk).switched_on_at == rule.switched_on_at
    staff_client.post(address("automation_switch"), {"on": "0"})
    assert [(one.changes, one.actor) for one in history_of(rule)][:2] == [
        (["Выключено"], "anna"),
        (["Включено"], "anna"),
    ]


def test_words_and_time_are_saved_and_shown(staff_client):
    response = staff_client.post(
        address("automation_edit", "course_start"),
        {
            "template": "Скоро: <b>{course|курс}</b>",
            "offset": "2",
            "include_earlier": "on",
            "seen": seen("course_start"),
        },
        follow=True,
    )

    assertContains(response, "Скоро: {course|курс}")
    rule = Automation.objects.get(kind="course_start")
    assert (rule.offset, rule.include_earlier) == (2, True)
    assertContains(staff_client.get(address("automation_edit", "course_start")), "Текст изменён")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"template": "<b>Привет", "offset": "1"}, "Строка 1, символ 1:"),
        ({"template": "{nobody}", "offset": "1"}, "{nobody}"),
        ({"template": "", "offset": "1"}, "Обязательное поле."),
        ({"template": "Да", "offset": "-1"}, "0"),
        ({"template": "Да", "offset": "61"}, "60"),
    ],
)
def test_what_telegram_would_refuse_comes_back_with_its_place(staff_client, fields, words):
    before = Automation.objects.get(kind="payment_reminder")

    fields = fields | {"seen": seen("payment_reminder")}
    response = staff_client.post(address("automation_edit", "payment_reminder"), fields)

    assertContains(response, words, status_code=422)
    after = Automation.objects.get(kind="payment_reminder")
    assert (after.template, after.offset) == (before.template, before.offset)


def test_of_two_who_edit_a_rule_the_second_sees_both_texts_and_may_save_over_it(staff_client, staff):
    here = address("automation_edit", "payment_reminder")
    opened = seen("payment_reminder")
    boss = UserFactory.create(username="boss", is_superuser=True)
    other = Client()
    other.force_login(boss)
    other.post(here, {"template": "Слова\r\nначальника", "offset": "5", "seen": opened})

    mine = {"template": "Мои слова", "offset": "3", "seen": opened}
    refused = staff_client.post(here, mine)

    assertContains(refused, "Это правило уже изменили: <bdi>boss</bdi>", status_code=409)
    assertContains(refused, "Слова<br>начальника", status_code=409)
    assertContains(refused, "сейчас 5, у вас 3", status_code=409)
    assert Automation.objects.get(kind="payment_reminder").template == "Слова\nначальника"
    form = refused.context["form"]
    assert (form["template"].value(), form["offset"].value()) == ("Мои слова", 3)

    staff_client.post(here, mine | {"seen": json.dumps(form["seen"].initial)})

    rule = Automation.objects.get(kind="payment_reminder")
    assert (rule.template, rule.offset) == ("Мои слова", 3)
    assert [entry.actor for entry in history_of(rule)][:2] == ["anna", "boss"]


@pytest.mark.parametrize(
    "nonsense",
    [
        '{"template": "\\u0000", "offset": 2, "include_earlier": true}',
        "",
        "x",
        "[]",
        "{}",
        '{"template": 1, "offset": 2, "include_earlier": true}',
    ],
)
def test_a_form_that_does_not_say_what_it_showed_saves_nothing(staff_client, nonsense):
    fields = {"template": "Да", "offset": "1", "seen": nonsense}

    assert staff_client.post(address("automation_edit"), fields).status_code == 422
    assert Automation.objects.get(kind="booking_confirmed").template != "Да"


def test_a_rule_that_does_not_exist_is_not_found(staff_client):
    assert staff_client.get(address("automation_edit", "nothing")).status_code == 404


def test_the_booking_says_that_its_student_was_told_or_why_not(staff_client):
    told = BookingFactory.create(notified_at=timezone.now() - timedelta(days=1), notified_about="booking_confirmed")
    missed = BookingFactory.create(notified_about="payment_reminder", notice_error="blocked")

    page = staff_client.get(reverse("bookings:booking_detail", args=[told.pk]))
    assertContains(page, "Студент уведомлён")
    assertContains(page, "Бронирование подтверждено")
    assertContains(
        staff_client.get(reverse("bookings:booking_detail", args=[missed.pk])),
        "Напоминание об оплате: Заблокировал бота",
    )


def test_the_page_asks_the_same_number_of_questions_however_much_has_fired(staff_client, django_assert_max_num_queries):
    for number in range(12):
        booking = BookingFactory.create()
        rule = Automation.objects.get(kind=KINDS[number % 5])
        Outbox.objects.create(
            rule=rule, kind=rule.kind, telegram_user=booking.telegram_user, message_text="…", queued_at=timezone.now()
        )

    with django_assert_max_num_queries(30):
        staff_client.get(LIST)
