"""The Django admin of staff accounts, their second factors and sessions."""

from typing import Any
from urllib.parse import quote

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import PASSWORD, TelegramUserFactory, UserFactory
from tests.signing_in import reauthenticated, signed_in
from users.models import BlockedUser, User
from users.staff.roles import ADMINISTRATOR, COURSES, role_label

ACCOUNT_PERMISSIONS = [f"users.{verb}_user" for verb in ("view", "add", "change", "delete")]


def test_an_account_made_here_can_sign_in(staff):
    staff_client = reauthenticated(staff)
    password = {"usable_password": "true", "password1": "long and unusual 7", "password2": "long and unusual 7"}
    form = {"username": "boris", **password}

    staff_client.post(_address(User, "add"), form)

    assert Client().login(username="boris", password="long and unusual 7")


def test_nobody_makes_themselves_an_administrator(client, db):
    manager = UserFactory.create(is_staff=True, permissions=ACCOUNT_PERMISSIONS)
    reauthenticated(manager, client)
    form = {"username": manager.username, "is_staff": "on", "is_active": "on", "is_superuser": "on"}

    client.post(_address(User, "change", manager.pk), form)

    manager.refresh_from_db()
    assert not manager.is_superuser
    assert manager.user_permissions.count() == len(ACCOUNT_PERMISSIONS)


@pytest.mark.parametrize("values", [{"is_superuser": True}, {"permissions": ["users.change_user"]}, {}])
def test_only_a_superuser_touches_an_administrator(client, db, values):
    account = UserFactory.create(is_staff=True, **values)
    if not values:
        account.groups.add(Group.objects.get(name=ADMINISTRATOR))
    reauthenticated(UserFactory.create(is_staff=True, permissions=ACCOUNT_PERMISSIONS), client)

    password = client.post(
        reverse("admin:auth_user_password_change", args=[account.pk]),
        {"password1": "long and unusual 7", "password2": "long and unusual 7"},
    )
    deleted = client.post(_address(User, "delete", account.pk), {"post": "yes"})

    assert (password.status_code, deleted.status_code) == (403, 403)


@pytest.fixture
def colleague(db: None) -> User:
    return UserFactory.create(username="colleague")


@pytest.fixture
def changes(colleague: User) -> dict[str, dict[str, Any]]:
    """Each act of the admin that gives or takes access, as it is sent."""
    group = Group.objects.create(name="Interns")
    factor = Authenticator.objects.create(user=colleague, type="totp", data={})
    password = {"usable_password": "true", "password1": "long and unusual 7", "password2": "long and unusual 7"}
    account = {"username": "colleague", "groups": [group.pk], "date_joined_0": "30.11.2026", "date_joined_1": "10:00"}
    return {
        _address(User, "change", colleague.pk): account,
        _address(User, "add"): {"username": "boris", **password},
        reverse("admin:auth_user_password_change", args=[colleague.pk]): password,
        _address(Group, "change", group.pk): {"name": "Others"},
        _address(Authenticator, "delete", factor.pk): {"post": "yes"},
        _address(User, "delete", colleague.pk): {"post": "yes"},
    }


def test_g7_what_gives_or_takes_access_asks_for_the_password_again(staff, staff_client, colleague, changes):
    asked = {address: staff_client.post(address, form) for address, form in changes.items()}

    question = "/accounts/reauthenticate/?next="
    assert {address: found.headers["Location"] for address, found in asked.items()} == {
        address: f"{question}{quote(address, safe='')}" for address in changes
    }
    password = reverse("admin:auth_user_password_change", args=[colleague.pk])
    assert staff_client.get(password).headers["Location"].startswith(question)  # before a new one is typed
    assert staff_client.get(_address(User, "change", colleague.pk)).status_code == 200
    colleague.refresh_from_db()
    assert colleague.check_password(PASSWORD) and not colleague.groups.exists()
    assert "account_reauthentication_state" not in staff_client.session  # which would keep the password


def test_g7_whoever_gave_the_password_a_moment_ago_is_not_asked(staff, colleague, changes):
    client = reauthenticated(staff)

    for address, form in changes.items():
        assert client.post(address, form).headers["Location"].startswith("/admin/"), address

    assert User.objects.filter(username="boris").exists() and not User.objects.filter(pk=colleague.pk).exists()
    assert Group.objects.filter(name="Others").exists() and not Authenticator.objects.exists()


def test_secrets_of_second_factors_and_sessions_are_not_shown(staff, staff_client):
    factor = Authenticator.objects.create(user=staff, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    staff_client.get("/admin/")
    session = UserSession.objects.get()

    factor_page = staff_client.get(_address(Authenticator, "change", factor.pk))
    session_page = staff_client.get(_address(UserSession, "change", session.pk))

    assertNotContains(factor_page, "JBSWY3DPEHPK3PXP")
    assertNotContains(session_page, session.session_key)


def test_deleting_a_session_signs_its_owner_out(staff_client, staff):
    other = signed_in(UserFactory.create(is_staff=True))
    other.get("/admin/")
    session = UserSession.objects.get(session_key=other.session.session_key)

    staff_client.post(_address(UserSession, "delete", session.pk), {"post": "yes"})

    assert other.get("/admin/").status_code == 302


def test_staff_block_a_person_and_lift_the_block(client, db):
    person = TelegramUserFactory.create()
    permissions = [f"users.{verb}_blockeduser" for verb in ("view", "add", "change", "delete")]
    client.force_login(UserFactory.create(is_staff=True, permissions=[*permissions, "users.view_telegramuser"]))

    client.post(_address(BlockedUser, "add"), {"telegram_user": person.pk, "reason": "Просил не писать"})
    assert BlockedUser.objects.get().reason == "Просил не писать"
    client.post(_address(BlockedUser, "delete", person.pk), {"post": "yes"})

    assert not BlockedUser.objects.exists()


def _address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_groups_have_the_names_of_the_pages(client: Client, db: None) -> None:
    administrator = UserFactory.create(is_staff=True, is_superuser=True)
    client.force_login(administrator)

    pages = [_address(User, "changelist"), _address(User, "change", administrator.pk), _address(Group, "changelist")]

    for address in pages:
        page = client.get(address)
        assertContains(page, role_label(COURSES))
        assertNotContains(page, f">{COURSES}<")
