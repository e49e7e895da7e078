"""Forms that come too late: the session or the token has ended. What was typed is shown, to be sent again."""

import re
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.csrf import csrf_failure as plain_csrf_failure

from hsl_dashboard.web.addresses import is_own_address

TOKEN = "csrfmiddlewaretoken"
# A password, a code or a key is asked for again: no page repeats it.
SECRET = re.compile(r"passw|secret|^(code|key|credential)$")
MOST = 200  # fields: more than any form has; what has more was made by a program


class SignedInMiddleware(LoginRequiredMiddleware):
    """Django's, which leads to sign-in. A form in which somebody has written is not thrown away on the way."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponse:  # type: ignore[override]
        if request.method != "POST" or request.headers.get("HX-Request"):
            return super().handle_no_permission(request, view_func)
        back = _page_of_form(request)
        if not _is_kept(request):
            # Not to the address of the form: it may take nothing but forms.
            return redirect_to_login(back)
        context = {**_shown(request), "is_signed_out": True, "back": back}
        page = render(request, "unsent.html", context, status=HTTPStatus.UNAUTHORIZED)
        add_never_cache_headers(page)
        return page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form whose token is old; what one of our own pages sent can be sent again with a new one."""
    if _is_ours(request) and not request.headers.get("HX-Request") and _is_kept(request):
        return render(request, "unsent.html", _shown(request), status=HTTPStatus.FORBIDDEN)
    response: HttpResponse = plain_csrf_failure(request, reason)
    response["X-Form-Expired"] = "1"  # app.js tells it from a missing permission
    return response


def _is_ours(request: HttpRequest) -> bool:
    """Say whether the browser says that a page of ours sent the form: a page of others gets no button to repeat it."""
    ours = [f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS]
    return request.headers.get("Origin") in ours


def _is_kept(request: HttpRequest) -> bool:
    return bool(_words(request.POST)) and len(request.POST) <= MOST and not _has_secret(request.POST)


def _shown(request: HttpRequest) -> dict[str, Any]:
    fields = [(name, value) for name, values in request.POST.lists() if name != TOKEN for value in values]
    return {
        "words": _words(request.POST),
        "fields": [] if request.FILES else fields,  # no page can put a file into a form
        "address": request.get_full_path(),
    }


def _words(form: QueryDict) -> list[str]:
    """What was written by hand: it has more than one word. Choices and numbers are made again with one click."""
    return [value for name, values in form.lists() for value in values if name != TOKEN and len(value.split()) > 1]


def _has_secret(form: QueryDict) -> bool:
    return any(SECRET.search(name) for name in form if name != TOKEN)


def _page_of_form(request: HttpRequest) -> str:
    """Find the page that the form stood on; without a Referer, the page of today."""
    referer = request.headers.get("Referer", "").removeprefix(f"{request.scheme}://{request.get_host()}")
    return referer if is_own_address(referer, request) else reverse("analytics:today")
