"""What staff can do with API tokens."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pghistory
from django.db import transaction

from users.models import ApiAnswer, ApiToken, User
from users.models.tokens import SHOWN, digest_of, new_secret

ANSWERS_KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class NewToken:
    """A token and its secret, which is shown once and stored nowhere."""

    token: ApiToken
    secret: str


class TokenRevoked(Exception):
    """The token is revoked: it gets no new secret."""


def create_api_token(*, owner: User, name: str, scopes: list[str], expires_at: datetime | None, by: User) -> NewToken:
    """Make a token for ``owner``; it may at most what ``owner`` may when it is used."""
    secret = new_secret()
    with transaction.atomic(), pghistory.context(user=by.pk):
        token = ApiToken.objects.create(
            owner=owner,
            name=name,
            scopes=[scope for scope in ApiToken.Scope.values if scope in scopes],
            expires_at=expires_at,
            beginning=secret[:SHOWN],
            digest=digest_of(secret),
        )
    return NewToken(token, secret)


def rotate_api_token(*, token: ApiToken, by: User) -> NewToken:
    """Give a token another secret; the old one is refused from now on.

    Raises:
        TokenRevoked: it is revoked.
    """
    secret = new_secret()
    with transaction.atomic(), pghistory.context(user=by.pk):
        rows = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
        if not rows.update(beginning=secret[:SHOWN], digest=digest_of(secret)):
            raise TokenRevoked
    token.beginning = secret[:SHOWN]
    return NewToken(token, secret)


def revoke_api_token(*, token: ApiToken, by: User, at: datetime) -> None:
    """Refuse a token from now on; revoking it twice is no error."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at)


def forget_answers(*, at: datetime) -> int:
    """Delete answers that nobody can ask for again."""
    gone, _by_table = ApiAnswer.objects.filter(created_at__lt=at - ANSWERS_KEPT).delete()
    return gone
