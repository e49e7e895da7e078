"""Bookings found by part of an e-mail, by those who may see e-mails."""

import pytest
from django.urls import reverse

from bookings.models import BulkChange
from tests.bookings.test_booking_list import found
from tests.factories import BookingFactory, FreeLessonRegistrationFactory, TelegramUserFactory
from tests.signing_in import client_with

EMAIL = "Anna.Petrova@пример.рф"
SEES_EMAILS = ("bookings.view_booking", "users.view_email")


@pytest.fixture
def with_email(db):
    """A booking of somebody who left an e-mail with a free lesson, beside one of somebody else."""
    BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name="Глеб"))
    booking = BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name="Вера", last_name="Ким"))
    FreeLessonRegistrationFactory.create(telegram_user=booking.telegram_user, email=EMAIL)
    return booking


@pytest.fixture(params=["few", "many names", "many e-mails"])
def matches(request, monkeypatch):
    """How many match: few are listed by the indexes, of more the list is walked."""
    if request.param == "many names":
        monkeypatch.setattr("bookings.lists.search._found", lambda *_args, **_more: (None, None, None))
    elif request.param == "many e-mails":
        monkeypatch.setattr("bookings.lists.search.RARE", -1)


@pytest.mark.parametrize("typed", [EMAIL, "anna.petrova@ПРИМЕР", "petrova"])
def test_D3_a_booking_is_found_by_an_email(with_email, matches, typed):
    assert found(client_with(*SEES_EMAILS), q=typed) == [with_email]


def test_D3_who_sees_no_emails_finds_nobody_by_them(with_email, matches):
    assert found(client_with("bookings.view_booking"), q=EMAIL) == []


def test_D3_the_page_of_a_stream_and_a_change_of_all_found_ask_alike(with_email):
    client = client_with(*SEES_EMAILS, "bookings.change_booking")
    stream = reverse("bookings:stream_detail", args=[with_email.course_stream])

    page = client.get(stream, {"q": EMAIL})
    sent = {"of": "bookings", "scope": "all", "query": page.context["bulk_query"], "act": "status:2"}
    client.post(reverse("bookings:bulk_prepare"), sent)

    assert [row.booking for row in page.context["rows"]] == [with_email]
    assert BulkChange.objects.get().rows.get().booking == with_email
