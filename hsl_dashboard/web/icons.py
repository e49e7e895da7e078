"""The icons of all pages in one drawing, which a browser fetches once: heroicons by name and style."""

from functools import cache
from hashlib import sha256
from xml.etree import ElementTree

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from heroicons.templatetags import heroicons

SVG = "http://www.w3.org/2000/svg"
CLASSES = {"micro": "i", "mini": "i mini", "outline": "i large"}  # of 16, 20 and 24 px: css/cards.css
# Only those that some page shows: all of heroicons are half a megabyte. A test holds the lists and the pages together.
MICRO = """
    adjustments-horizontal arrow-down-tray arrow-left arrow-path arrow-right arrow-right-start-on-rectangle
    arrow-up-right arrow-uturn-left arrows-right-left beaker bell-alert bell-slash bold
    bookmark chat-bubble-bottom-center-text chat-bubble-left-right check check-circle chevron-double-left
    chevron-double-right chevron-down chevron-left chevron-right chevron-up chevron-up-down
    clipboard-document-list clock cloud code-bracket
    cog-6-tooth computer-desktop document-duplicate envelope exclamation-triangle eye eye-slash fire funnel gift
    hand-raised italic key link lock-closed lock-open minus-circle moon no-symbol paper-airplane paper-clip
    pause pause-circle pencil pencil-square play plus question-mark-circle shield-check sparkles star
    strikethrough sun trash underline user user-plus x-circle x-mark
"""
MINI = """
    academic-cap banknotes bars-3 bookmark chart-bar check-circle clock credit-card document-magnifying-glass
    exclamation-triangle gift inbox information-circle key lock-closed magnifying-glass moon paper-airplane
    pencil-square play-circle question-mark-circle server-stack squares-2x2 ticket users wrench-screwdriver x-circle
"""
OUTLINE = """
    academic-cap banknotes bolt bookmark check-circle clock document document-text eye film funnel gift inbox
    lock-closed magnifying-glass paper-airplane photo question-mark-circle shield-check ticket users
"""
NAMES = {"micro": MICRO.split(), "mini": MINI.split(), "outline": OUTLINE.split()}


class UnknownIcon(LookupError):
    """A template asks for an icon that NAMES does not list."""


@cache
def sprite() -> bytes:
    """Draw all icons as symbols of one SVG, each under its name."""
    ElementTree.register_namespace("", SVG)
    drawing = ElementTree.Element(f"{{{SVG}}}svg")
    for style, names in NAMES.items():
        draw = getattr(heroicons, f"heroicon_{style}")
        for name in names:
            icon = ElementTree.fromstring(str(draw(name)))  # noqa: S314 - a file of the package
            kept: dict[str, str] = {
                key: icon.attrib[key] for key in ("viewBox", "fill", "stroke", "stroke-width") if key in icon.attrib
            }
            symbol = ElementTree.SubElement(drawing, f"{{{SVG}}}symbol", {"id": _symbol(name, style), **kept})
            for shape in icon.iter():
                shape.tag = f"{{{SVG}}}{shape.tag}"
            symbol.extend(icon)
    return ElementTree.tostring(drawing)


@cache
def sprite_version() -> str:
    """Name the drawing by what is in it, so that browsers may keep it for good."""
    return sha256(sprite()).hexdigest()[:5]


@cache
def icon(name: str, style: str = "micro") -> SafeString:
    """Show an icon: micro in buttons and badges, mini beside text, outline when large.

    Raises:
        UnknownIcon: it is not in NAMES.
    """
    if name not in NAMES[style]:
        raise UnknownIcon(f"{style} {name}: add it to NAMES in hsl_dashboard/web/icons.py")
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        CLASSES[style],
        reverse("icon_sprite", args=[sprite_version()]),
        _symbol(name, style),
    )


def _symbol(name: str, style: str) -> str:
    """Name a symbol; micro ones, of which a list has a hundred, by the name alone."""
    return name if style == "micro" else f"{style}-{name}"
