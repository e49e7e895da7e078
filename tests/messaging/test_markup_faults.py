"""What public bug reports broke in messages (A1 to A16): each input does the right thing now."""

from html.parser import HTMLParser

import pytest

from demo.sandbox.arrival import delivered
from demo.sandbox.bubbles import formatted
from demo.sandbox.errors import ApiError
from demo.sandbox.markup import parse_html as parse_as_telegram
from demo.sandbox.validation import keyboard_of, text_of
from messaging.content.buttons import ACTIONS, check_buttons, doubt_buttons, known_action
from messaging.content.check import Check, check_message
from messaging.content.content import Content
from messaging.content.markup import bare_text, parse_html
from messaging.content.placeholders import personalise, placeholders, without_values
from messaging.content.preview import preview_message, render


def check(text: str, **message) -> Check:
    return check_message(**{"kind": "text", "text": text, "buttons": [], **message})


def keyboard(target: str, text: str = "Кнопка") -> list[list[dict[str, str]]]:
    """The buttons that the form makes of what was typed."""
    return Content(buttons=[{"text": text, "target": target, "row": "1"}]).keyboard


def sent(text: str) -> str:
    """The words that Telegram would deliver."""
    return delivered(*parse_as_telegram(text))[0]


CPLUSPLUS = 'cout<<name<<" "<<score<<endl;\n' * 40


def test_a1_signs_of_code_are_words_in_a_list_and_mistakes_for_the_author():
    text = bare_text(CPLUSPLUS)

    assert text.startswith('cout<<name<<" "<<score<<endl;')
    assert [problem.at for problem in check(CPLUSPLUS).errors][:2] == [4, 10]
    assert len(check(CPLUSPLUS).errors) <= 20
    assert "cout&lt;&lt;name" in render(parse_html(CPLUSPLUS))


@pytest.mark.parametrize(
    "text", ["<" * 5000, "<a " * 900_000, CPLUSPLUS, "<b>x", "&#55357;", "\ud83d", "</", "<b\0", ""]
)
def test_a1_plain_text_never_raises(text):
    assert isinstance(bare_text(text), str)


@pytest.mark.parametrize(
    "target",
    ["t.me/x", "www.example.org/x", "example.org", "@name", "https:/x", "mailto:a@b.c", "школа.рф", "//x.ru/y"],
)
def test_a3_what_looks_like_a_link_is_no_word_for_the_bot(target):
    [problem] = check_buttons(keyboard(target))

    assert "https://" in problem.message


def test_a3_the_address_that_was_meant_is_offered():
    [problem] = check_buttons(keyboard("@hashslash"))

    assert "https://t.me/hashslash" in problem.message


@pytest.mark.parametrize("data", ["select_course_1", "free_lesson_register_2", "confirm_course_selection_v2"])
def test_a3_what_the_bot_answers_to_has_a_meaning(data):
    action = known_action(data)

    assert action is not None
    assert str(action.label)
    assert list(check_buttons(keyboard(data))) == []
    assert list(doubt_buttons(keyboard(data))) == []


@pytest.mark.parametrize(
    "data", ["yes", "menu.main", "select_course_", "select_course_x", "select_course_٣", "price_1.5"]
)
def test_a3_a_free_word_is_allowed_after_a_warning(data):
    result = check("Привет", buttons=keyboard(data))

    assert result.fine
    assert data in result.warnings[0].message


def test_a3_the_known_actions_are_named_in_russian():
    assert [str(action.label) for action in ACTIONS][:2] == ["Записаться на курс", "Записаться на урок"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("<a href=https://x.y>z</a>", 8),
        ("я <b / >x</b>", 2),
        ("<b>&#55357;</b>", 3),
        ("<a href=“https://x.ru”>x</a>", 8),
    ],
)
def test_a4_what_telegram_refuses_is_refused_with_its_place(text, at):
    with pytest.raises(ApiError):
        parse_as_telegram(text)

    [problem] = check(text).errors

    assert problem.at == at


def test_a4_a_name_without_a_value_is_taken():
    assert check("<b foo>x</b>").fine
    assert sent("<b foo>x</b>") == "x"


@pytest.mark.parametrize(
    "text", ['<a href="https://">x</a>', '<a href="javascript:alert(1)">x</a>', "<a>x</a>", "Привет, {first_name"]
)
def test_a5_what_would_arrive_as_mere_words_is_a_mistake(text):
    [problem] = check(text).errors

    assert problem.at == text.index("<" if "<" in text else "{")


@pytest.mark.parametrize(
    "url", ["https://localhost/x", "https://example", "https://", "http://[x", "tg://", "https://a b"]
)
def test_a6_an_address_that_telegram_refuses_is_refused_on_a_button(url):
    with pytest.raises(ApiError, match="is invalid"):
        keyboard_of({"reply_markup": {"inline_keyboard": [[{"text": "x", "url": url}]]}})

    assert len(list(check_buttons(keyboard(url)))) == 1


@pytest.mark.parametrize(
    ("text", "known", "unknown"),
    [
        ("{ first_name }!", "Анна!", "!"),
        ("{first_name | друг}!", "Анна!", "друг!"),
        ("{first_name|, друг}!", "Анна!", ", друг!"),
        ("{\u00a0first_name |}", "Анна", ""),
    ],
)
def test_a7_spaces_in_a_placeholder_do_not_count(text, known, unknown):
    assert [found.name for found in placeholders(text)] == ["first_name"]
    assert personalise(text, {"first_name": "Анна"}) == known
    assert without_values(text) == unknown


