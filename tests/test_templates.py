"""Templates and styles about themselves: short lines, nothing unused, and a header for each cell of every table."""

import ast
import re
from functools import cache
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from messaging.models import Broadcast, Draft
from tests.factories import BookingFactory, StreamFactory, TelegramUserFactory
from tests.messaging.broadcasts import BroadcastFactory, RecipientFactory
from tests.test_repository import OUR_PACKAGES, ROOT, TEMPLATES, files, name_of, without_comments
from users.models import BlockedUser

LONGEST_LINE = 160  # characters
WORD = re.compile(r"-?[A-Za-z_][\w-]*")
ADDED_BY_HTMX = {"htmx-request"}
# Found by their names: Django's error pages, admin and widgets, allauth's pages, elements and messages.
FOUND_BY_OTHERS = re.compile(r"(?:\d{3}(?:_csrf)?\.html|(?:admin|account|allauth|usersessions|django)/.*)")


def test_lines_of_templates_are_short() -> None:
    every = [path for path in (ROOT / "templates").rglob("*.*") if path.is_file()]
    long = {name_of(path) for path in every if any(len(line) > LONGEST_LINE for line in path.read_text().splitlines())}

    assert long == set()


def test_a_comment_of_a_template_ends_in_its_line() -> None:
    """Django shows one that does not."""
    lines = [(name_of(path), line) for path in TEMPLATES for line in path.read_text().splitlines()]

    assert [(name, line) for name, line in lines if "{#" in line and "#}" not in line] == []


def test_whatever_asks_for_itself_rests_while_its_tab_is_hidden_and_asks_when_somebody_looks() -> None:
    """js/polling.js sees to both, for elements that say so."""
    asks = re.compile(r"<[^<>]*hx-trigger=\"every(?:[^<>\"]|{%.*?%})*\"[^>]*>", re.DOTALL)
    polls = {(name_of(path), tag) for path in TEMPLATES for tag in asks.findall(path.read_text())}
    all_of_them = sum(path.read_text().count('hx-trigger="every') for path in TEMPLATES)

    assert len(polls) == all_of_them >= 6
    assert {name for name, tag in polls if "data-poll" not in tag or ", look" not in tag} == set()


def test_a_button_that_says_something_stands_inside_the_form_that_htmx_sends() -> None:
    """htmx leaves out the name and value of a pressed button that belongs to its form only by ``form="…"``."""
    texts = "\n".join(re.sub(r"{%.*?%}", "", path.read_text(), flags=re.DOTALL) for path in TEMPLATES)
    buttons = [tag for tag in re.findall(r"<button\b[^>]*>", texts) if re.search(r"\sname=", tag)]
    forms = [tag for tag in re.findall(r"<form\b[^>]*>", texts) if "hx-post=" in tag and "hx-trigger=" not in tag]
    outside = {place for tag in buttons for place in re.findall(r'\sform="([^"]+)"', tag)}
    sent_by_htmx = {place for tag in forms for place in re.findall(r'\sid="([^"]+)"', tag)}

    assert len(outside) >= 2
    assert len(forms) >= 10
    assert outside & sent_by_htmx == set()


# Unused ---------------------------------------------------------------------------------------------------------------


@cache
def strings_of(path: Path) -> list[str]:
    """Texts of a module that are no docstrings."""
    tree = ast.parse(path.read_text())
    described = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, described) and node.body
                  and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def our_modules() -> list[Path]:
    return [path for package in OUR_PACKAGES for path in files(f"{package}/**/*.py") if "migrations" not in path.parts]


def words_of_pages() -> set[str]:
    """Every word that a page of ours may have as a class: of templates, of scripts, of texts in the code."""
    texts = [without_comments(path.read_text()) for path in TEMPLATES]
    texts += [path.read_text() for path in files("static/js/*.js")]
    for path in our_modules():
        texts += strings_of(path)
    return {word for text in texts for word in WORD.findall(text)}


def words_of_the_django_admin() -> set[str]:
    admin = find_spec("django.contrib.admin")
    assert admin and admin.origin
    sources = [path for path in Path(admin.origin).parent.rglob("*") if path.suffix in {".html", ".js", ".py"}]
    return {word for path in sources for word in WORD.findall(path.read_text(errors="replace"))}


def classes_of(path: Path) -> set[str]:
    rules = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    selectors = "".join(re.findall(r"([^{};]+){", rules))
    return set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", selectors))


def test_every_css_class_is_used() -> None:
    known = words_of_pages() | ADDED_BY_HTMX
    of_the_admin = words_of_the_django_admin()
    put_together = (*(word for word in known if word.endswith("-")), "field-")  # class="fill-{{ part.name }}"
    unused = {}
    for path in files("static/css/*.css"):
        left = classes_of(path) - known - (of_the_admin if path.name == "admin.css" else set())
        unused[path.name] = sorted(name for name in left if not name.startswith(put_together))

    assert {name: classes for name, classes in unused.items() if classes} == {}


def test_every_template_is_used() -> None:
    texts = [without_comments(path.read_text()) for path in TEMPLATES]
    for path in our_modules():
        texts += strings_of(path)
    everything = "\n".join(texts)
    ours = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]

    assert [name for name in ours if name not in everything and not FOUND_BY_OTHERS.fullmatch(name)] == []


# Tables ---------------------------------------------------------------------------------------------------------------


class Tables(HTMLParser):
    """Reads how many cells each row of each table has; a cell over several columns counts as many."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[int]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append(0)
        elif tag in {"td", "th"}:
            self.tables[-1][-1] += int(dict(attrs).get("colspan") or 1)


@pytest.fixture
def addresses(db: None) -> list[str]:
    """Every page with a table, each table with a row."""
    stream = StreamFactory.create()
    booking = BookingFactory.create(course=stream.course, course_stream=stream.code, confirmed=Booking.Status.CONFIRMED)
    BlockedUser.objects.create(telegram_user=TelegramUserFactory.create(), reason="bot_blocked_by_user")
    broadcast = BroadcastFactory.create(state=Broadcast.State.FINISHED)
    RecipientFactory.create(message=broadcast, telegram_user=booking.telegram_user)
    BookingFactory.create(course=None, course_stream="", confirmed=Booking.Status.CONFIRMED)
    Draft.objects.create(content={"text": "Привет"})
    return [
        reverse("bookings:workshop_list"),
        reverse("bookings:stream_detail", args=[stream.code]),
        reverse("bookings:booking_list"),
        reverse("users:person_list"),
        reverse("messaging:broadcast_list"),
        reverse("messaging:broadcast_detail", args=[broadcast.pk]),
        reverse("messaging:draft_list"),
        reverse("messaging:blocked_list"),
    ]


def test_every_row_of_a_table_has_as_many_cells_as_its_header(staff_client: Client, addresses: list[str]) -> None:
    for address in addresses:
        tables = Tables(staff_client.get(address).text).tables

        assert all(len(rows) > 1 for rows in tables), f"a table of {address} has no rows"
        assert all(len(set(rows)) == 1 for rows in tables), f"{address}: cells by row {tables}"
        assert tables, f"{address} has no table"
