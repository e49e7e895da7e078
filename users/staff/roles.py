"""What the groups of staff may do: one table, which every ``migrate`` puts in place; docs/roles.md shows it."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from django.apps import AppConfig
from django.apps import apps as all_apps
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

ADMINISTRATOR = "Administrator"
MARKETING = "Marketing manager"
COURSES = "Course manager"
VIEWER = "Viewer"
ROLES = (ADMINISTRATOR, MARKETING, COURSES, VIEWER)
LABELS: dict[str, Any] = {
    ADMINISTRATOR: pgettext_lazy("role", "Administrator"),
    MARKETING: _("Marketing manager"),
    COURSES: _("Course manager"),
    VIEWER: _("Viewer"),
}

OURS = ("users", "bookings", "messaging", "analytics")


@dataclass(frozen=True)
class Grant:
    """A line of the table: permissions (``app.codename``, * stands for any letters), and who else has them."""

    what: str  # as docs/roles.md says it
    permissions: tuple[str, ...]
    roles: tuple[str, ...] = ()  # administrators have everything

    def covers(self, permission: str) -> bool:
        return any(fnmatchcase(permission, pattern) for pattern in self.permissions)


# The first line that covers a permission decides; the last one covers all that nobody has thought of yet.
GRANTS = (
    Grant(
        gettext_noop("See e-mail addresses in full (each view is recorded)"),
        ("users.view_email",),
        (MARKETING, COURSES),
    ),
    Grant(
        gettext_noop("See staff accounts, the audit, and who downloaded lists or looked at e-mails"),
        ("users.view_user", "users.view_peopleexport", "users.view_emaildisclosure", "users.view_auditentry"),
    ),
    Grant(
        gettext_noop("See money; record payments and refunds"),
        ("bookings.view_payment", "bookings.view_paymentevent", "bookings.add_payment"),
        (COURSES,),
    ),
    Grant(gettext_noop("Decide about payments: confirm, decline, ask again"), ("bookings.decide_payment",), (COURSES,)),
    Grant(
        gettext_noop("Set the time limits of waiting payments, and the texts for declining and asking again"),
        ("bookings.change_paymentrules",),
        (MARKETING, COURSES),
    ),
    Grant(
        gettext_noop("Read what students write, and answer them"), ("messaging.answer_students",), (MARKETING, COURSES)
    ),
    Grant(gettext_noop("Share saved views of lists with all staff"), ("users.share_view",), (MARKETING, COURSES)),
    Grant(
        gettext_noop("See people, bookings, messages, numbers; e-mails masked"),
        ("*.view_*",),
        (MARKETING, COURSES, VIEWER),
    ),
    Grant(gettext_noop("Download the list of people"), ("users.export_people",), (MARKETING, COURSES)),
    Grant(
        gettext_noop("Erase a person; export everything held about one"), ("users.erase_person", "users.export_person")
    ),
    Grant(
        gettext_noop("Write notes, put on tags, block and unblock people"),
        ("users.*_note", "users.*_tag", "users.*_persontag", "users.*_blockeduser"),
        (MARKETING, COURSES),
    ),
    Grant(
        gettext_noop("Make and change bookings, one or many; also against the usual order, with a reason"),
        ("bookings.add_booking", "bookings.change_booking", "bookings.override_status"),
        (COURSES,),
    ),
    Grant(
        gettext_noop("Describe courses and streams, correct registrations for free lessons"),
        (
            "bookings.add_course",
            "bookings.change_course",
            "bookings.*_stream",
            "bookings.change_freelessonregistration",
        ),
        (COURSES,),
    ),
    Grant(
        gettext_noop("Make and change referral coupons"),
        ("bookings.add_referralcoupon", "bookings.change_referralcoupon"),
        (MARKETING,),
    ),
    Grant(
        gettext_noop("Write, send, correct and approve messages; templates, segments, automations"),
        ("messaging.*",),
        (MARKETING,),
    ),
    Grant(gettext_noop("Everything else: staff accounts, deleting, and whatever is not listed above"), ("*",)),
)


def grant_of(permission: str) -> Grant:
    """Give the line of the table that decides about a permission, ``app.codename``."""
    return next(grant for grant in GRANTS if grant.covers(permission))


def role_label(name: str) -> str:
    """Name a group as the pages do; groups of the school's own have the names that it gave."""
    return str(LABELS.get(name, name))


def may(role: str, permission: str) -> bool:
    """Say whether a role has a permission of our apps."""
    return role == ADMINISTRATOR or role in grant_of(permission).roles


def keep_roles(app_config: AppConfig, using: str = DEFAULT_DB_ALIAS, apps: Any = all_apps, **options: Any) -> None:
    """After ``migrate``: make the groups, and give each exactly what the table says.

    Permissions are made in this same signal, by a receiver that may come later: asking for them here makes them now.
    """
    if app_config.label not in OURS:
        return
    create_permissions(app_config, using=using, apps=apps, verbosity=0)
    try:
        groups = apps.get_model("auth", "Group").objects.using(using)
        permissions = apps.get_model("auth", "Permission").objects.using(using)
    except LookupError:  # migrated back to before there were any
        return
    ours = permissions.filter(content_type__app_label__in=OURS)
    names = {f"{app}.{code}": pk for pk, app, code in ours.values_list("pk", "content_type__app_label", "codename")}
    for role in ROLES:
        group, _new = groups.get_or_create(name=role)
        group.permissions.set([pk for name, pk in names.items() if may(role, name)])
