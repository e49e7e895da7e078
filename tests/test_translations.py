"""The Russian catalogues: every text of the code and the templates has its translation, in all its forms."""

import ast
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import django.conf
import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.apps import apps
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


@cache
def texts_of_code() -> list[Text]:
    ours = (path for path in modules() if "tests" not in path.parts)
    return [text for path in ours for text in texts_of(path.read_text(), name_of(path))]


@cache
def texts_of_templates() -> list[Text]:
    found: list[Text] = []
    for path in TEMPLATES:
        # Django turns a template into lines of Python for gettext's programs; their indentation means nothing.
        python = "\n".join(line.strip() for line in templatize(path.read_text()).splitlines())
        found += texts_of(python, name_of(path))
    return found


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


# Words of others ------------------------------------------------------------------------------------------------------

# Their words, said better on purpose wherever they say them; "Unknown" differs by an ending.
SAID_BETTER = {
    "Edit",
    "Add %s",
    "Change %s",
    "View %s",
    "Activate",
    "Activate Authenticator App",
    "An authenticator app is not active.",
    "Authentication using an authenticator app is active.",
    "Authenticator App",
    "Authenticator app activated.",
    "Authenticator app deactivated.",
    "Authenticator code",
    "Authenticator secret",
    "Deactivate",
    "Deactivate Authenticator App",
    "Edit Security Key",
    (
        "Enabling passwordless operation allows you to sign in using just this key, but imposes "
        "additional requirements such as biometrics or PIN protection."
    ),
    "Forgot your password?",
    "Generate",
    "Generate new codes",
    "Note",
    "The email address and/or password you specified are not correct.",
    "The username and/or password you specified are not correct.",
    (
        "To protect your account with two-factor authentication, scan the QR code below with your "
        "authenticator app. Then, input the verification code generated by the app below."
    ),
    "Unknown",
    "Unused codes",
    "Unverified",
    "Use a security key",
    "Verified",
    "You are about to deactivate authenticator app based authentication. Are you sure?",
    "Your account is protected by two-factor authentication. Please enter an authenticator code:",
}


def messages_of(path: Path) -> Iterator[Message]:
    with path.open("rb") as file:
        yield from read_po(file, locale="ru")


def words_of_others() -> dict[str, set[object]]:
    """What Django and the other apps say for a text that has no context."""
    folders = [Path(app.path) for app in apps.get_app_configs() if ROOT / app.label != Path(app.path)]
    words: dict[str, set[object]] = {}
    for folder in [*folders, Path(django.conf.__file__).parent]:
        path = folder / "locale/ru/LC_MESSAGES/django.po"
        for message in messages_of(path) if path.exists() else ():
            if isinstance(message.id, str) and message.id and not message.context and message.string:
                words.setdefault(message.id, set()).add(message.string)
    return words


@pytest.mark.parametrize("path", catalogues(), ids=name_of)
def test_E7_E8_our_words_do_not_replace_those_of_others(path: Path) -> None:
    # One catalogue serves all of them: our translation of "Change" would stand on every page of the Django admin.
    others = words_of_others()
    replaced = {
        message.id: message.string
        for message in messages_of(path)
        if isinstance(message.id, str) and not message.context and others.get(message.id, set()) - {message.string}
    }

    assert len(others) > 500
    assert {text: words for text, words in replaced.items() if text and text not in SAID_BETTER} == {}


def test_E8_no_text_is_translated_inside_an_f_string() -> None:
    # gettext's programs do not look inside, so the text would stay English.
    found = [
        f"{name_of(path)}:{call.lineno}"
        for path in modules()
        for joined in ast.walk(ast.parse(path.read_text()))
        if isinstance(joined, ast.JoinedStr)
        for call in ast.walk(joined)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS
    ]

    assert found == []


def test_one_text_has_one_translation_in_all_catalogues() -> None:
    """Django reads all catalogues as one: of two translations of a text, one would stand on the other's page."""
    said: dict[tuple[str | None, str], set[str]] = {}
    for path in catalogues():
        if "/ru/" not in name_of(path):
            continue
        for message in messages_of(path):
            text = message.id if isinstance(message.id, str) else message.id[0]
            said.setdefault((message.context, text), set()).add(str(message.string))

    assert {text: words for text, words in said.items() if text[1] and len(words) > 1} == {}


def test_one_word_stands_for_changing_a_thing() -> None:
    """«Изменить» on every page: a reader who sees «Редактировать» beside it looks for a difference."""
    said = [str(message.string) for path in catalogues() for message in messages_of(path)]

    assert [words for words in said if "редактир" in words.lower()] == []
    assert trans_real.translation("ru").gettext("Edit") == "Изменить"
