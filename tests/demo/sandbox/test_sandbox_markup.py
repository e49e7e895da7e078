"""HTML is read as Telegram reads it: what it takes, what it complains of, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.sandbox.arrival import delivered
from demo.sandbox.errors import ApiError
from demo.sandbox.links import BadLink, checked_link
from demo.sandbox.markup import parse_html, utf16_length
from tests.messaging.markup_cases import ACCEPTED, REFUSED


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [
        ("🏟 🏟&lt;<abacaba", "Unclosed start tag at byte offset 13"),
        ("🏟 🏟&lt;<abac aba>", 'Unsupported start tag "abac" at byte offset 13'),
        ("<br>", 'Unsupported start tag "br" at byte offset 0'),
        ("2 < 3", 'Unsupported start tag "" at byte offset 2'),
        ("🏟 🏟&lt;<i   =aba>", 'Empty attribute name in the tag "i" at byte offset 13'),
        ("🏟 🏟&lt;<i    aba>", 'Can\'t find end tag corresponding to start tag "i"'),
        ("🏟 🏟&lt;<i    aba  =  ", 'Unclosed start tag "i" at byte offset 13'),
        ("🏟 🏟&lt;<i    aba  =  190azAz-.,", "Unexpected end of name token at byte offset 27"),
        ('🏟 🏟&lt;<i    aba  =  "&lt;&gt;&quot;>', "Unclosed start tag at byte offset 13"),
        ("<a href", 'Unclosed start tag "a" at byte offset 0'),
        ("🏟 🏟&lt;</", "Unexpected end tag at byte offset 13"),
        ("🏟 🏟&lt;<b></b></", "Unexpected end tag at byte offset 20"),
        ("🏟 🏟&lt;<i>a</i   ", "Unclosed end tag at byte offset 17"),
        ("<b><i>test</b></i>", 'Unmatched end tag at byte offset 10, expected "</i>", found "</b>"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<tg-emoji emoji-id="x">y</tg-emoji>', "Invalid custom emoji identifier specified"),
        (
            "&#xDFDF;",
            (
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            ),
        ),
    ],
)
def test_a_complaint_names_the_byte(markup, complaint):
    with pytest.raises(ApiError) as caught:
        parse_html(markup)

    assert caught.value.description == f"Bad Request: can't parse entities: {complaint}"


@pytest.mark.parametrize(
    ("markup", "text", "entities"),
    [
        ("&ge;&lt;&gt;&amp;&quot;&laquo;&#12345678;", '&ge;<>&"&laquo;&#12345678;', []),
        ("&lt без точки &#1071;", "< без точки Я", []),
        ("🎉<STRONG>я</STRONG>", "🎉я", [("bold", 2, 1)]),
        ("<b>я</>", "я", [("bold", 0, 1)]),
        ("<b></b>пусто", "пусто", []),
        ("<i>a<b>b</b></i>", "ab", [("italic", 0, 2), ("bold", 1, 1)]),
        ('<pre><code class="language-py">x</code></pre>', "x", [("pre", 0, 1)]),
        ("<pre>a<code>x</code></pre>", "ax", [("pre", 0, 2), ("code", 1, 1)]),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
        ("<a href='nowhere'>x</a>", "x", []),
        ("<a>example.org</a>", "example.org", [("text_link", 0, 11)]),
        ('<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>', "👍", [("custom_emoji", 0, 2)]),
    ],
)
def test_markup_becomes_text_and_entities(markup, text, entities):
    parsed, found = parse_html(markup)

    assert parsed == text
    assert [(entity["type"], entity["offset"], entity["length"]) for entity in found] == entities


@pytest.mark.parametrize(("markup", "text", "entities"), ACCEPTED)
def test_the_corpus_is_delivered_as_telegram_would(markup, text, entities):
    parsed, found = parse_html(markup)
    delivered_text, left = delivered(parsed, found, may_be_empty=True)

    assert (delivered_text if text else delivered_text.strip("\u200b\u200d\u00a0\u2800\u3000\u2060")) == text
    assert [f"{entity['type']} {entity['offset']} {entity['length']}" for entity in left] == [
        " ".join(entity.split()[:3]) for entity in entities
    ]


@pytest.mark.parametrize("markup", [markup for markup, text, _entities in ACCEPTED if not text])
def test_a_text_with_nothing_to_read_is_refused(markup):
    with pytest.raises(ApiError, match="text must be non-empty"):
        delivered(*parse_html(markup))


@pytest.mark.parametrize(("markup", "_at", "complaint"), REFUSED)
def test_the_corpus_is_refused_in_the_words_of_telegram(markup, _at, complaint):
    with pytest.raises(ApiError) as caught:
        parse_html(markup)

    assert caught.value.description == f"Bad Request: can't parse entities: {complaint}"


@pytest.mark.parametrize(
    ("link", "written"),
    [
        ("example.org", "http://example.org/"),
        ("HTTPS://Example.ORG/A", "https://example.org/A"),
        ("tg:resolve?domain=x", "tg://resolve?domain=x"),
        ("https://x.ru:0443?a b", "https://x.ru:443/?a%20b"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]/"),
    ],
)
def test_an_address_is_written_as_telegram_keeps_it(link, written):
    assert checked_link(link.encode()).decode() == written


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://localhost/x", "Wrong HTTP URL"),
        ("https://", "URL host is empty"),
        ("ftp://x.ru", "Unsupported URL protocol"),
        ("https://x.ru:99999", "Wrong port number specified in the URL"),
        ("http://[x", "Wrong URL host"),
        ("https://[адрес]", "Wrong IPv6 address specified in the URL"),
        ("https://x%zz.ru", "Wrong percent-encoded symbol in URL host"),
        ("tg://x@y", "Wrong tg URL"),
        ("tg://x.y", "Unallowed characters in URL host"),
        ("https://.", "Host is invalid"),
    ],
)
def test_an_address_that_telegram_refuses_has_its_reason(link, reason):
    with pytest.raises(BadLink, match=reason):
        checked_link(link.encode())


def test_outer_spaces_go_and_entities_move_with_the_text():
    text, entities = delivered(*parse_html("  \n<b> жирный </b>🎉 "))

    # Within a format the space at the beginning stays.
    assert text == " жирный 🎉"
    assert [(entity["offset"], entity["length"]) for entity in entities] == [(0, 8)]


@given(st.text(alphabet="<>/&;#'\"= abipre\x00я🎉x1", max_size=60))
def test_no_markup_breaks_the_parser(markup):
    try:
        text, entities = parse_html(markup)
    except ApiError:
        return  # any complaint will do; any other exception fails
    for entity in entities:
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= utf16_length(text)
