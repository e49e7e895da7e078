"""Lists of rows: what a page of fifty weighs, and that no row holds a form."""

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from messaging.models import Draft
from tests.factories import (
    BookingFactory,
    EventFactory,
    PaymentFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.messaging.broadcasts import BroadcastFactory
from users.models import BlockedUser
from users.totals import fold_marked_people

ROWS, LARGEST_PAGE = 50, 60_000  # bytes
STREAM = reverse("bookings:stream_detail", args=["8th_stream"])


@pytest.fixture
def school(db: None) -> None:
    """Fifty of everything, as the bot's database has it: half of the names in full, some codes."""
    StreamFactory.create(capacity=40)
    statuses = [*Booking.Status.values, 77]
    for number in range(ROWS):
        person = TelegramUserFactory.create(
            first_name="Александра" if number % 2 else "Анна",
            last_name="Константинова" if number % 2 else None,
            username=f"alexandra_{number:04}",
        )
        BookingFactory.create(
            telegram_user=person,
            confirmed=statuses[number % len(statuses)],
            discount_percent=0 if number % 4 else 20,
            referral_code=None if number % 4 else "FRIEND2026",
        )
        EventFactory.create(telegram_user=person)
        BlockedUser.objects.create(telegram_user=TelegramUserFactory.create(), reason="bot_blocked_by_user")
        PaymentFactory.create(booking=Booking.objects.latest("pk"))
    fold_marked_people()
    for _ in range(ROWS):
        broadcast = BroadcastFactory.create(
            message_text="Друзья, занятие переносится на четверг, 19:00. " * 3, state="finished"
        )
        RecipientFactory.create(message=broadcast, telegram_user=person)
        Draft.objects.create(content={"text": "Друзья, занятие переносится на четверг, 19:00. " * 3})


@pytest.fixture
def administrator(client: Client, db: None) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(
    "address",
    ["/bookings/", "/users/", "/messages/", "/messages/drafts/", "/messages/blocked/", "/money/payments/", STREAM],
)
def test_D7_a_page_of_fifty_rows_is_light(school: None, administrator: Client, address: str) -> None:
    page = administrator.get(address)

    assert page.content.count(b"<tr") > 25
    assert len(page.content) <= LARGEST_PAGE


def test_D7_the_page_of_the_courses_is_light(school: None, administrator: Client) -> None:
    """With as many streams as the school has had."""
    for number in range(17):
        stream = StreamFactory.create(code=f"{number}th_course", name=f"{number}-й поток курса")
        BookingFactory.create_batch(2, course_stream=stream.code, confirmed=2)
        BookingFactory.create(course_stream=stream.code, confirmed=1)
        BookingFactory.create(course_stream=stream.code, confirmed=0)
        BookingFactory.create(course_stream=stream.code, confirmed=-1)

    page = administrator.get("/workshops/")

    assert page.content.count(b"<article") >= 18
    assert page.content.count(b'<tr id="booking-') == 20
    assert len(page.content) <= LARGEST_PAGE


@pytest.mark.parametrize("address", ["/bookings/", "/users/", "/workshops/", STREAM])
def test_no_row_has_a_form_a_choice_or_a_token_of_its_own(school: None, administrator: Client, address: str) -> None:
    html = administrator.get(address).content.decode()
    rows = html[html.rindex("<tbody") : html.rindex("</tbody>")]

    assert "<tr" in rows
    assert [word for word in ("<form", "<select", "csrfmiddlewaretoken", "<button") if word in rows] == []
