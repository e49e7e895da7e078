"""Members of staff in a role, and clients in which they are signed in."""

import time
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from tests.factories import UserFactory
from users.models import User


def member(role: str, **values: Any) -> User:
    """Make a member of staff in one of the groups of users/staff/roles.py."""
    user = UserFactory.create(**values)
    user.groups.add(Group.objects.get(name=role))
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def client_with(*permissions: str) -> Client:
    """Sign somebody in who may do just this."""
    return signed_in(UserFactory.create(permissions=list(permissions)))


def reauthenticated(user: User, client: Client | None = None) -> Client:
    """Sign somebody in, in a client of their own or the given one, with the password given a moment ago.

    Exports, erasing, tokens and accounts of colleagues ask for it.
    """
    client = client or Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client
