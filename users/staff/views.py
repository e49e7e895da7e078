"""A page of allauth that writes while it is read, made to go on without."""

from functools import partial
from typing import Any

from allauth.account.internal.flows.manage_email import sync_user_email_address
from allauth.account.views import EmailView
from allauth.decorators import rate_limit
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator

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


account_email = StaffEmailView.as_view()
