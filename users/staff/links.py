"""Links by which staff set their password: made by an administrator, good for one use and 48 hours.

Logs leave them out twice: the key stands behind the «?», and begins as every token does.
"""

from datetime import timedelta

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.crypto import constant_time_compare
from django.utils.http import base36_to_int, int_to_base36

from users.models import User
from users.models.tokens import BEGINNING

GOOD_FOR = timedelta(hours=48)


class _Keys(PasswordResetTokenGenerator):
    """Django's keys of a password reset: setting a password, signing in or a new e-mail ends them."""

    key_salt = "users.staff.links"

    def is_good(self, user: User, key: str) -> bool:
        """Say whether a key is of this account as it is now, and young; Django's own limit is for its own links."""
        try:
            made = base36_to_int(key.split("-")[0])
        except ValueError:
            return False
        age = self._num_seconds(self._now()) - made
        expected = self._make_token_with_timestamp(user, made, self.secret)
        return constant_time_compare(expected, key) and 0 <= age <= GOOD_FOR.total_seconds()


_keys = _Keys()


def key_for(account: User) -> str:
    """Make the key of a link; one for an account whose password nobody can type replaces every earlier one."""
    return f"{BEGINNING}{int_to_base36(account.pk)}-{_keys.make_token(account)}"


def account_behind(key: str) -> User | None:
    """Find whose link it is; None when it is no link, was used, was replaced or is too old."""
    number, _dash, token = key.removeprefix(BEGINNING).partition("-")
    try:
        account = User.objects.filter(pk=base36_to_int(number), is_active=True).first()
    except (ValueError, OverflowError):
        return None
    is_waiting = account is not None and not account.has_usable_password()
    return account if account and is_waiting and _keys.is_good(account, token) else None
