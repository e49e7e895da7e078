"""«Who may do what»: the accounts of staff, for administrators; and the page behind the link by which one gets in."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from smtplib import SMTPException
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.contrib.auth.forms import SetPasswordForm
from django.core.mail import send_mail
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hsl_dashboard.web.pages import SeeOther, StaffRequest
from users.models import User
from users.staff.factors import factors_that_count, needs_factor, who_need_factors
from users.staff.forms import AccountForm, GroupsForm, InviteForm, ResetForm
from users.staff.links import GOOD_FOR, account_behind, key_for
from users.staff.roles import GRANTS, ROLES, role_label
from users.staff.services import (
    ADD_STAFF,
    CHANGE_STAFF,
    VIEW_STAFF,
    StaffNotChanged,
    administering_groups,
    change_account,
    change_groups,
    end_colleagues_sessions,
    invite_colleague,
    may_change,
    reset_colleague,
    set_password_by_link,
    switch_account,
)
from users.staff.sessions import live_sessions

logger = logging.getLogger(__name__)

SHOWN = 200  # accounts; more than any school has
FACTOR_NAMES: dict[str, Callable[[], str]] = {
    Authenticator.Type.TOTP: lambda: pgettext("second factor", "Code from an app"),
    Authenticator.Type.WEBAUTHN: lambda: pgettext("second factor", "Passkey"),
}


@dataclass
class Colleague:
    """A line of the list: an account, and how it is used."""

    account: User
    groups: list[str]
    last_seen_at: datetime | None
    factors: list[str] = field(default_factory=list)
    sessions: int = 0
    needs_factor: bool = False
    is_waiting: bool = False  # for its owner to set a password


@require_safe
@permission_required(VIEW_STAFF, raise_exception=True)
def staff_list(request: StaffRequest) -> HttpResponse:
    accounts = User.objects.prefetch_related("groups").order_by("-is_active", "username")
    context = {
        "colleagues": _colleagues(accounts, at=timezone.now()),
        "roles": [role_label(role) for role in ROLES],
        "grants": [(grant.what, [role == ROLES[0] or role in grant.roles for role in ROLES]) for grant in GRANTS],
        "may_add": request.user.has_perm(ADD_STAFF),
        "factor_required": settings.SECOND_FACTOR_REQUIRED,
    }
    return render(request, "users/staff_list.html", context)


@require_safe
@permission_required(VIEW_STAFF, raise_exception=True)
def staff_detail(request: StaffRequest, pk: int) -> HttpResponse:
    return _detail(request, _account(pk))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW_STAFF, ADD_STAFF], raise_exception=True)
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types
def staff_new(request: StaffRequest) -> HttpResponse:
    """Invite a colleague: an account without a password, and the link by which its owner sets one."""
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            invite_colleague(account=form.save(commit=False), groups=form.cleaned_data["groups"], by=request.user)
        except StaffNotChanged as refusal:
            form.add_error("groups", str(refusal))
        else:
            return _show_link(request, form.instance)
    return render(request, "users/staff_new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@permission_required([VIEW_STAFF, CHANGE_STAFF], raise_exception=True)
@reauthentication_required  # type: ignore[untyped-decorator]
def staff_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a colleague's name and e-mail."""
    form = AccountForm(request.POST, instance=_account(pk))
    if not form.is_valid():
        return _detail(request, _account(pk), named=form, status=422)
    account = form.save(commit=False)
    return _do(request, account, lambda: change_account(account=account, by=request.user), _("The account is saved."))


@require_POST
@permission_required([VIEW_STAFF, CHANGE_STAFF], raise_exception=True)
@reauthentication_required  # type: ignore[untyped-decorator]
def staff_groups(request: StaffRequest, pk: int) -> HttpResponse:
    account = _account(pk)
    form = GroupsForm(request.POST)
    if not form.is_valid():
        return _detail(request, account, groups=form, status=422)
    done = _("Groups are changed.")
    return _do(request, account, lambda: change_groups(account=account, by=request.user, **form.cleaned_data), done)


@never_cache
@require_POST
@permission_required([VIEW_STAFF, CHANGE_STAFF], raise_exception=True)
@reauthentication_required  # type: ignore[untyped-decorator]
def staff_reset(request: StaffRequest, pk: int) -> HttpResponse:
    """Make the link by which a colleague sets a new password; the old one ends now."""
    account = _account(pk)
    if not account.is_active:
        messages.error(request, _("Switch the account on first."))
        return SeeOther(reverse("staff:staff_detail", args=[pk]))
    if request.POST.get("seen", _seen(account)) != _seen(account):
        # The page with the link was loaded again: it must not end the link that was just handed over.
        messages.warning(request, _("A link has been made already. It was shown once."))
        return SeeOther(reverse("staff:staff_detail", args=[pk]))
    try:
        reset_colleague(account=account, forget_factors="forget_factors" in request.POST, by=request.user)
    except StaffNotChanged as refusal:
        messages.error(request, str(refusal))
        return SeeOther(reverse("staff:staff_detail", args=[pk]))
    return _show_link(request, account)


@require_POST
@permission_required([VIEW_STAFF, CHANGE_STAFF], raise_exception=True)
@reauthentication_required  # type: ignore[untyped-decorator]
def staff_switch(request: StaffRequest, pk: int) -> HttpResponse:
    account, active = _account(pk), request.POST.get("active") == "yes"
    done = _("The account is switched on.") if active else _("The account is switched off, and its sessions are ended.")
    now = timezone.now()
    return _do(request, account, lambda: switch_account(account=account, active=active, by=request.user, at=now), done)


