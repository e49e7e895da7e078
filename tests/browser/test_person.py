"""A person's page in a real browser: edit in place with a conflict, a new booking, a note, the timeline."""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.contrib.sessions.models import Session
from playwright.sync_api import Dialog, Page, expect

from bookings.models import Booking
from tests.browser.helpers import assert_accessible, in_each_view, sign_in, sign_in_beside, use_theme, use_width
from tests.factories import (
    BookingFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
)
from users.models import Note, TelegramUser

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def somebody(*, events: int = 3) -> tuple[TelegramUser, Booking]:
    StreamFactory.create()
    person = TelegramUserFactory.create(first_name="Мария", last_name="Ковалёва")
    booking = BookingFactory.create(telegram_user=person)
    for number in range(events):
        EventFactory.create(telegram_user=person, event_type=f"event_{number}", created_at=AT - timedelta(hours=number))
    FreeLessonRegistrationFactory.create(telegram_user=person, email="maria.k@example.test")
    RecipientFactory.create(telegram_user=person, state="sent")
    return person, booking


def test_D9_a_booking_is_edited_in_place_and_a_conflict_shows_both_values(page: Page) -> None:
    sign_in(page)
    person, booking = somebody()
    page.goto(f"/users/{person.pk}/")
    card = page.locator(f"#booking-{booking.pk}")

    card.get_by_role("link", name="Изменить").click()
    card.get_by_label("Скидка, %").fill("10")
    Booking.objects.filter(pk=booking.pk).update(discount_percent=50)
    card.get_by_role("button", name="Сохранить").click()

    row = card.get_by_role("row", name="Скидка, %")
    expect(row.get_by_role("cell")).to_have_text(["0", "50", "10"])
    expect(card.get_by_role("alert")).to_be_focused()
    card.get_by_role("button", name="Сохранить моё").click()

    expect(card).to_contain_text("10 %")
    expect(card).to_be_focused()
    expect(page.locator("#timeline")).to_contain_text("Скидка: 50 % → 10 %")
    expect(page).to_have_url(re.compile(rf"/users/{person.pk}/$"))


def test_D9_a_dialog_focuses_its_field_not_the_link_above_it(page: Page) -> None:
    sign_in(page)
    person, _booking = somebody()
    page.goto(f"/users/{person.pk}/")

    page.get_by_role("link", name="Заблокировать").click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Заблокировать")).to_be_focused()


def test_what_the_other_wrote_can_be_kept(page: Page) -> None:
    sign_in(page)
    person, booking = somebody()
    page.goto(f"/users/{person.pk}/")
    card = page.locator(f"#booking-{booking.pk}")

    card.get_by_role("link", name="Изменить").click()
    card.get_by_label("Скидка, %").fill("10")
    Booking.objects.filter(pk=booking.pk).update(discount_percent=50)
    card.get_by_role("button", name="Сохранить").click()
    card.get_by_role("link", name="Оставить как есть").click()

    expect(card).to_contain_text("50 %")
    assert Booking.objects.get(pk=booking.pk).discount_percent == 50


def test_a_booking_is_made_with_the_question_that_a_full_stream_asks(page: Page) -> None:
    sign_in(page)
    StreamFactory.create(code="9th_stream", name="9-й поток", capacity=0)
    person = TelegramUserFactory.create()
    page.goto(f"/users/{person.pk}/")

    page.get_by_role("link", name="Новое бронирование").click()
    page.get_by_label("Курс и поток").select_option(label="9-й поток")
    page.wait_for_load_state("networkidle")  # the form comes anew with its preview, and a click in that moment is lost
    page.get_by_role("button", name="Создать бронирование").click()
    expect(page.get_by_role("alert")).to_contain_text("подтверждено 0 из 0 мест")
    page.get_by_label("Всё равно записать (мест нет, укажите причину)").check()
    page.get_by_label("Причина").fill("Обещали место")
    page.get_by_role("button", name="Создать бронирование").click()

    booking = Booking.objects.get(telegram_user=person)
    expect(page.locator(f"#booking-{booking.pk}")).to_contain_text("9-й поток")
    # The page opens at the booking: what it says above goes into the corner.
    said = page.get_by_role("status").filter(has_text="создано")
    expect(said).to_be_in_viewport()
    said.get_by_role("button", name="Закрыть").click()
    expect(said).to_have_count(0)


def test_D9_a_note_is_not_left_unsaved_is_written_in_its_place_and_deleted_after_a_question(page: Page) -> None:
    sign_in(page)
    person, _booking = somebody()
    page.goto(f"/users/{person.pk}/")

    page.get_by_label("Новая заметка").fill("Перезвонить после 18:00")
    asked: list[str] = []

    def stay(question: Dialog) -> None:
        asked.append(question.type)
        question.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Курсы").first.click()
    expect(page.get_by_label("Новая заметка")).to_have_value("Перезвонить после 18:00")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Сохранить заметку").click()

    expect(page.locator(".entry-note")).to_contain_text("Перезвонить после 18:00")
    expect(page.get_by_label("Новая заметка")).to_have_value("")
    expect(page.get_by_role("button", name="Сохранить заметку")).to_be_focused()
    page.get_by_role("link", name="Удалить заметку").click()
    page.get_by_role("dialog").get_by_role("button", name="Удалить заметку").click()
    expect(page.locator(".entry-note")).to_have_count(0)
    assert not Note.objects.exists()


