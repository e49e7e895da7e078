"""The navigation: who sees what of it, and where it says one is."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.test import Client, RequestFactory
from django.urls import resolve, reverse
from django.views.generic import RedirectView
from pytest_django.asserts import assertContains, assertNotContains

from bookings.lists.rows import booking_address
from hsl_dashboard.web.navigation import ITEMS, navigation, navigation_links
from tests.factories import UserFactory
from users.person.context import person_address

# Any page behind the sign-in that no app can take away.
INSIDE = "/accounts/sessions/"


def addresses(path: str, *permissions: str) -> list[str]:
    return [link.address for link in navigation_links(path, lambda name: name in permissions)]


def test_navigation_hides_what_one_may_not_see(client: Client, db: None) -> None:
    client.force_login(UserFactory.create())

    response = client.get(INSIDE)

    assertNotContains(response, 'href="/workshops/"')


def test_navigation_shows_what_one_may_see(client: Client, db: None) -> None:
    client.force_login(UserFactory.create(permissions=["bookings.view_booking"]))

    response = client.get(INSIDE)

    assertContains(response, 'href="/workshops/"')
    assertContains(response, "Курсы")


@pytest.mark.parametrize(
    ("path", "current"),
    [("/messages/", "/messages/"), ("/messages/5/", "/messages/"), ("/messages/new/", "/messages/new/"), ("/x/", None)],
)
def test_navigation_says_where_one_is_once(path: str, current: str | None) -> None:
    links = [link.address for link in navigation_links(path, lambda name: True) if link.current]

    assert links == ([current] if current else [])


def test_each_place_of_the_navigation_is_a_page_and_leads_on_to_no_other() -> None:
    views = {item.address: resolve(item.address).func for item in ITEMS}  # raises for an address that no view serves

    leading_on = [address for address, view in views.items() if getattr(view, "view_class", None) is RedirectView]

    assert len(views) == len(ITEMS)
    assert leading_on == []


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (person_address(7), "users:person_detail"),
        (booking_address(7), "bookings:booking_detail"),
        (f"{booking_address(7)}status/", "bookings:booking_status"),
        (f"{booking_address(7)}keep/", "bookings:booking_keep"),
        (f"{booking_address(7)}notify/", "bookings:booking_notify"),
    ],
)
def test_an_address_that_is_written_out_is_that_of_the_urls(written: str, name: str) -> None:
    assert written == reverse(name, args=[7])


def test_every_permission_of_the_navigation_exists(db: None) -> None:
    existing = {
        f"{one.content_type.app_label}.{one.codename}" for one in Permission.objects.select_related("content_type")
    }

    assert {item.permission for item in ITEMS if item.permission} <= existing


@pytest.mark.parametrize(
    ("path", "current"),
    [("/workshops/", "page"), ("/workshops/stream/8th_stream/", "true"), ("/bookings/", ""), ("/", "")],
)
def test_navigation_marks_where_one_is(path: str, current: str) -> None:
    links = navigation_links(path, lambda name: True)

    assert next(link.current for link in links if link.address == "/workshops/") == current


def test_overview_is_current_only_on_itself() -> None:
    [overview] = [item for item in ITEMS if item.address == "/"]

    assert overview.contains("/")
    assert not overview.contains("/users/")


def test_fragments_pay_for_no_permission_check(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    asked: list[str] = []
    monkeypatch.setattr(AnonymousUser, "has_perm", lambda self, name: asked.append(name))

    context = navigation(request)

    assert asked == []
    assert [link.address for link in context["navigation_links"]] == ["/"]  # today is open to all of the staff
    assert "bookings.view_booking" in asked
