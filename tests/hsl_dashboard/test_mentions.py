"""What people paste to name somebody, and what it means."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.mentions import read_mention, read_number, split_mentions


@pytest.mark.parametrize(
    "typed",
    [
        "@tema_77", "@tema_77,", "@tema_77.", "(@tema_77)", "«@tema_77»", " @tema_77 ", "\u200e@tema_77",
        "https://t.me/tema_77", "http://t.me/tema_77/", "t.me/tema_77", "T.ME/tema_77", "www.t.me/tema_77",
        "https://t.me/@tema_77", "https://t.me/tema_77?start=ref_1", "https://t.me/tema_77/12", "t.me/s/tema_77",
        "https://telegram.me/tema_77", "telegram.dog/tema_77", "https://t.me/tema_77).",
        "tg://resolve?domain=tema_77", "tg://resolve?start=1&domain=tema_77", "tg:resolve?domain=tema_77",
        "https://web.telegram.org/k/#@tema_77", "https://web.telegram.org/a/#@tema_77",
        "web.telegram.org/#/im?p=@tema_77", "https://tema_77.t.me", "tema_77.t.me/12",
    ],
)  # fmt: skip
def test_a_name_is_read_out_of_whatever_holds_it(typed):
    mention = read_mention(typed)

    assert (mention.username, mention.user_id) == ("tema_77", None)
    assert mention.searched == "@tema_77"


@pytest.mark.parametrize(
    "typed",
    [
        "900000000008", "900 000 000 008", "900\u00a0000\u00a0000\u202f008", "id900000000008", "ID 900000000008",
        "900000000008,", "tg://user?id=900000000008", "https://web.telegram.org/k/#900000000008",
    ],
)  # fmt: skip
def test_an_id_is_read_out_of_whatever_holds_it(typed):
    assert read_mention(typed).user_id == 900_000_000_008


@pytest.mark.parametrize(
    "typed",
    [
        "t.me/",
        "https://t.me",
        "t.me/+79001234567",
        "https://t.me/joinchat/?a",
        "tg://resolve",
        "t.me/12",
    ],
)
def test_a_link_that_leads_to_nobody_names_nobody(typed):
    mention = read_mention(typed)

    assert (mention.username, mention.user_id, mention.searched) == ("", None, "")


@pytest.mark.parametrize(
    "typed", ["Анна", "анна п.", "anna@example.test", "12 34", "#15", "99999999999999999999", "@", "½"]
)
def test_words_stay_words(typed):
    mention = read_mention(typed)

    assert (mention.words, mention.username, mention.user_id) == (typed, "", None)


def test_a_name_in_a_link_is_no_id():
    assert read_mention("https://t.me/id900000000008").username == "id900000000008"


def test_a_bare_name_may_be_a_username():
    assert read_mention("tema_77").possible_username == "tema_77"
    assert read_mention("Тёма").possible_username == ""


def test_letters_are_composed_as_the_database_holds_them():
    assert read_mention("Арте\u0308м").words == "Арт\u0451м"


def test_a_pasted_list_is_cut_at_everything_that_separates():
    pasted = "@anna, t.me/boris;900 000 000 008\n7 8\tid9 tg://resolve?domain=vera"

    assert list(split_mentions(pasted)) == [
        "@anna", "t.me/boris", "900 000 000 008", "7", "8", "id9", "tg://resolve?domain=vera",
    ]  # fmt: skip


@given(st.text() | st.from_regex(r"(https?://|tg:/{0,2})?[\w.]{0,9}[/?#\[\]@=&. ]{0,4}\w{0,9}"))
def test_nothing_that_is_typed_breaks_it(typed):
    mention = read_mention(typed)

    assert mention.user_id is None or 0 <= mention.user_id <= LARGEST_BIGINT
    assert "\0" not in mention.searched


@pytest.mark.parametrize(
    "typed", ["9 " * 50_000, "@" * 100_000, "t.me/" * 20_000, "«" * 100_000, "tg://?" + "a=&" * 30_000]
)
def test_long_texts_are_read_in_linear_time(typed):
    begun = time.perf_counter()

    read_mention(typed)
    list(split_mentions(typed))

    assert time.perf_counter() - begun < 2  # seconds; a square of the length takes minutes


@pytest.mark.parametrize(
    ("typed", "number"),
    [("15", 15), ("#15", 15), ("№\u00a015", 15), ("٣", None), ("x", None), ("", None), ("9" * 19, None)],
)
def test_a_number_of_a_row_is_read_as_the_pages_show_it(typed, number):
    assert read_number(typed, largest=LARGEST_BIGINT) == number
