"""The Django admin of staff accounts, their second factors and sessions."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertNotContains

from tests.factories import TelegramUserFactory, UserFactory
from users.models import BlockedUser, User
from users.staff.roles import ADMINISTRATOR

ACCOUNT_PERMISSIONS = [f"users.{verb}_user" for verb in ("view", "add", "change", "delete")]


def test_an_account_made_here_can_sign_in(staff_client):
    password = {"usable_password": "true", "password1": "long and unusual 7", "password2": "long and unusual 7"}
    form = {"username": "boris", **password}

    staff_client.post(_address(User, "add"), form)

    assert Client().login(username="boris", password="long and unusual 7")


def test_nobody_makes_themselves_an_administrator(client, db):
    manager = UserFactory.create(is_staff=True, permissions=ACCOUNT_PERMISSIONS)
    client.force_login(manager)
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
    client.force_login(UserFactory.create(is_staff=True, permissions=ACCOUNT_PERMISSIONS))

    password = client.post(
        reverse("admin:auth_user_password_change", args=[account.pk]),
        {"password1": "long and unusual 7", "password2": "long and unusual 7"},
    )
    deleted = client.post(_address(User, "delete", account.pk), {"post": "yes"})

    assert (password.status_code, deleted.status_code) == (403, 403)


def test_secrets_of_second_factors_and_sessions_are_not_shown(staff, staff_client):
    factor = Authenticator.objects.create(user=staff, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    staff_client.get("/admin/")
    session = UserSession.objects.get()

    factor_page = staff_client.get(_address(Authenticator, "change", factor.pk))
    session_page = staff_client.get(_address(UserSession, "change", session.pk))

    assertNotContains(factor_page, "JBSWY3DPEHPK3PXP")
    assertNotContains(session_page, session.session_key)


def test_deleting_a_session_signs_its_owner_out(staff_client, staff):
    other = Client()
    other.force_login(UserFactory.create(is_staff=True))
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
