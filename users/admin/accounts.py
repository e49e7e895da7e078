"""Accounts of staff, their groups, second factors and sessions."""

from datetime import datetime
from typing import Any

import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401  registered here, to be registered again below without secrets
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hsl_dashboard.web.admin import ReadOnlyAdmin
from hsl_dashboard.web.clients import device_name
from users.audit.words import NAMES
from users.models import User
from users.staff.confirming import confirm_in_admin
from users.staff.roles import ROLES, role_label
from users.staff.services import may_change


def staff_of(request: HttpRequest) -> User:
    """The signed-in member of staff: the admin lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


class ConfirmedMixin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Accounts and what they may do: asks for the password again before a change, as the pages of staff do."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _confirmed(request) or super().changeform_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _confirmed(request) or super().delete_view(request, *args, **kwargs)


def _confirmed(request: HttpRequest) -> HttpResponse | None:
    return confirm_in_admin(request) if request.method == "POST" else None


class GroupsFilter(admin.RelatedFieldListFilter):
    """Groups under the names that the pages use."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [(pk, role_label(str(name))) for pk, name in super().field_choices(field, request, model_admin)]


@admin.register(User)
class StaffAccountAdmin(ConfirmedMixin, UserAdmin):  # type: ignore[type-arg]
    """Accounts of staff: who may change whose is as on the pages of «Who may what»."""

    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", ("groups", GroupsFilter))
    list_per_page = 50
    # The e-mail too: it and the name share one space.
    add_fieldsets = ((None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),)

    POWERS = ("is_superuser", "groups", "user_permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        fields = ("last_login", "date_joined")
        return fields if _is_superuser(request) else (*fields, *self.POWERS)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups" and field:
            field.label_from_instance = lambda group: role_label(group.name)  # type: ignore[method-assign,assignment]
        return field

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj) and obj != request.user

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask before the new password is typed, too; whoever changes another's stays signed in."""
        if question := confirm_in_admin(request):
            return question
        before = request.session.session_key
        response: HttpResponse = super().user_change_password(request, *args, **kwargs)
        # Django gives the session another key, whosever password it was; one's own ends one's sessions.
        mine = UserSession.objects.filter(session_key=before, user=staff_of(request).pk)
        mine.exclude(session_key=request.session.session_key).update(session_key=request.session.session_key)
        return response

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    @staticmethod
    def _may_touch(request: HttpRequest, obj: User | None) -> bool:
        return obj is None or _is_superuser(request) or may_change(obj, by=staff_of(request))


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


admin.site.unregister((Authenticator, EmailAddress, UserSession, Group))
# allauth gives them no names that could be translated; migrations read the names from the class, not from here.
Authenticator._meta.verbose_name, Authenticator._meta.verbose_name_plural = _("second factor"), _("second factors")
UserSession._meta.verbose_name, UserSession._meta.verbose_name_plural = (
    pgettext_lazy("sign-in", "session"),
    pgettext_lazy("sign-in", "sessions"),
)


def _column(model: type[Model], name: str) -> Any:
    """Show a column of allauth's under the name that the audit has for it: allauth's own is English alone."""

    @admin.display(description=NAMES[f"{model._meta.label}.{name}"], ordering=name)
    def column(row: Any) -> Any:
        value = getattr(row, name)
        if isinstance(value, datetime):
            return timezone.localtime(value).strftime("%d.%m.%Y %H:%M")
        words = getattr(row, f"get_{name}_display", None)
        return words() if words else value

    column.__name__ = name
    return column


FACTOR = [_column(Authenticator, name) for name in ("user", "type", "created_at", "last_used_at")]
SESSION = [_column(UserSession, name) for name in ("user", "created_at", "last_seen_at", "ip")]


@admin.register(Group)
class StaffGroupAdmin(ConfirmedMixin, GroupAdmin):
    """Groups of staff. What the four of users/staff/roles.py may do is written there: here it can be read."""

    list_display = ("shown_name",)

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, group: Group) -> str:
        return role_label(group.name)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.name not in ROLES)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.name not in ROLES)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    """E-mails that sign in. Written here, one would differ from the account's: the page of the account writes both."""

    list_display = ("email", "user", "primary", "verified")
    list_filter = ("primary", "verified")
    list_select_related = ("user",)
    search_fields = ("email", "user__username")


@admin.register(Authenticator)
class AuthenticatorAdmin(ConfirmedMixin, ReadOnlyAdmin):
    """Second factors: an administrator may delete one that was lost, and nobody sees its secret."""

    list_display = FACTOR
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    fields = readonly_fields = FACTOR


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    """Who is signed in where; the key of the session, which would let one in, is not shown. Deleting signs out."""

    list_display = (*SESSION, "device")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email", "ip")
    fields = readonly_fields = (*SESSION, _column(UserSession, "user_agent"))

    @admin.display(description=_("device"))
    def device(self, session: UserSession) -> str:
        return device_name(session.user_agent)

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()
