"""Signing in: whose wrong tries count for whom, and which names an account may have."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, TelegramUserFactory, UserFactory
from tests.signing_in import reauthenticated
from users.models import User

LOGIN = "/accounts/login/"
ACCOUNT = {"usable_password": "true", "password1": "long and unusual 7", "password2": "long and unusual 7"}


def tries(client: Client, login: str, password: str = "wrong", *, address: str = "203.0.113.9") -> bool:
    """Try to sign in, and say whether it went."""
    response = client.post(LOGIN, {"login": login, "password": password}, REMOTE_ADDR=address)
    return response.status_code == 302


def test_g6_wrong_tries_of_a_stranger_lock_out_the_stranger_alone(staff):
    stranger = Client()
    for _ in range(5):
        assert not tries(stranger, staff.username)

    assert not tries(stranger, staff.username, PASSWORD)
    assert tries(Client(), staff.username, PASSWORD, address="198.51.100.1")


def test_g6_an_e_mail_and_a_name_count_together(staff):
    stranger = Client()
    for login in (staff.username, staff.email, staff.username.upper(), staff.email, staff.username):
        assert not tries(stranger, login)

    assert not tries(stranger, staff.email, PASSWORD)


def test_g6_a_browser_that_signed_in_before_passes_even_from_the_strangers_address(staff):
    owner = Client()
    assert tries(owner, staff.username, PASSWORD)
    owner.post("/accounts/logout/")
    for _ in range(12):  # the limit of an account and that of an address
        assert not tries(Client(), staff.username)
    assert not tries(Client(), staff.username, PASSWORD)

    assert tries(owner, staff.username, PASSWORD)


def test_g6_a_known_browser_guesses_no_more_than_others(staff):
    client = Client()
    assert tries(client, staff.username, PASSWORD)
    client.post("/accounts/logout/")
    for _ in range(5):
        assert not tries(client, staff.username)

    assert not tries(client, staff.username, PASSWORD)


def test_g6_many_addresses_together_do_not_guess_without_end(staff):
    for number in range(50):
        assert not tries(Client(), staff.username, address=f"203.0.113.{number}")

    assert not tries(Client(), staff.username, PASSWORD, address="198.51.100.1")


def test_g6_a_cookie_of_ones_own_making_or_of_another_account_is_none(staff):
    colleague, client = UserFactory.create(), Client()
    assert tries(client, colleague.username, PASSWORD)
    client.post("/accounts/logout/")
    client.cookies[f"known-{staff.pk}"] = client.cookies[f"known-{colleague.pk}"].value
    for _ in range(5):
        assert not tries(Client(), staff.username)

    assert not tries(client, staff.username, PASSWORD)


# Names (G11) ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "email"),
    [
        ("viеwer", ""),  # with a Cyrillic «е»
        ("VIEWER", ""),
        ("viewer@example.test", ""),
        ("Viewer@Example.test", ""),
        ("somebody@example.test", "other@example.test"),
        ("other", "Viewer@example.test"),
    ],
)
def test_g11_a_name_or_an_e_mail_that_could_pass_for_anothers_is_refused(staff, username, email):
    staff_client = reauthenticated(staff)
    UserFactory.create(username="viewer", email="viewer@example.test")

    response = staff_client.post(reverse("admin:users_user_add"), {"username": username, "email": email, **ACCOUNT})

    assert response.status_code == 200 and response.context["errors"]
    assert not User.objects.filter(username=username).exists()


def test_g11_ones_own_e_mail_may_be_the_name(staff):
    staff_client = reauthenticated(staff)
    own = {"username": "Boris@example.test", "email": "boris@example.test"}

    staff_client.post(reverse("admin:users_user_add"), {**own, **ACCOUNT})

    assert User.objects.filter(**own).exists()


def test_g11_the_database_refuses_what_no_form_has_seen(db):
    UserFactory.create(username="viewer", email="viewer@example.test")

    for username, email in (("Viewer", ""), ("viewer@example.test", ""), ("other", "VIEWER@example.test")):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(username=username, email=email)


def test_g11_an_account_that_is_changed_keeps_to_the_same_rule(db):
    UserFactory.create(username="viewer", email="viewer@example.test")
    other = UserFactory.create(username="other")
    other.email = "VIEWER@example.test"

    with pytest.raises(ValidationError, match="адрес"):
        other.full_clean()


def test_who_has_just_signed_in_is_not_asked_again_at_once(staff):
    client = Client()
    assert tries(client, staff.username, PASSWORD)

    erase = reverse("personal_data:personal_data_erase", args=[TelegramUserFactory.create().pk])
    assert client.get(erase).status_code == 200

    session = client.session
    session["account_authentication_methods"] = [
        {**given, "at": given["at"] - 16 * 60} for given in session["account_authentication_methods"]
    ]
    session.save()
    assert "reauthenticate" in client.get(erase).headers["Location"]
