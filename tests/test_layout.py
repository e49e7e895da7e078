"""The frame of every page: language, theme, skip link, policy, colours."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from pytest_django.fixtures import Settings

from bookings.statistics import StatusCounts
from hsl_dashboard.web.addresses import address_to_return_to
from tests.factories import UserFactory

ROOT = Path(__file__).resolve().parent.parent
LOGIN = "/accounts/login/"
# Any page behind the sign-in that no app can take away.
INSIDE = "/accounts/sessions/"


# Language -------------------------------------------------------------------------------------------------------------


def test_language_is_russian_whatever_the_browser_prefers(client: Client) -> None:
    response = client.get(LOGIN, headers={"Accept-Language": "en-GB,en;q=0.9"})

    assertContains(response, '<html lang="ru">')
    assertContains(response, "Вход для сотрудников")


def test_language_switch_leads_back_and_is_remembered(client: Client) -> None:
    response = client.post(reverse("set_language"), {"language": "en", "next": LOGIN})

    assertRedirects(response, LOGIN)
    assertContains(client.get(LOGIN), '<html lang="en">')
    assertContains(client.get(LOGIN), "Staff sign-in")


# Theme ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_chosen_theme_is_in_the_page_before_any_script(client: Client, theme: str) -> None:
    response = client.post(reverse("theme_set"), {"theme": theme, "next": LOGIN})

    assertRedirects(response, LOGIN)
    assert response.cookies["theme"]["httponly"]
    assertContains(client.get(LOGIN), f'<html lang="ru" data-theme="{theme}">')


def test_theme_of_the_system_forgets_the_choice(client: Client) -> None:
    client.cookies["theme"] = "dark"

    client.post(reverse("theme_set"), {"theme": "system", "next": LOGIN})

    assertContains(client.get(LOGIN), '<html lang="ru">')


def test_theme_cookie_of_somebody_else_is_harmless(client: Client) -> None:
    client.cookies["theme"] = '"><script>'

    assertContains(client.get(LOGIN), '<html lang="ru">')


def test_unknown_theme_is_refused(client: Client) -> None:
    assert client.post(reverse("theme_set"), {"theme": "pink"}).status_code == 400


def test_theme_changes_by_post_only(client: Client) -> None:
    assert client.get(reverse("theme_set")).status_code == 405


@pytest.mark.parametrize("address", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""])
def test_theme_switch_leads_nowhere_else(client: Client, address: str) -> None:
    response = client.post(reverse("theme_set"), {"theme": "dark", "next": address})

    assert response.headers["Location"] == "/"


def test_theme_reaches_the_django_admin(staff_client: Client) -> None:
    staff_client.cookies["theme"] = "dark"

    response = staff_client.get(reverse("admin:index"))

    assertContains(response, "theme-dark")
    assertContains(response, "css/admin.css")
    assertContains(response, "К панели")
    assertNotContains(response, "admin/js/theme.js")


# The document ---------------------------------------------------------------------------------------------------------


def test_skip_link_comes_first_and_its_target_exists(staff_client: Client) -> None:
    body = staff_client.get(INSIDE).content.decode().split("<body")[1]

    assert re.search(r"<(a|button|input)\b[^>]*", body).group(0) == '<a class="skip-link" href="#content"'  # type: ignore[union-attr]
    assert 'id="content"' in body


@pytest.mark.parametrize("address", [LOGIN, INSIDE, "/accounts/2fa/", "/accounts/password/change/", "/admin/"])
def test_policy_allows_nothing_inline_and_the_page_has_nothing_inline(staff_client: Client, address: str) -> None:
    if address == LOGIN:
        staff_client.logout()

    response = staff_client.get(address)

    html = response.content.decode()
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    assert "unsafe-eval" not in response.headers["Content-Security-Policy"]
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", html)
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]*(\ssrc=|application/json))", html)


def test_everything_comes_from_this_server(staff_client: Client) -> None:
    html = staff_client.get(INSIDE).content.decode()

    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', html)


def test_htmx_sends_the_csrf_token_and_keeps_no_page_of_personal_data(staff_client: Client) -> None:
    html = staff_client.get(INSIDE).content.decode()

    assert re.search(r'hx-headers=\'{"X-CSRFToken": "\w{64}"}\'', html)
    assert '"historyCacheSize": 0' in html
    assert '"allowEval": false' in html


def test_sign_out_is_a_post(staff_client: Client) -> None:
    assertContains(staff_client.get(INSIDE), f'<form method="post" action="{reverse("account_logout")}">')


def test_sandbox_is_named_where_messages_reach_nobody(staff_client: Client, settings: Settings) -> None:
    settings.TELEGRAM_SANDBOX = True
    assertContains(staff_client.get(INSIDE), "Песочница Telegram")

    settings.TELEGRAM_SANDBOX = False
    assertNotContains(staff_client.get(INSIDE), "Песочница Telegram")


def test_hostile_name_of_a_member_of_staff_is_only_text(client: Client, db: None) -> None:
    client.force_login(UserFactory.create(first_name="<script>alert(1)</script>"))

    assertNotContains(client.get(INSIDE), "<script>alert(1)</script>")


# Errors ---------------------------------------------------------------------------------------------------------------


def test_missing_page_says_so_in_our_frame(staff_client: Client) -> None:
    response = staff_client.get("/no-such-page/")

    assertContains(response, "Такой страницы нет", status_code=404)
    assertContains(response, 'aria-label="Основная навигация"', status_code=404)


def test_missing_page_shows_a_stranger_no_navigation(client: Client) -> None:
    response = client.get("/no-such-page/")

    assertContains(response, "Такой страницы нет", status_code=404)
    assertNotContains(response, "Основная навигация", status_code=404)


def test_forbidden_page_says_whom_to_ask(client: Client, db: None) -> None:
    client.force_login(UserFactory.create())

    assertContains(client.get("/workshops/"), "Их может выдать администратор", status_code=403)


def test_form_without_its_token_is_refused_in_words(db: None) -> None:
    client = Client(enforce_csrf_checks=True)

    response = client.post(reverse("theme_set"), {"theme": "dark"})

    assertContains(response, "Форма устарела", status_code=403)


def test_the_address_of_a_form_opened_by_itself_says_so(staff_client: Client) -> None:
    response = staff_client.get(reverse("theme_set"))

    assertContains(response, "Здесь нечего открывать", status_code=405)
    assert response["Allow"] == "POST"


@pytest.mark.parametrize(
    ("came_from", "address"),
    [
        ("http://testserver/users/?q=1#x", "/users/?q=1"),
        ("http://testserver/nowhere", "/"),
        ("nonsense", "/"),
        ("", "/"),
    ],
)
def test_switches_on_the_answer_to_a_form_lead_back_to_its_page(
    rf: RequestFactory, came_from: str, address: str
) -> None:
    refused = rf.post("/messages/new/check/", headers={"Referer": came_from})

    assert address_to_return_to(refused) == address
    assert address_to_return_to(rf.get("/users/?q=2")) == "/users/?q=2"


def test_page_of_a_crash_needs_no_context() -> None:
    html = Template('{% include "500.html" %}').render(Context())

    assert "Что-то пошло не так" in html


# Partials -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (2, "Подтверждено"),
        (1, "В ожидании"),
        (0, "Новая заявка"),
        (-1, "Отменено"),
        (7, "Неизвестно"),
        (None, "Неизвестно"),
    ],
)
def test_status_badge_says_the_status_in_a_word(status: int | None, word: str) -> None:
    template = Template('{% include "_shared/_status_badge.html" %}')

    assert word in template.render(Context({"status": status}))


def test_status_bar_is_as_long_as_its_parts() -> None:
    counts = StatusCounts(confirmed=6, pending=2, new=1, cancelled=3, unknown=4)

    html = Template('{% include "bookings/_status_bar.html" %}').render(Context({"counts": counts}))

    assert 'viewBox="0 0 16 1"' in html
    assert re.findall(r' x="(\d+)" width="(\d+)"', html) == [
        ("0", "6"),
        ("6", "2"),
        ("8", "1"),
        ("9", "3"),
        ("12", "4"),
    ]


def test_status_bar_of_nothing_is_drawn() -> None:
    context = Context({"counts": StatusCounts()})

    assert 'viewBox="0 0 1 1"' in Template('{% include "bookings/_status_bar.html" %}').render(context)


def page_links(number: int, query: str = "") -> str:
    request = RequestFactory().get(f"/bookings/{query}")
    request.user = AnonymousUser()
    context = {"page": Paginator(range(1000), 50).get_page(number), "target": "booking-table"}
    return Template('{% include "_shared/_pagination.html" %}').render(RequestContext(request, context))


def test_pages_keep_the_filters_and_can_be_swapped() -> None:
    html = page_links(10, "?status=2&page=10")

    assert 'href="?status=2&amp;page=11"' in html
    assert 'hx-get="?status=2&amp;page=11"' in html
    assert 'hx-target="#booking-table"' in html
    assert re.findall(r">(\d+)<", html) == ["1", "9", "10", "11", "20"]


@pytest.mark.parametrize(
    ("number", "shown"), [(1, ["1", "2", "20"]), (2, ["1", "2", "3", "20"]), (20, ["1", "19", "20"])]
)
def test_pages_at_the_ends_are_named_once(number: int, shown: list[str]) -> None:
    assert re.findall(r">(\d+)<", page_links(number)) == shown


@pytest.mark.parametrize(
    ("sort", "aria", "address"),
    [("", "", "?sort=-date"), ("date", "ascending", "?sort=-date"), ("-date", "descending", "?sort=date")],
)
def test_sort_heading_says_its_direction_and_leads_to_the_other(sort: str, aria: str, address: str) -> None:
    request = RequestFactory().get("/bookings/?page=3")
    request.user = AnonymousUser()
    context = {"label": "Дата", "name": "date", "sort": sort}

    html = Template('{% include "_shared/_sort_header.html" %}').render(RequestContext(request, context))

    assert f'href="{address}"' in html
    assert (f'aria-sort="{aria}"' in html) if aria else ("aria-sort" not in html)


# Colours --------------------------------------------------------------------------------------------------------------


def tokens() -> dict[str, tuple[str, str]]:
    css = (ROOT / "static/css/tokens.css").read_text()
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    return {name: (light, dark) for name, light, dark in found}


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio of two colours, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


GROUNDS = ["canvas", "surface", "sunken", "hover", "selected", "raised"]
TEXTS = [
    "ink",
    "ink-quiet",
    "ink-faint",
    "accent-ink",
    *(f"{s}-ink" for s in ("confirmed", "pending", "new", "cancelled", "unknown")),
]
FILLS = ["edge", "focus", *(f"{s}-fill" for s in ("confirmed", "pending", "new", "cancelled", "unknown"))]


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), [(text, ground) for text in TEXTS for ground in GROUNDS])
def test_text_reads_on_every_ground(side: int, text: str, ground: str) -> None:
    assert contrast(tokens()[text][side], tokens()[ground][side]) >= 4.5


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("meaning", ["confirmed", "pending", "new", "cancelled", "unknown", "accent"])
def test_text_reads_on_the_ground_of_its_own_meaning(side: int, meaning: str) -> None:
    assert contrast(tokens()[f"{meaning}-ink"][side], tokens()[f"{meaning}-soft"][side]) >= 4.5


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["accent", "accent-strong", "danger", "danger-strong"])
def test_white_reads_on_a_filled_button(side: int, ground: str) -> None:
    assert contrast("#ffffff", tokens()[ground][side]) >= 4.5


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("fill", FILLS)
def test_edges_and_bars_are_seen(side: int, fill: str) -> None:
    assert contrast(tokens()[fill][side], tokens()["surface"][side]) >= 3
    assert contrast(tokens()[fill][side], tokens()["canvas"][side]) >= 3


def test_no_browser_keeps_a_page_that_somebody_signed_in_for(staff_client: Client) -> None:
    for address in ("/workshops/", "/bookings/", "/data-quality/", "/accounts/sessions/"):
        assert "no-store" in staff_client.get(address)["Cache-Control"]