def test_tags_come_and_go_with_the_keyboard(page: Page) -> None:
    sign_in(page)
    person, _booking = somebody()
    page.goto(f"/users/{person.pk}/")

    page.get_by_label("Новая метка").fill("VIP")
    page.keyboard.press("Enter")

    expect(page.locator("#person-facts .tag")).to_have_text("VIP")
    expect(page.get_by_label("Новая метка")).to_be_focused()
    page.get_by_role("button", name="Снять метку «VIP»").press("Enter")
    expect(page.locator("#person-facts .tag")).to_have_count(0)


def test_the_timeline_filters_goes_back_and_loads_more_as_one_scrolls(page: Page) -> None:
    sign_in(page)
    person, _booking = somebody(events=70)
    page.goto(f"/users/{person.pk}/")
    timeline = page.locator("#timeline")

    timeline.get_by_role("link", name="Сообщения").click()
    expect(timeline.locator("li.entry-message")).to_have_count(1)
    expect(timeline.locator("li.entry-event")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"\?kind=message$"))
    page.go_back()
    expect(timeline.locator("li.entry-event").first).to_be_visible()
    expect(timeline.get_by_role("link", name="Все", exact=True)).to_have_attribute("aria-current", "true")

    for _page in range(6):
        page.mouse.wheel(0, 20_000)
        page.wait_for_timeout(200)
    expect(timeline.locator("li.entry-event")).to_have_count(70)
    expect(timeline.get_by_text("event_69")).to_be_visible()


def test_an_email_is_shown_when_asked_for(page: Page) -> None:
    sign_in(page)
    person, _booking = somebody()
    page.goto(f"/users/{person.pk}/")

    expect(page.locator("#person-lessons")).to_contain_text("m•••@example.test")
    page.get_by_role("button", name="Показать адрес почты").click()

    expect(page.locator("#person-lessons")).to_contain_text("maria.k@example.test")
    expect(page.locator("#timeline")).to_contain_text("Адрес почты просмотрен полностью")


def test_the_dialogs_refuse_accept_and_lead_back(page: Page) -> None:
    sign_in(page)
    StreamFactory.create(code="mentoring", name="Менторинг")
    person, booking = somebody()
    page.goto(f"/users/{person.pk}/")

    page.get_by_role("link", name="Изменить поток").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Новый поток").select_option(label="8-й поток")
    dialog.get_by_role("button", name="Сохранить").click()
    expect(dialog).to_contain_text("Пользователь уже находится в этом потоке")
    dialog.get_by_label("Новый поток").select_option(label="Менторинг")
    dialog.get_by_role("button", name="Что будет отправлено").click()
    expect(dialog.locator(".bubble")).to_contain_text("Вы переведены в другой поток")
    dialog.get_by_role("button", name="Сохранить").click()

    expect(page.locator(f"#booking-{booking.pk}")).to_contain_text("Менторинг")
    expect(page.locator("#messages")).to_contain_text("Поток изменён")


@in_each_view
def test_the_page_and_its_form_are_accessible(
    page: Page, theme: Literal["light", "dark"], width: Literal["wide", "phone"]
) -> None:
    sign_in(page)
    person, booking = somebody()
    use_theme(page, theme)
    use_width(page, width)
    page.goto(f"/users/{person.pk}/")
    page.locator(f"#booking-{booking.pk}").get_by_role("link", name="Изменить").click()
    page.locator(f"#booking-{booking.pk} form").wait_for()

    assert_accessible(page)

    page.goto(f"/users/{person.pk}/bookings/new/")
    assert_accessible(page)


def test_a_note_outlives_the_session(page: Page) -> None:
    user = sign_in(page)
    person, _booking = somebody()
    page.goto(f"/users/{person.pk}/")
    note = page.get_by_label("Новая заметка")
    note.fill("Просит вечернюю группу")
    Session.objects.all().delete()
    page.get_by_role("button", name="Сохранить заметку").click()

    expect(page.locator("[data-signed-out]")).to_be_visible()
    expect(note).to_have_value("Просит вечернюю группу")
    door = page.context.new_page()
    door.goto("/accounts/login/")
    sign_in_beside(page, door, user)
    expect(page.locator("[data-signed-out]")).to_have_count(0)
    page.get_by_role("button", name="Сохранить заметку").click()

    expect(page.locator(".entry-note")).to_contain_text("Просит вечернюю группу")
    assert Note.objects.count() == 1
