"""Asks for the password again before acts that an unlocked screen must not allow."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import (
    is_reauthentication_required,
    raise_if_reauthentication_required,
)
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from hsl_dashboard.web.pages import SeeOther, StaffRequest


def is_many(rows: Any) -> bool:
    """Say whether there are more than CONFIRM_OVER rows; counts no further than that."""
    most = settings.CONFIRM_OVER
    if isinstance(rows, QuerySet):
        return rows.order_by()[: most + 1].count() > most
    return len(rows) > most


def confirm_sending(request: StaffRequest, *, recipients: int) -> None:
    """Ask for the password again before a message to many; the form is sent again by itself afterwards.

    Raises:
        ReauthenticationRequired: allauth shows its page.
    """
    if recipients > settings.CONFIRM_OVER:
        raise_if_reauthentication_required(request, app="")


def confirm_reaching(request: StaffRequest, *, people: int) -> HttpResponse | None:
    """Ask as :func:`confirm_sending` does; lead back to the page where a file was chosen: files are not sent again."""
    if request.FILES and people > settings.CONFIRM_OVER:
        return _ask(request, back=request.path, why=_("Confirm that it is you, then save again."))
    confirm_sending(request, recipients=people)
    return None


def confirm_download(request: StaffRequest, *, list_address: str) -> HttpResponse | None:
    """Lead to the question, and from there back to the list; None when it was answered lately.

    A download cannot follow the question by itself: the browser would stay on the page that asked.
    """
    return _ask(request, back=list_address, why=_("Confirm that it is you, then download the list again."))


def confirm_in_admin(request: HttpRequest) -> HttpResponse | None:
    """Lead to the question, and from there back to the page of the Django admin; None when it was answered lately.

    Its form does not follow by itself: what is sent again is kept in the session, and a password must not be.
    """
    return _ask(request, back=request.get_full_path(), why=_("Confirm that it is you, then save again."))


def _ask(request: HttpRequest, *, back: str, why: str) -> HttpResponse | None:
    if not is_reauthentication_required(request, app=""):
        return None
    methods = get_adapter().get_reauthentication_methods(request.user)
    if not methods:
        raise PermissionDenied
    messages.info(request, why)
    return SeeOther(f"{methods[0]['url']}?{urlencode({'next': back})}")
