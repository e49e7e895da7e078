"""What staff do at the door, in the audit: signing in and out, failures, lock-outs, second factors, refusals."""

from collections.abc import Callable
from functools import partial
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest, HttpResponse

from hsl_dashboard.web.side_writes import SideWrite, write_beside
from users.models.audit import record


def listen() -> None:
    """Connect the signals of signing in; called once, when the app is ready."""
    user_logged_in.connect(_signed_in)
    user_logged_out.connect(_signed_out)
    user_login_failed.connect(_failed)
    authentication_failed.connect(_second_factor_failed)
    for signal in (password_changed, password_set, password_reset):
        signal.connect(_password_changed)


def record_lock_out(account: str) -> None:
    """Write down that somebody tried too often for an account, by its number or by the name that was typed."""
    record("sign_in.locked_out", data={"account": account})


def record_refusals(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Write down each page that was refused to somebody who has signed in, inside the context of AuditMiddleware."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 403 and request.user.is_authenticated:
            entry = {"path": request.path[:200], "method": request.method}
            write_beside(
                SideWrite.REFUSED,
                partial(record, "refused", data=entry),
                about=f"{request.user.get_username()} {request.method} {request.path}",
            )
        return response

    return middleware


def _signed_in(user: Any, **_kwargs: Any) -> None:
    record("sign_in.done", by=user, of=user)


def _signed_out(user: Any, **_kwargs: Any) -> None:
    if user is not None:
        record("sign_out.done", by=user, of=user)


def _failed(credentials: dict[str, Any], **_kwargs: Any) -> None:
    record("sign_in.failed", data={"tried": _name_in(credentials)})


def _second_factor_failed(user: Any, **_kwargs: Any) -> None:
    record("second_factor.failed", of=user)


def _password_changed(user: Any, **_kwargs: Any) -> None:
    record("password.changed", of=user)


def _name_in(credentials: dict[str, Any]) -> str:
    """Give the name that was typed, cut to the length of a name."""
    return str(credentials.get("username") or credentials.get("email") or "")[:150]
