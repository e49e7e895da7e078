"""The drawing of all icons, and the lists it is made from."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.template import engines
from django.test import Client
from django.urls import reverse

from hsl_dashboard.web.icons import NAMES, SVG, UnknownIcon, icon, sprite_version
from hsl_dashboard.web.navigation import ITEMS

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
LISTED = {(style, name) for style, names in NAMES.items() for name in names}


def icons_shown() -> set[tuple[str, str]]:
    """Icons of all templates; those that an include names (icon="…") are large, those of the navigation mini."""
    shown = {("mini", item.icon) for item in ITEMS} | {("outline", "inbox")}
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        shown |= {(style or "micro", name) for name, style in re.findall(r'{% icon "([\w-]+)"(?: "(\w+)")? %}', text)}
        shown |= {("outline", name) for name in re.findall(r'icon="([\w-]+)"', text)}
    for path in TEMPLATES.parent.glob("*/jump.py"):  # what the jump finds names its icon in Python
        shown |= {("micro", name) for name in re.findall(r'icon="([\w-]+)"', path.read_text())}
    return shown


def test_the_drawing_has_each_icon_that_some_page_shows_and_no_other():
    assert icons_shown() == LISTED


def test_an_icon_is_a_use_of_its_symbol(client: Client):
    shown = engines["django"].from_string('{% load icons %}{% icon "key" %}{% icon "key" "mini" %}').render()

    [address, _mini] = re.findall(r'<use href="(.+?)#(?:mini-)?key"/>', shown)
    response = client.get(address)
    drawing = ElementTree.fromstring(response.content)
    symbols = {symbol.get("id"): symbol for symbol in drawing}
    assert response["Content-Type"] == "image/svg+xml"
    assert "immutable" in response["Cache-Control"]
    assert set(symbols) == {name if style == "micro" else f"{style}-{name}" for style, name in LISTED}
    assert symbols["key"].get("viewBox") == "0 0 16 16"
    assert symbols["key"].find(f"{{{SVG}}}path") is not None
    assert symbols["outline-inbox"].get("stroke") == "currentColor"


def test_another_version_of_the_drawing_is_not_there(client: Client):
    assert client.get(reverse("icon_sprite", args=["00000000"])).status_code == 404
    assert client.get(reverse("icon_sprite", args=[sprite_version()])).status_code == 200


def test_an_icon_that_nobody_listed_is_refused():
    with pytest.raises(UnknownIcon, match="NAMES"):
        icon("academic-cap")
