"""What administrators do with the accounts of colleagues: invite, reset, change groups, switch off and on."""

from collections.abc import Iterable
from datetime import datetime

import pghistory
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from users.models import ApiToken, SavedView, User
from users.models.audit import record
from users.staff.factors import factors_that_count, needs_factor
from users.staff.links import account_behind
from users.staff.roles import ADMINISTRATOR
from users.staff.sessions import end_sessions

CHANGE_STAFF, ADD_STAFF, VIEW_STAFF = "users.change_user", "users.add_user", "users.view_user"


class StaffNotChanged(Exception):
    """Nothing was written; the sentence says why."""


def groups_with(*permissions: str) -> set[int]:
    """The groups that have one of the permissions, by number."""
    wanted = Q()
    for permission in permissions:
        app, _dot, code = permission.partition(".")
        wanted |= Q(permissions__codename=code, permissions__content_type__app_label=app)
    return set(Group.objects.filter(wanted).values_list("pk", flat=True))


def administering_groups() -> set[int]:
    """The groups whose members change the accounts of others, and so could give themselves everything."""
    return groups_with(CHANGE_STAFF)


def may_change(account: User, *, by: User) -> bool:
    """Say whether ``by`` may change an account: nobody changes their own, and only superusers change administrators."""
    if account.pk == by.pk or not by.has_perm(CHANGE_STAFF):
        return False
    administrators = User.objects.with_perm(CHANGE_STAFF, is_active=None)  # type: ignore[arg-type]  # None: or switched off
    return by.is_superuser or not administrators.filter(pk=account.pk).exists()


def invite_colleague(*, account: User, groups: Iterable[Group], by: User) -> User:
    """Make an account whose password its owner will set, by a link of users/staff/links.py."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        account.set_unusable_password()
        account.save()
        _put_into(account, groups, by=by)
        record("staff.link_made", by=by, of=account)
    return account


def reset_colleague(*, account: User, forget_factors: bool, by: User) -> None:
    """Take a colleague's password away, and second factors if asked: the next link alone lets them in again."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        _refuse_unless(may_change(account, by=by))
        account.set_unusable_password()
        account.save(update_fields=["password"])
        if forget_factors:
            Authenticator.objects.filter(user=account).delete()
        end_sessions(of=account)
        record("staff.link_made", by=by, of=account)


def change_account(*, account: User, by: User) -> None:
    """Write a colleague's name and e-mail; an address that was the account's before opens it no more."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        _refuse_unless(may_change(account, by=by))
        account.save(update_fields=["first_name", "last_name", "email"])
        EmailAddress.objects.filter(user=account).exclude(email__iexact=account.email).delete()


def change_groups(*, account: User, groups: Iterable[Group], by: User) -> None:
    """Give a colleague these groups and no others; whoever's groups change has to sign in again."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        _refuse_unless(may_change(account, by=by))
        _put_into(account, groups, by=by)


def switch_account(*, account: User, active: bool, by: User, at: datetime) -> None:
    """Switch an account off or on; what ended with it stays over: sessions, an unused link, tokens, feeds."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        _refuse_unless(may_change(account, by=by))
        User.objects.filter(pk=account.pk).update(is_active=active)
        if active:
            return
        end_sessions(of=account)
        if not account.has_usable_password():
            account.set_unusable_password()  # another one: links are made for the one before
            account.save(update_fields=["password"])
        ApiToken.objects.filter(owner=account, revoked_at=None).update(revoked_at=at)
        SavedView.objects.filter(owner=account).exclude(feed_digest=None).update(feed_digest=None, feed_beginning="")


def end_colleagues_sessions(*, account: User, by: User) -> int:
    """Sign a colleague out everywhere; give from how many places."""
    with transaction.atomic(), pghistory.context(user=by.pk):
        _refuse_unless(may_change(account, by=by))
        ended = end_sessions(of=account)
        record("staff.sessions_ended", by=by, of=account, data={"sessions": ended})
    return ended


def set_password_by_link(*, key: str, password: str, at: datetime) -> User | None:
    """Set the password of the account that a link is for; None when the link is no longer good."""
    with transaction.atomic():
        account = account_behind(key)
        # Of two at once the second finds the first one's password, and the link used.
        if account is None or not User.objects.select_for_update().filter(pk=account.pk, password=account.password):
            return None
        account.set_password(password)
        if needs_factor(account) and not factors_that_count().filter(user=account).exists():
            account.factor_due_at = at  # no days of grace: whoever is new sets both up at once
        account.save(update_fields=["password", "factor_due_at"])
        record("staff.link_used", by=account, of=account)
    return account


def _put_into(account: User, groups: Iterable[Group], *, by: User) -> None:
    wanted, administering = list(groups), administering_groups()
    new = {group.pk for group in wanted} - set(account.groups.values_list("pk", flat=True))
    if not by.is_superuser and new & administering:
        raise StaffNotChanged(_("Only a superuser can make administrators."))
    was, will_be = account.groups.filter(name=ADMINISTRATOR).exists(), ADMINISTRATOR in {group.name for group in wanted}
    if was != will_be and not account.is_superuser:
        User.objects.filter(pk=account.pk).update(is_staff=will_be)  # administrators see the Django admin too
    account.groups.set(wanted)


def _refuse_unless(allowed: bool) -> None:
    if not allowed:
        raise StaffNotChanged(_("Only a superuser can change this account."))
