"""Saved views: a list's filters under a name, in the menu with its count, shared by who may; and feeds of them."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pghistory.models import Context
from pytest_django.asserts import assertContains

from hsl_dashboard.web.api.limits import REFUSED
from hsl_dashboard.web.navigation import frame_key
from tests.factories import BookingFactory, FreeLessonRegistrationFactory, StreamFactory
from tests.signing_in import member, reauthenticated, signed_in
from users.models import AuditEntry, PeopleExport, SavedView, User
from users.saved.services import save_view

pytestmark = pytest.mark.django_db

PENDING = "/bookings/?status=1"
EMAIL = "very.secret.address@example.test"


def kept(owner: User, address: str = PENDING, **values: Any) -> SavedView:
    values = {"name": "Ждут", "is_shared": False, "is_default": False, **values}
    return save_view(owner=owner, address=address, **values)


# Keeping --------------------------------------------------------------------------------------------------------------


def test_the_list_from_which_one_comes_is_kept_without_its_page(staff_client, staff):
    referer = {"Referer": "http://testserver/bookings/?status=1&page=3&q="}

    form = staff_client.get("/views/new/", headers=referer)
    assertContains(form, "Статус: В ожидании")
    saved = staff_client.post("/views/new/", {"name": "Ждут", "address": form.context["address"]})

    assert (saved.status_code, saved["Location"]) == (303, PENDING)
    view = SavedView.objects.get()
    assert (view.owner, view.name, view.address, view.is_shared) == (staff, "Ждут", PENDING, False)
    assert AuditEntry.objects.filter(what="users_savedview.insert", done_by=staff).exists()


@pytest.mark.parametrize(
    "address",
    ["", "/", "/views/", "/accounts/tokens/", "https://evil.test/bookings/", "//evil.test/bookings/", "x" * 3_000],
)
def test_only_lists_of_ours_are_kept(staff_client, address):
    response = staff_client.post("/views/new/", {"name": "Ждут", "address": address})

    assert response.status_code == 302 and not SavedView.objects.exists()


def test_a_list_that_one_may_not_see_is_not_kept_and_leaves_the_menu_when_one_loses_it():
    user = member("Viewer")

    assert signed_in(user).post("/views/new/", {"name": "x", "address": "/money/payments/"}).status_code == 302
    kept(user)
    assert "Ждут" in signed_in(user).get("/").text
    user.groups.clear()
    cache.delete(frame_key(user))  # ten seconds later
    page = signed_in(user)
    assert "Ждут" not in page.get("/").text and "Ждут" not in page.get("/views/").text


def test_a_name_is_taken_once(staff_client, staff):
    kept(staff)

    response = staff_client.post("/views/new/", {"name": "Ждут", "address": "/users/"})

    assert response.status_code == 422 and "уже есть вид с таким названием" in response.text


def test_every_registered_list_can_be_kept_and_counted(staff_client, staff):
    StreamFactory.create()
    BookingFactory.create(confirmed=1)
    lists = {
        "/users/": 1, "/audit/": None, "/bookings/": 1, "/workshops/stream/8th_stream/": 1, "/free-lessons/": 0,
        "/money/payments/": 0, "/money/expected/": 0, "/referrals/": 0, "/messages/": 0, "/messages/blocked/": 0,
    }  # fmt: skip
    for address in lists:
        assert staff_client.post("/views/new/", {"name": address, "address": address}).status_code == 303, address

    counted = staff_client.get("/views/counts/").context["counted"]

    found = {row.view.address: row.count for row in counted}
    assert found.pop("/audit/") > 0
    assert found == {address: count for address, count in lists.items() if count is not None}


# The menu -------------------------------------------------------------------------------------------------------------


def test_the_menu_shows_it_at_once_and_its_count_after_the_page(staff_client, staff):
    BookingFactory.create_batch(3, confirmed=1)
    BookingFactory.create(confirmed=2)
    kept(staff)

    page = staff_client.get("/views/").text
    counts = staff_client.get("/views/counts/").text

    assert f'href="{PENDING}"' in page and 'hx-get="/views/counts/"' in page and 'class="number"' not in page
    assert f'href="{PENDING}"' in counts and '<span class="number">3</span>' in counts and "hx-get" not in counts


def test_ones_own_view_stands_in_the_menu_at_once(staff_client):
    staff_client.get("/shortcuts/")  # its frame is kept for ten seconds

    staff_client.post("/views/new/", {"name": "Ждут", "address": PENDING})

    assert f'href="{PENDING}"' in staff_client.get("/shortcuts/").text


def test_views_cost_the_navigation_one_query(staff_client, staff):
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            staff_client.get("/shortcuts/")
        return [query["sql"] for query in queries if "users_savedview" in query["sql"]]

    for number in range(5):
        kept(staff, name=f"view {number}")

    assert len(asked()) == 1


def test_the_default_one_opens_from_the_menu(staff_client, staff):
    kept(staff, is_default=True)
    other = kept(staff, "/bookings/?status=2", name="Подтверждены", is_default=True)

    page = staff_client.get("/views/").text

    assert list(SavedView.objects.filter(is_default=True)) == [other]
    assert page.count('href="/bookings/?status=2"') == 3  # the place itself, the view, its row here
    assert 'href="/bookings/"' not in page


def test_a_filter_that_is_not_understood_any_more_has_no_count(staff_client, staff):
    kept(staff, "/bookings/?status=abc")

    response = staff_client.get("/views/counts/")

    assert response.status_code == 200 and response.context["counted"][0].count is None


# Changing and sharing -------------------------------------------------------------------------------------------------


def test_it_is_renamed_shared_and_removed(staff_client, staff):
    view = kept(staff)
    address = f"/views/{view.pk}/"

    assert staff_client.post(address, {"name": "Ждут оплаты", "is_shared": "on"}).status_code == 303
    assert "Ждут оплаты" in signed_in(member("Viewer")).get("/").text
    assert staff_client.post(f"{address}remove/").status_code == 303
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("role", "may"), [("Administrator", True), ("Marketing manager", True), ("Course manager", True), ("Viewer", False)]
)
def test_sharing_needs_its_permission(role, may):
    client = signed_in(member(role))

    client.post("/views/new/", {"name": "x", "address": PENDING, "is_shared": "on"})

    assert SavedView.objects.get().is_shared is may


def test_others_may_look_at_a_shared_one_and_change_none(staff):
    view = kept(staff, is_shared=True)
    other = signed_in(member("Administrator"))

    for path in ("", "remove/", "feed/stop/"):
        assert other.post(f"/views/{view.pk}/{path}", {"name": "mine"}).status_code == 404
    assert other.get(f"/views/{view.pk}/").status_code == 404
    assert reauthenticated(member("Administrator")).post(f"/views/{view.pk}/feed/").status_code == 404


# Feeds ----------------------------------------------------------------------------------------------------------------


def feed_of(user: User, view: SavedView, **asked: Any) -> str:
    """Make a feed on the page of a view; its path."""
    page = reauthenticated(user).post(f"/views/{view.pk}/feed/", asked).text
    return "/api/feed/" + page.partition("/api/feed/")[2].partition("<")[0]


def rows_of(path: str) -> list[list[str]]:
    response = Client().get(path)
    assert response.status_code == 200, response.text
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_a_spreadsheet_reads_the_view_as_its_owner_sees_it(staff):
    one = BookingFactory.create(confirmed=1)
    BookingFactory.create(confirmed=2)
    view = kept(staff)
    path = feed_of(staff, view)

    response = Client().get(path, REMOTE_ADDR="198.51.100.7")
    heading, *rows = csv.reader(io.StringIO(b"".join(response.streaming_content).decode()))

    assert heading[0] == "№" and [row[0] for row in rows] == [str(one.pk)]
    assert (response["Content-Type"], response["Referrer-Policy"]) == ("text/csv; charset=utf-8", "no-referrer")
    view.refresh_from_db()
    assert view.feed_used_at and view.feed_used_from == "198.51.100.7"
    export = PeopleExport.objects.get()
    assert (export.exported_by, export.query, export.rows, export.with_emails) == (staff, PENDING, 1, False)
    entry = AuditEntry.objects.filter(what__startswith="users_peopleexport", done_by=staff).latest("pk")
    assert entry.request.startswith("token feed hsl_feed_")


def test_its_secret_is_shown_once_and_stored_nowhere(staff):
    view = kept(staff)
    secret = feed_of(staff, view).removeprefix("/api/feed/").removesuffix(".csv")

    assert len(secret) > 40
    rows_of(f"/api/feed/{secret}.csv")
    stored = "".join(repr(list(model.objects.values())) for model in (SavedView, AuditEntry, PeopleExport, Context))
    assert secret not in stored and secret not in reauthenticated(staff).get(f"/views/{view.pk}/").text


def test_making_one_asks_for_the_password_again(staff_client, staff):
    view = kept(staff)

    response = staff_client.post(f"/views/{view.pk}/feed/")

    assert response["Location"].startswith("/accounts/reauthenticate/")
    assertContains(staff_client.get(response["Location"]), "проверяем, что за клавиатурой именно вы")
    view.refresh_from_db()
    assert not view.has_feed


def test_one_click_gives_another_address_and_ends_the_old_one(staff):
    view = kept(staff)
    old = feed_of(staff, view)
    new = feed_of(staff, view)

    assert Client().get(old).status_code == 404 and Client().get(new).status_code == 200
    signed_in(staff).post(f"/views/{view.pk}/feed/stop/")
    assert Client().get(new).status_code == 404


def test_e_mails_are_left_out_unless_they_were_asked_for(staff):
    FreeLessonRegistrationFactory.create(email=EMAIL)
    for address in ("/users/", "/free-lessons/"):
        view = kept(staff, address, name=address)
        assert EMAIL not in repr(rows_of(feed_of(staff, view)))
        assert EMAIL in repr(rows_of(feed_of(staff, view, with_emails="on")))


def test_who_loses_a_permission_loses_it_in_every_feed():
    user = member("Course manager")
    FreeLessonRegistrationFactory.create(email=EMAIL)
    path = feed_of(user, kept(user, "/users/"), with_emails="on")
    assert EMAIL in repr(rows_of(path))

    user.groups.set([Group.objects.get(name="Viewer")])
    assert Client().get(path).status_code == 404
    user.groups.set([Group.objects.get(name="Course manager")])
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert Client().get(path).json() == {"error": "Not found"}


def test_who_may_not_download_lists_gets_no_feed():
    user = member("Viewer")
    view = kept(user)

    assert reauthenticated(user).post(f"/views/{view.pk}/feed/").status_code == 302
    view.refresh_from_db()
    assert not view.has_feed and "IMPORTDATA" not in signed_in(user).get(f"/views/{view.pk}/").text


def test_a_feed_opens_nothing_else_and_a_token_of_the_api_no_feed(staff):
    secret = feed_of(staff, kept(staff)).removeprefix("/api/feed/").removesuffix(".csv")

    assert Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/stats").status_code == 401
    assert Client().get("/api/feed/hsl_abc.csv").status_code == 404
    assert Client().post(f"/api/feed/{secret}.csv").status_code == 405


def test_wrong_addresses_are_counted(staff):
    for number in range(REFUSED.calls):
        assert Client().get(f"/api/feed/hsl_feed_{number}.csv").status_code == 404

    assert Client().get("/api/feed/hsl_feed_x.csv").status_code == 429


def test_no_cell_becomes_a_formula(staff):
    booking = BookingFactory.create(confirmed=1)
    type(booking.telegram_user).objects.filter(pk=booking.telegram_user_id).update(first_name="=HYPERLINK(1)")

    [_heading, row] = rows_of(feed_of(staff, kept(staff)))

    assert "'=HYPERLINK(1)" in row


@pytest.mark.parametrize("address", ["/bookings/?status=abc", "/workshops/stream/gone/", "/free-lessons/?since=x"])
def test_a_view_that_is_not_understood_any_more_is_an_empty_file(staff, address):
    assert len(rows_of(feed_of(staff, kept(staff, address)))) == 1


def test_a_stream_is_read_with_those_who_only_looked(staff):
    StreamFactory.create()
    booking = BookingFactory.create()

    students = rows_of(feed_of(staff, kept(staff, "/workshops/stream/8th_stream/")))
    viewers = rows_of(feed_of(staff, kept(staff, "/workshops/stream/8th_stream/?status=viewed", name="viewed")))

    assert [row[0] for row in students[1:]] == [str(booking.pk)] and len(viewers) == 1
