"""The Russian catalogues: every text of the code and the templates has its translation, in all its forms."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.utils.translation import trans_real
from django.utils.translation.template import templatize

from hsl_dashboard.catalogues import catalogues
from tests.test_repository import ROOT, TEMPLATES, modules, name_of

KEYWORDS = {
    function: None
    for name in ("gettext", "ngettext", "pgettext", "npgettext", "gettext_noop")
    for function in (name, f"{name}_lazy")
} | {"_": None}
PLURAL_OF_A_NUMBER = 4  # forms of a Russian noun: 1, 2–4, 5–20, 1,5
WITH_CONTEXT = ("pgettext", "npgettext")
CONTEXT_SEPARATOR = "\x04"


class Text(NamedTuple):
    """A msgid and where it stands."""

    place: str
    msgid: str


def texts_of(source: str, place: str) -> Iterator[Text]:
    found = extract_python(io.BytesIO(source.encode()), KEYWORDS, [], {"encoding": "utf-8"})
    for line, function, arguments, _ in found:
        texts = [arguments] if isinstance(arguments, str) else list(arguments)
        if function.removesuffix("_lazy") in WITH_CONTEXT:
            texts = [f"{texts[0]}{CONTEXT_SEPARATOR}{texts[1]}"]
        if texts and texts[0]:
            yield Text(f"{place}:{line}", texts[0])


def texts_of_code() -> Iterator[Text]:
    for path in modules():
        if "tests" not in path.parts:
            yield from texts_of(path.read_text(), name_of(path))


def texts_of_templates() -> Iterator[Text]:
    for path in TEMPLATES:
        # Django turns a template into lines of Python for gettext's programs; their indentation means nothing.
        python = "\n".join(line.strip() for line in templatize(path.read_text()).splitlines())
        yield from texts_of(python, name_of(path))


def test_every_text_has_a_russian_translation() -> None:
    russian = trans_real.translation("ru")
    known: set[str] = set()
    for key, translation in russian._catalog.items():
        if translation:
            known.add(key[0] if isinstance(key, tuple) else key)

    texts = [*texts_of_code(), *texts_of_templates()]

    assert len(texts) > 100
    assert [text for text in texts if text.msgid not in known] == []


@pytest.mark.parametrize("path", catalogues(), ids=name_of)
def test_catalogues_are_whole(path: Path) -> None:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parent.parent.name)
    troubles = []
    for message in catalogue:
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(forms)):
            troubles.append(f"{message.id!r} is fuzzy or empty")
        if message.pluralizable and len(forms) != PLURAL_OF_A_NUMBER:
            troubles.append(f"{message.id!r} has {len(forms)} plural forms")
    # Placeholders of the translation are those of the text.
    troubles += [f"{message.id!r}: {error}" for message, errors in catalogue.check() for error in errors]

    assert troubles == []


@pytest.mark.parametrize("path", catalogues(), ids=name_of)
def test_no_text_is_translated_twice_in_a_catalogue(path: Path) -> None:
    # With its context: "Confirmed" of a person and of bookings are two words in Russian.
    msgids = re.findall(r"^(?:msgctxt .*\n)?msgid .*\n(?:\".*\n)*", path.read_text(), re.MULTILINE)

    assert {msgid for msgid in msgids if msgids.count(msgid) > 1} == set()


def test_the_demo_has_its_texts_and_the_product_none_of_them() -> None:
    with (ROOT / "demo/locale/ru/LC_MESSAGES/django.po").open("rb") as file:
        of_the_demo = {message.id for message in read_po(file, locale="ru") if message.id}
    texts = [*texts_of_code(), *texts_of_templates()]

    assert of_the_demo == {text.msgid for text in texts if text.place.startswith("demo/")}
    assert of_the_demo & {text.msgid for text in texts if not text.place.startswith("demo/")} == set()
