"""Who may pass a JSON route: a token in its owner's name, or a signed-in session; their rates, scopes, permissions."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pghistory
from django.http import HttpRequest
from django.utils import timezone
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from hsl_dashboard.web.api.answers import FAILED, ApiError, Shape, call_of
from hsl_dashboard.web.api.description import SIGNATURE
from hsl_dashboard.web.api.limits import CALLS, CALLS_FROM, REFUSED, WRITES
from hsl_dashboard.web.clients import client_address
from hsl_dashboard.web.pages import SAFE_METHODS
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from users.models import ApiToken, User
from users.models.audit import record
from users.models.tokens import digest_of
from users.privacy import VIEW_EMAIL, masked_email

Scope = ApiToken.Scope

SEEN_EVERY = timedelta(minutes=1)  # as exact as the list of tokens shows it
# What looks into the database itself is for administrators, who alone have this.
DEBUGGING = "users.view_auditentry"
UNAUTHORIZED = "Unauthorized"
FORBIDDEN = "Forbidden"


@dataclass(frozen=True)
class Caller:
    """Who asks: a member of staff, through a token or a session."""

    user: User
    token: ApiToken | None = None

    @property
    def name(self) -> str:
        return f"token:{self.token.pk}" if self.token else f"user:{self.user.pk}"

    def has_scope(self, scope: Scope) -> bool:
        """A session has every scope: its permissions alone decide."""
        return self.token is None or scope in self.token.scopes

    @property
    def sees_emails(self) -> bool:
        """Only a token made for it: in a browser, looking at an e-mail is a click of its own on the person's page."""
        return self.token is not None and self.has_scope(Scope.PERSONAL) and self.user.has_perm(VIEW_EMAIL)

    def email(self, address: str | None) -> str | None:
        """An address as this caller may see it."""
        return address if not address or self.sees_emails else masked_email(address)


class ApiRequest(HttpRequest):
    """A request that has passed its door."""

    auth: Caller


class ApiAccess(AuthBase):
    """The door of one route: what it takes to pass, and how the route says no.

    The owner's permissions are asked at each call: whoever loses one loses it in every token.
    """

    takes_session = True
    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A token made at /accounts/tokens/. A signed-in browser needs none; it sends its CSRF token."

    def __init__(
        self,
        *permissions: str,
        scope: Scope = Scope.READ,
        shape: Shape = Shape.PLAIN,
        failure: str = FAILED,
    ) -> None:
        super().__init__()
        self.permissions, self.scope = permissions, scope
        self.shape, self.failure = shape, failure

    def __call__(self, request: HttpRequest) -> Caller:
        """Let somebody in.

        Raises:
            ApiError: 401, 403 or 429.
        """
        call = call_of(request)
        call.shape, call.failure = self.shape, self.failure
        address = client_address(request)
        CALLS_FROM.count(address)
        caller = self._caller(request, address)
        CALLS.count(caller.name)
        if request.method not in SAFE_METHODS:
            WRITES.count(caller.name)
        if not caller.has_scope(self.scope) or not caller.user.has_perms(self.permissions):
            raise ApiError(403, FORBIDDEN)
        return caller

    def _caller(self, request: HttpRequest, address: str) -> Caller:
        kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._of_token(request, secret.strip(), address)
        if not request.user.is_authenticated:
            raise ApiError(401, UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
        if request.method not in SAFE_METHODS and check_csrf(request) is not None:
            raise ApiError(403, "CSRF token missing or incorrect")
        pghistory.context(origin="api")
        return Caller(request.user)

    def _of_token(self, request: HttpRequest, secret: str, address: str) -> Caller:
        REFUSED.require_room(address)
        now = timezone.now()
        token = ApiToken.objects.select_related("owner").filter(digest=digest_of(secret)).first()
        if token is None or not token.is_usable(at=now) or not token.owner.is_active:
            REFUSED.count(address)
            raise ApiError(401, UNAUTHORIZED, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        # Setting the user tells pghistory too (its request does): what follows is written in the owner's name.
        request.user = token.owner
        pghistory.context(origin="api", token=str(token))
        if token.last_used_at is None or token.last_used_at < now - SEEN_EVERY or token.last_used_from != address:
            seen = ApiToken.objects.filter(pk=token.pk)
            write_beside(SideWrite.TOKEN_USED, partial(seen.update, last_used_at=now, last_used_from=address))
        return Caller(token.owner, token)


class SignedAccess(ApiAccess):
    """The door of a route that a signature over the body opens; the route compares it."""

    takes_session = False
    openapi_type = "apiKey"
    openapi_in = "header"
    openapi_name = "X-Signature"
    openapi_description = "sha256= and the HMAC-SHA256 of <X-Timestamp>.<body>, in hexadecimal (docs/api.md)."

    def __init__(self) -> None:
        super().__init__()
        self.scope = SIGNATURE  # type: ignore[assignment]  # no token has it

    def __call__(self, request: HttpRequest) -> Caller:
        """Count the call by its address.

        Raises:
            ApiError: 429.
        """
        address = client_address(request)
        CALLS_FROM.count(address)
        REFUSED.require_room(address)
        return Caller(User(is_active=False))

    @staticmethod
    def count_refusal(request: HttpRequest) -> None:
        REFUSED.count(client_address(request))


def note_emails_shown(caller: Caller, request: HttpRequest, *, people: int) -> None:
    """Write down that a program was given e-mail addresses in full: whose token, which route, of how many."""
    if not people or not caller.sees_emails:
        return
    data = {"route": request.path[:200], "people": people, "token": str(caller.token) if caller.token else None}
    write_beside(
        SideWrite.EMAILS_SHOWN,
        partial(record, "api.emails_shown", by=caller.user, data=data),
        about=f"{caller.user.get_username()} {request.path}",
    )