def test_a7_an_unknown_one_with_spaces_is_a_mistake_as_without():
    assert [problem.at for problem in check("Привет, { имя }").errors] == [8]
    assert check("Привет, {{ имя }}").fine


@pytest.mark.parametrize("letters", ["\u200b", "\u2060", "\u200d \u2800", "\u3000\n", "&#8203;"])
def test_a8_letters_without_ink_are_no_text_and_no_label(letters):
    with pytest.raises(ApiError, match="text must be non-empty"):
        text_of({"text": letters, "parse_mode": "HTML"})
    assert not check(letters).fine

    if "&" not in letters:
        with pytest.raises(ApiError, match="button text is empty"):
            keyboard_of({"reply_markup": {"inline_keyboard": [[{"text": letters, "callback_data": "x"}]]}})
        assert len(list(check_buttons([[{"text": letters, "callback_data": "select_course_1"}]]))) == 1


@pytest.mark.parametrize(
    "tag", ["tg-time unix='1764525600' format='wDT'", "blockquote expandable", "tg-emoji emoji-id='5'"]
)
def test_a10_newer_tags_are_known(tag):
    text = f"<{tag}>завтра</{tag.split()[0]}>"

    assert check(text).fine
    assert sent(text) == "завтра"


@pytest.mark.parametrize(
    "text", ["a<br/>b", "a<br>b", "<b><i>x</b></i>", "<div><b>x</b></div>", "<b>x</strong>", "< b>x</b>"]
)
def test_a11_one_mistake_is_one_complaint(text):
    assert len(check(text).errors) == 1


def test_a11_a_line_break_is_explained():
    assert check("a<br/>b").errors[0].message == "Telegram не поддерживает <br>: начните новую строку."


@pytest.mark.parametrize("address", ["http://[x", "https://[адрес сайта]", "https://x.ru:99999999999/", "http://[::g]"])
@pytest.mark.django_db
def test_a13_an_address_that_nobody_can_read_is_words_and_a_warning(address):
    text = f'<a href="{address}">сюда</a>'
    result = check(text)

    assert result.fine
    assert [warning.at for warning in result.warnings] == [0]
    assert preview_message(Content(text=text), person=None).text == "сюда"
    assert sent(text) == "сюда"


@pytest.mark.parametrize(
    "text",
    [
        "<b>{first_name|друг</b>}",
        "{first_name|<b>друг}</b>",
        "<a href={username}>x</a>",
        "<a href={username|x.ru}>x</a>",
    ],
)
def test_a14_both_texts_that_are_sent_are_checked(text):
    assert not check(text).fine


@pytest.mark.parametrize(
    ("text", "at"), [("Привет, {first_name|<b>друг}", 8), ("{first_name|друг} <i>x", 18), ("{{x}} <br>", 6)]
)
def test_a14_the_place_is_that_of_the_text_as_written(text, at):
    assert [problem.at for problem in check(text).errors] == [at]


@pytest.mark.parametrize(
    "button", [("{first_name}", "select_course_1"), ("Да", "https://x.ru/{username}"), ("{ course", "yes")]
)
def test_a14_placeholders_on_buttons_are_refused(button):
    text, target = button

    assert len(list(check_buttons(keyboard(target, text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "5 &lt 6",
        "10&#150;12",
        "a\tb\r\nc",
        "<b> x</b> ",
        '<a href="https://x.ru/?a=1&section=2&region=3">x</a>',
        '<a href="https://x y.ru/">x</a>',
        '<a HREF="https://x.ru/">x</a>',
        '<a href="https://x.ru"><code>x</code></a>',
        '<a href="t.me/x">x</a>',
        "<a>telegram.org</a>",
        '<a href="mailto:a@b.ru">x</a>',
        "<b>Run <code>pip</code> now</b>",
        "👍<i>👍<u>a</u></i><tg-spoiler>b</tg-spoiler>",
    ],
)
@pytest.mark.django_db
def test_a15_the_preview_is_what_arrives(text):
    shown = preview_message(Content(text=text), person=None).text
    arrives = formatted(1, *delivered(*parse_as_telegram(text)))

    assert plain(shown) == plain(arrives)
    assert addresses(shown) == addresses(arrives)


class _Letters(HTMLParser):
    """Reads letters with the elements around them, and the addresses of links."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.letters: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.addresses.append(dict(attrs)["href"] or "")
        if tag != "input":
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        self.letters += [(letter, tuple(self.open)) for letter in data]


def plain(html: str) -> list[tuple[str, ...]]:
    """Each letter with what formats it, whichever elements the two pages use."""
    names = {"strong": "b", "em": "i", "label": "spoiler", "span": "spoiler"}
    parser = _Letters()
    parser.feed(html)
    return [(letter, *sorted({names.get(tag, tag) for tag in around} - {"a"})) for letter, around in parser.letters]


def addresses(html: str) -> list[str]:
    parser = _Letters()
    parser.feed(html)
    return parser.addresses


@pytest.mark.parametrize(
    "text",
    [
        '<b a="1"b="2">x</b>',
        "<a href=>x.ru</a>",
        "<span class=TG-Spoiler>x</span>",
        '<tg-emoji emoji-id="-5">x</tg-emoji>',
        "<tg-emoji></tg-emoji>x",
    ],
)
def test_a16_what_telegram_takes_is_fine(text):
    assert check(text).fine
    assert sent(text)
