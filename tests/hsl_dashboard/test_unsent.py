"""What somebody wrote is not lost where the session or the form's token ended meanwhile."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from tests.factories import TelegramUserFactory

WORDS = "Allergic to mornings:\nasks for the evening group"


@pytest.fixture
def note_address(db):
    return f"/users/{TelegramUserFactory.create().pk}/notes/"


def test_a_form_sent_after_the_session_ended_shows_what_was_written(note_address):
    page = note_address.removesuffix("notes/")

    response = Client().post(note_address, {"text": WORDS}, headers={"Referer": f"http://testserver{page}"})

    assertContains(response, WORDS, status_code=401)
    assertContains(response, f"/accounts/login/?next={page}", status_code=401)


def test_a_form_without_words_leads_to_sign_in_and_back_to_the_page_that_it_was_on(note_address):
    page = note_address.removesuffix("notes/")

    response = Client().post(note_address, {"text": ""}, headers={"Referer": f"http://testserver{page}"})

    assertRedirects(response, f"/accounts/login/?next={page}", fetch_redirect_response=False)


def test_a_password_is_repeated_by_no_page(db):
    response = Client().post("/accounts/password/change/", {"oldpassword": "two words", "password1": "other words"})

    assert response.status_code == 302


@pytest.mark.parametrize(("origin", "is_offered"), [("http://testserver", True), ("https://evil.example", False)])
def test_a_form_with_an_old_token_can_be_sent_again_if_it_was_ours(staff, note_address, origin, is_offered):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)

    response = client.post(note_address, {"text": WORDS}, headers={"Origin": origin})

    assert response.status_code == 403
    (assertContains if is_offered else assertNotContains)(response, WORDS, status_code=403)


@pytest.mark.parametrize("address", ["/theme/", "/admin/bookings/booking/?q=%00"])
def test_no_refusal_is_an_empty_page(staff_client, address):
    response = staff_client.get(address)

    assert response.status_code in {400, 405}
    assertContains(response, "<h1>", status_code=response.status_code)
