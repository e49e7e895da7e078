"""HTML and buttons are refused here exactly when Telegram would refuse them, with the place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.content.buttons import check_buttons
from messaging.content.check import check_message


def check(text: str, *, kind: str = "text", buttons=()):
    return check_message(kind=kind, text=text, buttons=list(buttons))


def test_a_place_is_a_line_and_a_column():
    text = "Первая строка\nвторая <div>"

    [unknown] = check(text).errors

    assert unknown.place(text) == (2, 8)


@given(st.text())
def test_no_text_breaks_the_parser(text):
    check(text)


def test_length_is_counted_after_parsing():
    assert check("<b>" + "я" * 4096 + "</b>").fine
    assert not check("<b>" + "я" * 4097 + "</b>").fine
    assert check("&lt;" * 4096).length == 4096


def test_captions_are_shorter():
    assert check("я" * 1024, kind="photo").fine
    assert not check("я" * 1025, kind="photo").fine
    assert check("", kind="photo").fine


@pytest.mark.parametrize("text", ["", "   \n", "<b></b>"])
def test_a_text_without_text_is_refused(text):
    assert not check(text).fine


def test_emoji_over_the_utf16_count_only_warn():
    result = check("👍" * 2100)

    assert result.fine
    assert len(result.warnings) == 1


def test_raw_text_over_32_kb_and_more_than_100_entities_are_refused():
    assert not check('<a href="' + "x" * 33_000 + '">y</a>').fine
    assert check("<b>x</b> " * 100).fine
    assert not check("<b>x</b> " * 101).fine
    assert check("<b>x</b>" * 101).fine  # pieces that touch are one


def test_an_unknown_placeholder_is_named_and_doubled_braces_are_not_one():
    [problem] = check("Привет, {firstname|друг}").errors

    assert problem.at == 8
    assert "{first_name}" in problem.message
    assert check("<code>f'{{name}}'</code> {first_name|друг}").fine


@pytest.mark.parametrize(
    "button",
    [
        {"text": "Сайт", "url": "https://example.test/x?y=1"},
        {"text": "Чат", "url": "tg://user?id=1"},
        {"text": "Да", "callback_data": "я" * 32},
    ],
)
def test_buttons_that_telegram_takes(button):
    assert list(check_buttons([[button]])) == []


@pytest.mark.parametrize(
    "button",
    [
        {"text": "", "url": "https://example.test"},
        {"text": "Оба", "url": "https://example.test", "callback_data": "x"},
        {"text": "Ничего"},
        {"text": "Много", "callback_data": "я" * 33},
        {"text": "Адрес", "url": "javascript:alert(1)"},
        {"text": "Адрес", "url": "https://"},
        {"text": "Адрес", "url": "https://a b"},
        {"text": "Адрес", "url": "http://[broken"},
    ],
)
def test_buttons_that_telegram_refuses(button):
    assert len(list(check_buttons([[button]]))) == 1


def test_rows_and_buttons_have_limits():
    button = {"text": "x", "callback_data": "x"}

    assert list(check_buttons([[button] * 8] * 12)) == []
    assert len(list(check_buttons([[button] * 9]))) == 1
    assert len(list(check_buttons([[button] * 8] * 13))) == 1
