"""Pages of allauth that behave differently here: one's own e-mails, and a new password by e-mail."""

from functools import partial
from typing import Any

from allauth.account.internal.flows.manage_email import sync_user_email_address
from allauth.account.views import EmailView, PasswordResetView
from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from hsl_dashboard.web.side_writes import SideWrite, write_beside


@method_decorator(rate_limit(action="manage_email"), name="dispatch")
class StaffEmailView(EmailView):
    """One's own addresses. allauth takes over the one that an administrator typed when its owner first looks here."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self._did_send_verification_email = False
        write_beside(SideWrite.OWN_EMAIL, partial(sync_user_email_address, request.user))
        # Past EmailView's own, which would write it without asking.
        response: HttpResponseBase = super(EmailView, self).dispatch(request, *args, **kwargs)
        return response

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().get_context_data(**context)
        return shown | {"may_send": settings.HAS_EMAIL}

    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase | None:
        # allauth writes two tables, one after the other; a colleague may have taken the address meanwhile.
        try:
            with transaction.atomic():
                response: HttpResponseBase | None = super()._action_primary(request, *args, **kwargs)
        except IntegrityError:
            messages.error(request, _("Another account has this e-mail."))
            return None
        return response


def account_email(request: HttpRequest) -> HttpResponseBase:
    """Show one's own e-mail addresses."""
    response: HttpResponseBase = StaffEmailView.as_view()(request)
    return response


@login_not_required
def account_reset_password(request: HttpRequest) -> HttpResponseBase:
    """Send a link to a new password; without a mail server there is no such page: an administrator makes the link."""
    if not settings.HAS_EMAIL:
        raise Http404
    response: HttpResponseBase = PasswordResetView.as_view()(request)
    return response
