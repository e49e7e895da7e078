"""One's own account: e-mails, password, tokens; nothing said that is not so, nothing done twice."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.test import Client

from tests.factories import UserFactory
from users.models import ApiToken, SavedView, User

TOKEN = {"name": "spreadsheet", "scopes": ["read"], "days": "90"}


@pytest.fixture
def colleague(db) -> User:
    return UserFactory.create(username="viewer", email="viewer@example.test")


@pytest.fixture
def sure_client(staff) -> Client:
    """A client of somebody who has just typed the password."""
    staff.set_password("a password for tests")
    staff.save()
    client = Client()
    client.post("/accounts/login/", {"login": staff.username, "password": "a password for tests"})
    return client


def test_a_colleagues_e_mail_is_not_added(sure_client, staff, colleague):
    response = sure_client.post("/accounts/email/", {"action_add": "", "email": "Viewer@example.test"})

    assert "Этот адрес указан у другой учётной записи." in response.content.decode()
    assert not EmailAddress.objects.filter(user=staff, email__iexact=colleague.email).exists()


def test_an_e_mail_that_a_colleague_has_taken_meanwhile_does_not_become_ones_own(sure_client, staff, colleague):
    EmailAddress.objects.create(user=staff, email=colleague.email)

    response = sure_client.post("/accounts/email/", {"action_primary": "", "email": colleague.email}, follow=True)

    assert "Этот адрес указан у другой учётной записи." in response.content.decode()
    assert not EmailAddress.objects.get(user=staff, email=colleague.email).primary


@pytest.mark.parametrize("has_email", [True, False])
def test_without_a_mail_server_no_page_offers_or_tells_of_a_mail(sure_client, settings, has_email):
    settings.HAS_EMAIL = has_email

    said = sure_client.post("/accounts/email/", {"action_add": "", "email": "new@example.test"}, follow=True)
    password = sure_client.get("/accounts/password/change/")

    assert ("Подтверждающее письмо отправлено" in said.content.decode()) == has_email
    assert ("action_send" in said.content.decode()) == has_email
    assert ("/accounts/password/reset/" in password.content.decode()) == has_email


def test_the_form_of_a_token_sent_twice_makes_one(sure_client, staff):
    first, second = (sure_client.post("/accounts/tokens/", TOKEN) for _time in range(2))

    assert (first.status_code, second.status_code) == (200, 422)
    assert ApiToken.objects.filter(owner=staff).count() == 1


def test_a_name_and_an_e_mail_that_are_taken_are_told_once_and_beside_their_fields(colleague):
    wrong = User(username="viewer", email="viewer@example.test", password="-")

    with pytest.raises(ValidationError) as refusal:
        wrong.full_clean()

    assert {name: len(errors) for name, errors in refusal.value.error_dict.items()} == {"username": 1, "email": 1}


def test_a_page_with_a_new_secret_that_is_loaded_again_ends_it_not(sure_client, staff, colleague):
    token = ApiToken.objects.create(owner=staff, name="spreadsheet", beginning="hsl_1", digest="-", scopes=["read"])
    view = SavedView.objects.create(owner=staff, name="New", path="/bookings/", query="")
    detail = sure_client.get(f"/staff/{colleague.pk}/").content.decode()
    [seen] = re.findall(r'name="seen" value="(\w+)"', detail)
    forms = {
        f"/accounts/tokens/{token.pk}/rotate/": token.beginning,
        f"/views/{view.pk}/feed/": view.feed_beginning,
        f"/staff/{colleague.pk}/reset/": seen,
    }

    statuses = {
        address: [sure_client.post(address, {"seen": text}).status_code for _ in range(2)]
        for address, text in forms.items()
    }

    assert {first for first, _second in statuses.values()} == {200}
    assert {second for _first, second in statuses.values()} <= {302, 303}