@require_POST
@permission_required([VIEW_STAFF, CHANGE_STAFF], raise_exception=True)
def staff_sign_out(request: StaffRequest, pk: int) -> HttpResponse:
    account = _account(pk)
    done = _("The sessions are ended.")
    return _do(request, account, lambda: end_colleagues_sessions(account=account, by=request.user), done)


@never_cache
@login_not_required
@sensitive_post_parameters("key", "new_password1", "new_password2")
@require_http_methods(["GET", "HEAD", "POST"])
def staff_link(request: HttpRequest) -> HttpResponse:
    """Set one's password by a link, and go on to the second factor. No log has the key: it stands behind the «?»."""
    key = (request.POST if request.method == "POST" else request.GET).get("key", "")
    account = account_behind(key)
    if account is None:
        return render(request, "users/staff_link.html", {"account": None}, status=410)
    form = SetPasswordForm(account, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        owner = set_password_by_link(key=key, password=form.cleaned_data["new_password1"], at=timezone.now())
        if owner is None:  # used a moment ago
            return render(request, "users/staff_link.html", {"account": None}, status=410)
        record_authentication(request, owner, method="password", reauthenticated=True)
        missing = needs_factor(owner) and not factors_that_count().filter(user=owner).exists()
        response: HttpResponse = perform_login(
            request, owner, redirect_url=reverse("mfa_activate_totp" if missing else "analytics:today")
        )
        return response
    context = {"account": account, "form": form, "key": key}
    return render(request, "users/staff_link.html", context, status=422 if form.errors else 200)


def _do(request: StaffRequest, account: User, change: Callable[[], Any], done: str) -> HttpResponse:
    try:
        change()
    except StaffNotChanged as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("staff:staff_detail", account.pk)


def _seen(account: User) -> str:
    """Which password the account has, without telling anything about it."""
    return salted_hmac("users.staff.views", account.password).hexdigest()[:16]


def _account(pk: int) -> User:
    return get_object_or_404(User.objects.prefetch_related("groups"), pk=pk)


def _detail(
    request: StaffRequest,
    account: User,
    *,
    groups: GroupsForm | None = None,
    named: AccountForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    may = may_change(account, by=request.user)
    form = groups or GroupsForm(initial={"groups": [group.pk for group in account.groups.all()]})
    if not request.user.is_superuser:
        form.fields["groups"].queryset = form.fields["groups"].queryset.exclude(pk__in=administering_groups())  # type: ignore[attr-defined]
    context = {
        "account": account,
        "colleague": _colleagues(User.objects.filter(pk=account.pk).prefetch_related("groups"), at=now)[0],
        "sessions": live_sessions(of=account, at=now),
        "factors": factors_that_count().filter(user=account).order_by("pk"),
        "groups_form": form,
        "account_form": named or AccountForm(instance=account),
        "reset_form": ResetForm(),
        "seen": _seen(account),
        "may_change": may,
        "is_oneself": account.pk == request.user.pk,
        "hours": GOOD_FOR.total_seconds() // 3600,
    }
    return render(request, "users/staff_detail.html", context, status=status)


def _colleagues(accounts: "QuerySet[User]", *, at: datetime) -> list[Colleague]:
    shown = list(accounts[:SHOWN])
    numbers = [account.pk for account in shown]
    factors = defaultdict(set)
    for owner, kind in factors_that_count().filter(user__in=numbers).values_list("user", "type"):
        factors[owner].add(kind)
    sessions = live_sessions(at=at)
    counts = Counter(session.user_id for session in sessions)
    seen: dict[int, datetime] = {}
    for session in sessions:
        seen.setdefault(session.user_id, session.last_seen_at)
    needing = set(who_need_factors().filter(pk__in=numbers).values_list("pk", flat=True))
    return [
        Colleague(
            account=account,
            groups=[role_label(group.name) for group in account.groups.all()],
            last_seen_at=seen.get(account.pk, account.last_login),
            factors=[FACTOR_NAMES[kind]() for kind in sorted(factors[account.pk]) if kind in FACTOR_NAMES],
            sessions=counts[account.pk],
            needs_factor=account.pk in needing,
            is_waiting=not account.has_usable_password(),
        )
        for account in shown
    ]


def _show_link(request: StaffRequest, account: User) -> HttpResponse:
    """Show the link once, to be handed over; send it too where there is a mail server."""
    link = request.build_absolute_uri(f"{reverse('staff_link')}?{urlencode({'key': key_for(account)})}")
    hours = int(GOOD_FOR.total_seconds() // 3600)
    sent = _send(account, link, hours) if settings.HAS_EMAIL and account.email else None
    context = {"account": account, "link": link, "hours": hours, "sent": sent}
    return render(request, "users/staff_link_made.html", context)


def _send(account: User, link: str, hours: int) -> bool:
    text = render_to_string("users/staff_link_mail.txt", {"account": account, "link": link, "hours": hours})
    try:
        send_mail(_("Your access to the HSL dashboard"), text, None, [account.email])
    except (SMTPException, OSError) as error:
        logger.warning("A link was not sent by e-mail: %s", type(error).__name__)
        return False
    return True
