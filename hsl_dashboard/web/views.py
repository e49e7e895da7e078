"""Views that belong to no app: the colour theme, the drawing of all icons."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hsl_dashboard.web.addresses import is_on_this_host
from hsl_dashboard.web.icons import sprite, sprite_version
from hsl_dashboard.web.navigation import SHORTCUTS_COOKIE, THEME_COOKIE, THEMES
from hsl_dashboard.web.pages import render_page_or_piece

YEAR = 365 * 24 * 60 * 60  # seconds


@login_not_required  # the sign-in page has the switch too
@require_POST
def theme_set(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        return HttpResponseBadRequest()
    return _keep(request, THEME_COOKIE, theme, usual="system", otherwise="/")


@require_http_methods(["GET", "HEAD", "POST"])
def shortcuts_set(request: HttpRequest) -> HttpResponse:
    """List the shortcuts of the keyboard, and switch single letters off or on."""
    if request.method != "POST":
        return render_page_or_piece(request, "shortcuts.html", "shortcuts.html#shortcuts-dialog", {})
    wanted = request.POST.get("shortcuts", "")
    if wanted not in {"on", "off"}:
        return HttpResponseBadRequest()
    return _keep(request, SHORTCUTS_COOKIE, wanted, usual="on", otherwise=reverse("shortcuts_set"))


def _keep(request: HttpRequest, cookie: str, choice: str, *, usual: str, otherwise: str) -> HttpResponse:
    """Remember a choice for a year, and lead back to where it was made."""
    address = request.POST.get("next", "")
    response = HttpResponseRedirect(address if is_on_this_host(address, request) else otherwise)
    if choice == usual:
        response.delete_cookie(cookie, samesite="Lax")
    else:
        response.set_cookie(cookie, choice, max_age=YEAR, secure=request.is_secure(), httponly=True, samesite="Lax")
    return response


@login_not_required  # the sign-in page has icons too
@require_safe
def icon_sprite(request: HttpRequest, version: str) -> HttpResponse:
    """Give the icons of all pages; another version has another address, so a browser asks for each once."""
    if version != sprite_version():
        raise Http404
    headers = {"Cache-Control": f"public, max-age={YEAR}, immutable"}
    return HttpResponse(sprite(), content_type="image/svg+xml", headers=headers)
