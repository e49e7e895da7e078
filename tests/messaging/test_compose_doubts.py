"""What the last page says before sending: who would not fit, what went out a moment ago, when students sleep."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from messaging.models import Broadcast, Draft
from messaging.quiet_hours import is_quiet
from tests.factories import BookingFactory, BroadcastFactory, RecipientFactory, TelegramUserFactory
from tests.messaging.composing import CONFIRMED, NEW, address, confirm, write

pytestmark = pytest.mark.usefixtures("woken")


def last_page(draft: Draft) -> str:
    return f"{NEW}{draft.pk}/confirm/"


def test_a9_those_for_whom_it_is_too_long_are_named(staff_client: Client, stream: str) -> None:
    BookingFactory.create(
        confirmed=CONFIRMED, telegram_user=TelegramUserFactory.create(first_name="Константин-Александр")
    )
    draft = write(staff_client, stream, text="я" * 4090 + "{first_name|}")

    response = staff_client.get(last_page(draft))

    assertContains(response, "сообщение не поместится у 1 человека")
    assert [person.first_name for person in response.context["too_long"]] == ["Константин-Александр"]


def test_a12_the_same_words_to_the_same_people_are_noticed(staff_client: Client, stream: str) -> None:
    booking = Booking.objects.filter(confirmed=CONFIRMED).earliest("pk")
    earlier = BroadcastFactory.create(
        message_text="<b>Старт</b> завтра в 19:00!", started_at=timezone.now() - timedelta(minutes=8)
    )
    RecipientFactory.create(message=earlier, telegram_user=booking.telegram_user)
    draft = write(staff_client, stream, text="Старт завтра, в 19:00")

    response = staff_client.get(last_page(draft))

    assertContains(response, "Похожее сообщение ушло этим людям 8 минут назад")
    assert response.context["similar"].people == 1


@pytest.mark.parametrize(
    ("text", "minutes", "to_them"),
    [("Старт завтра в 19:00", 61, True), ("Старт завтра в 19:00", 8, False), ("Занятие переносится", 8, True)],
)
def test_a12_other_words_other_people_and_older_ones_are_not_similar(
    staff_client: Client, stream: str, text: str, minutes: int, to_them: bool
) -> None:
    booking = Booking.objects.filter(confirmed=CONFIRMED).earliest("pk")
    earlier = BroadcastFactory.create(message_text=text, started_at=timezone.now() - timedelta(minutes=minutes))
    person = booking.telegram_user if to_them else TelegramUserFactory.create()
    RecipientFactory.create(message=earlier, telegram_user=person)
    draft = write(staff_client, stream, text="Старт завтра в 19:00")

    assertNotContains(staff_client.get(last_page(draft)), "Похожее сообщение")


def test_a12_at_night_it_can_wait_for_the_morning(staff_client: Client, stream: str) -> None:
    night = (timezone.localtime() + timedelta(days=1)).replace(hour=22, minute=0)
    draft = write(staff_client, stream, when="at", at=f"{night:%Y-%m-%dT%H:%M}")
    shown = staff_client.get(last_page(draft)).content.decode()
    # Enter presses the first button of a form: that must be the main one.
    assert 0 < shown.index("Да, запланировать сообщение") < shown.index("Отправить в 09:00")

    confirm(staff_client, draft, recipients=3, morning="yes")

    draft.refresh_from_db()
    assert not Broadcast.objects.exists()
    summary = staff_client.get(last_page(draft)).context["summary"]
    assert f"{timezone.localtime(summary.starts_at):%H:%M}" == "09:00"
    assert timezone.localtime(summary.starts_at).date() == (night + timedelta(days=1)).date()
    assert not is_quiet(summary.starts_at)


def test_a12_at_night_it_can_go_at_once_all_the_same(
    staff_client: Client, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.compose.confirmation.is_quiet", lambda *_moment, **_until: True)
    draft = write(staff_client, stream)

    page = staff_client.get(last_page(draft))
    assertContains(page, "Отправить в 09:00")
    assertContains(page, "Всё равно отправить сейчас")
    confirm(staff_client, draft, recipients=3)

    assert Broadcast.objects.get().state == "sending"


def test_a_day_offers_no_morning(staff_client: Client, stream: str) -> None:
    noon = (timezone.localtime() + timedelta(days=1)).replace(hour=12, minute=0)
    draft = write(staff_client, stream, when="at", at=f"{noon:%Y-%m-%dT%H:%M}")

    assertNotContains(staff_client.get(last_page(draft)), "Отправить в 09:00")


def test_a3_the_form_offers_what_the_bot_does_by_its_meaning(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream)

    response = staff_client.get(f"{NEW}{draft.pk}/")

    assertContains(response, '<option value="select_course_" label="Записаться на курс"></option>', html=True)
    assertContains(response, '<option value="free_lesson_register_" label="Записаться на урок"></option>', html=True)


@pytest.mark.parametrize("target", ["http://[x", "https://[адрес сайта]", "https://x.ru／y"])
def test_a13_an_address_that_nobody_can_read_opens_on_every_page(
    staff_client: Client, stream: str, target: str
) -> None:
    text = f'<a href="{target}">сюда</a>'
    draft = write(staff_client, stream, text=text)
    sent = BroadcastFactory.create(message_text=text, state="finished")
    person = RecipientFactory.create(message=sent).telegram_user

    for page in (
        address("", draft), address("compose_confirm", draft), f"/messages/{sent.pk}/", f"/messages/{sent.pk}/edit/",
        "/messages/", "/messages/drafts/", f"/users/{person.pk}/",
    ):  # fmt: skip
        assertContains(staff_client.get(page), "сюда")
