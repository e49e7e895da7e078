"""The four groups of staff: what migrate gives them, and what docs/roles.md says they have."""

from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from tests.signing_in import reauthenticated
from users.staff.roles import ADMINISTRATOR, COURSES, GRANTS, MARKETING, OURS, ROLES, VIEWER, keep_roles, may

PAPER = Path(__file__).resolve().parents[2] / "docs" / "roles.md"

pytestmark = pytest.mark.django_db


def permissions_of(role: str) -> set[str]:
    names = Group.objects.get(name=role).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{code}" for app, code in names}


def test_migrate_makes_the_four_groups():
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)


def test_administrators_have_every_permission_of_our_apps():
    ours = Permission.objects.filter(content_type__app_label__in=OURS)

    assert permissions_of(ADMINISTRATOR) == {f"{p.content_type.app_label}.{p.codename}" for p in ours}


def test_viewers_only_see_and_see_no_email():
    assert "bookings.view_booking" in permissions_of(VIEWER)
    assert {name for name in permissions_of(VIEWER) if ".view_" not in name} == set()
    assert not {"users.view_email", "users.view_user", "users.view_peopleexport"} & permissions_of(VIEWER)


@pytest.mark.parametrize(
    ("role", "has", "lacks"),
    [
        (MARKETING, "messaging.send_broadcast", "bookings.change_booking"),
        (MARKETING, "bookings.change_referralcoupon", "bookings.delete_referralcoupon"),
        (COURSES, "bookings.override_status", "messaging.send_broadcast"),
        (COURSES, "bookings.change_stream", "users.erase_person"),
        (COURSES, "users.view_email", "users.export_person"),
        (VIEWER, "users.view_telegramuser", "users.export_people"),
    ],
)
def test_managers_have_their_own_field_and_not_the_other(role: str, has: str, lacks: str):
    assert has in permissions_of(role)
    assert lacks not in permissions_of(role)


def test_what_nobody_has_thought_of_belongs_to_administrators():
    assert [role for role in ROLES if may(role, "bookings.launch_rocket")] == [ADMINISTRATOR]


def test_migrate_puts_the_groups_right_again():
    Group.objects.get(name=VIEWER).permissions.set(Permission.objects.all())
    Group.objects.get(name=MARKETING).delete()

    keep_roles(apps.get_app_config("users"))

    assert "users.erase_person" not in permissions_of(VIEWER)
    assert "messaging.send_broadcast" in permissions_of(MARKETING)


def test_other_groups_are_left_alone():
    interns = Group.objects.create(name="Interns")
    interns.permissions.add(Permission.objects.get(codename="erase_person"))

    keep_roles(apps.get_app_config("users"))

    assert permissions_of("Interns") == {"users.erase_person"}


def test_the_paper_says_what_the_code_gives():
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAPER.read_text().splitlines() if "|" in line]
    head, _rule, *rows = lines

    assert head[1:] == list(ROLES)
    assert rows == [
        [grant.what, *("✓" if role == ADMINISTRATOR or role in grant.roles else "" for role in ROLES)]
        for grant in GRANTS
    ]


def test_groups_of_the_program_cannot_be_edited_in_the_admin(staff):
    staff_client = reauthenticated(staff)
    viewer, interns = Group.objects.get(name=VIEWER), Group.objects.create(name="Interns")

    assert staff_client.post(f"/admin/auth/group/{viewer.pk}/change/", {"name": "x"}).status_code == 403
    assert staff_client.get(f"/admin/auth/group/{interns.pk}/change/").context["has_change_permission"]
