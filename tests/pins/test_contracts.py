"""What others rely on by name: content types and permissions, roles, tasks with their queues, the schedule, addresses.

Modules may move; a name here that changes asks for a migration of what is stored (permissions, periodic tasks), for a
worker that still knows the old one, or for somebody's bookmark.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from hsl_dashboard.celery import forget_missing_tasks
from tests.pins.golden import assert_golden

OURS = ("users", "bookings", "messaging", "analytics")
ROLES = ("Administrator", "Marketing manager", "Course manager", "Viewer")
# What beat stored before tasks had names of their own, by the names of the schedule's entries.
STORED = {
    "users.fold_person_totals": "users.tasks.fold_person_totals",
    "users.cool_leads": "users.tasks.cool_leads",
    "messaging-tick": "messaging.tasks.tick",
    "messaging-end-blocks": "messaging.tasks.end_blocks",
}


@pytest.fixture
def tasks() -> dict[str, Any]:
    """Our tasks by name, as a worker finds them when it starts."""
    current_app.loader.import_default_modules()
    return {name: task for name, task in current_app.tasks.items() if not name.startswith("celery.")}


@pytest.mark.django_db
def test_content_types_and_permissions():
    lines = [f"{kind.app_label}.{kind.model}" for kind in ContentType.objects.filter(app_label__in=OURS)]
    permissions = Permission.objects.filter(content_type__app_label__in=OURS).select_related("content_type")
    lines += [f"{p.content_type.app_label}.{p.content_type.model} {p.codename}" for p in permissions]
    assert_golden("permissions.txt", "\n".join(sorted(lines)))


@pytest.mark.django_db
def test_each_role_has_its_permissions():
    """Of all apps: a role that gets one of a library shows too."""
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)
    has = {
        role: {
            f"{app}.{code}"
            for app, code in Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
        }
        for role in ROLES
    }
    letters = {role: role[0] for role in ROLES}
    lines = [f"# {', '.join(f'{letter}: {role}' for role, letter in letters.items())}"]
    for app, code in sorted(Permission.objects.values_list("content_type__app_label", "codename")):
        name = f"{app}.{code}"
        who = "".join(letters[role] if name in has[role] else "-" for role in ROLES)
        if app in OURS or who != "----":
            lines.append(f"{who} {name}")
    assert_golden("roles.txt", "\n".join(lines))


@pytest.mark.django_db
def test_rows_that_migrations_write():
    """What a new database begins with; moments and numbers of rows left out."""
    lines = []
    for model in apps.get_models():
        if model._meta.app_label not in OURS or not model._meta.managed or _is_record(model):
            continue
        for row in model._base_manager.order_by("pk").values():
            said = ", ".join(f"{name}={value!r}" for name, value in sorted(row.items()) if _stays(name))
            lines.append(f"{model._meta.db_table}: {said}")
    assert_golden("first_rows.txt", "\n".join(sorted(lines)))


def _is_record(model: type[Model]) -> bool:
    """History and audit name what the migrations have written; that stands in the other tables."""
    return hasattr(model, "pgh_tracked_model") or model._meta.label == "users.AuditEntry"


def _stays(name: str) -> bool:
    return name != "id" and not name.endswith("_at")


def test_tasks_and_their_queues(tasks):
    lines = []
    for name, task in sorted(tasks.items()):
        route = current_app.amqp.router.route({}, name)
        options = ", ".join(
            f"{option} {value}"
            for option in ("ignore_result", "acks_late", "max_retries", "time_limit", "soft_time_limit", "rate_limit")
            if (value := getattr(task, option)) is not None
        )
        lines.append(f"{name} -> {route['queue'].name}: {options}")
    lines += ["", "# schedule"]
    for name, entry in sorted(settings.CELERY_BEAT_SCHEDULE.items()):
        queue = entry.get("options", {}).get("queue") or current_app.amqp.router.route({}, entry["task"])["queue"].name
        more = {key: value for key, value in entry.get("options", {}).items() if key != "queue"}
        lines.append(f"{name}: {entry['task']} every {entry['schedule']} -> {queue} {more or ''}".rstrip())
    assert_golden("tasks.txt", "\n".join(lines))


def test_what_is_scheduled_is_a_task(tasks):
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert scheduled
    assert scheduled <= tasks.keys()


@pytest.mark.django_db
def test_no_periodic_task_of_the_database_names_a_missing_one(tasks):
    every_minute = IntervalSchedule.objects.create(every=60, period="seconds")
    for name, task in STORED.items():
        PeriodicTask.objects.create(name=name, task=task, interval=every_minute)

    # What beat does when it starts: the schedule of the settings goes into the table, over what has the same name.
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        ModelEntry.from_entry(name, app=current_app, **entry)

    forget_missing_tasks()

    stored = set(PeriodicTask.objects.filter(enabled=True).values_list("task", flat=True))
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= stored
    assert stored <= tasks.keys()


def test_addresses_and_their_names():
    lines = [
        f"{name} /{path}"
        for name, path in _addresses(get_resolver())
        if not name.startswith(("admin:", "account_", "mfa_", "usersessions_"))
    ]
    # The tables that the Django admin shows, not the five addresses of each.
    lines += [
        f"{name} /{path}" for name, path in _addresses(get_resolver()) if name.startswith("admin:")
        and name.endswith("_changelist")
    ]  # fmt: skip
    assert_golden("addresses.txt", "\n".join(sorted(lines)))


def _addresses(resolver: URLResolver, prefix: str = "", spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _addresses(entry, place, (*spaces, entry.namespace) if entry.namespace else spaces)
        elif isinstance(entry, URLPattern):
            yield ":".join((*spaces, entry.name or place)), place
