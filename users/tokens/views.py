"""The page of one's own API tokens; administrators see everybody's."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hsl_dashboard.web.pages import StaffRequest
from users.models import ApiToken
from users.tokens.forms import TokenForm
from users.tokens.services import NewToken, TokenRevoked, create_api_token, revoke_api_token, rotate_api_token

MANAGE_TOKENS = "users.manage_apitokens"
SHOWN = 200  # tokens; more than any school has


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types
def token_list(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, TokenForm(owner=request.user))
    form = TokenForm(request.POST, owner=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    new = create_api_token(
        owner=request.user,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_at=form.expires_at(at=timezone.now()),
        by=request.user,
    )
    return _page(request, TokenForm(owner=request.user), new=new)


@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]
def token_rotate(request: StaffRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(_visible(request), pk=pk)
    if token.owner_id != request.user.pk:
        # Whoever saw the secret of another could act in that person's name.
        raise PermissionDenied
    if request.POST.get("seen", token.beginning) != token.beginning:
        # The page with the new secret was loaded again: it must not end the secret that was just copied.
        messages.warning(request, _("This token has been reissued already. Its new secret was shown once."))
        return redirect("token_list")
    try:
        new = rotate_api_token(token=token, by=request.user)
    except TokenRevoked:
        messages.error(request, _("This token is revoked. Make a new one."))
        return redirect("token_list")
    return _page(request, TokenForm(owner=request.user), new=new)


@require_POST
def token_revoke(request: StaffRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(_visible(request), pk=pk)
    revoke_api_token(token=token, by=request.user, at=timezone.now())
    messages.success(request, _("“%(name)s” is revoked: it is refused from now on.") % {"name": token.name})
    return redirect("token_list")


def _visible(request: StaffRequest) -> "QuerySet[ApiToken]":
    tokens = ApiToken.objects.select_related("owner").newest_first()
    return tokens if request.user.has_perm(MANAGE_TOKENS) else tokens.filter(owner=request.user)


def _page(request: StaffRequest, form: TokenForm, *, new: NewToken | None = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    tokens = list(_visible(request)[:SHOWN])
    for token in tokens:
        token.usable, token.expired = token.is_usable(at=now), token.is_expired(at=now)  # type: ignore[attr-defined]
    context = {"form": form, "tokens": tokens, "new": new, "sees_all": request.user.has_perm(MANAGE_TOKENS)}
    return render(request, "users/token_list.html", context, status=status)
