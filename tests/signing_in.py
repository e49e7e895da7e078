"""Clients of staff who have just given their password again, as exports, erasing and tokens ask for it."""

import time

from django.test import Client

from users.models import User


def reauthenticated(user: User, client: Client | None = None) -> Client:
    """Sign somebody in, in a client of their own or the given one, with the password given a moment ago."""
    client = client or Client()
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client
