"""Sending, editing, deleting and files, as python-telegram-bot sees them."""

from __future__ import annotations

import struct
import zlib

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, error
from telegram.constants import ParseMode


def png(width: int = 4, height: int = 3, padding: int = 0) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x30\x80\xc0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
    return picture + chunk(b"IEND", b"") + b"\0" * padding


def send_html(call_bot, markup: str):
    return call_bot(lambda bot: bot.send_message(5, markup, parse_mode=ParseMode.HTML))


def test_html_becomes_text_with_entities(call_bot):
    message = send_html(
        call_bot,
        'Привет, <b>Аня</b> 🎉 <a href="https://example.org/?a=1&amp;b=2">сюда</a> <tg-spoiler>тайна</tg-spoiler>',
    )

    assert message.text == "Привет, Аня 🎉 сюда тайна"
    assert {kind.type: words for kind, words in message.parse_entities().items()} == {
        "bold": "Аня",
        "text_link": "сюда",
        "spoiler": "тайна",
    }
    assert message.entities[1].url == "https://example.org/?a=1&b=2"


def test_buttons_come_back_in_their_rows(call_bot):
    yes, later = (
        InlineKeyboardButton("Да", url="https://example.org/"),
        InlineKeyboardButton("Потом", callback_data="x"),
    )
    rows = InlineKeyboardMarkup([[yes, later], [InlineKeyboardButton("Не писать", callback_data="stop")]])

    message = call_bot(lambda bot: bot.send_message(5, "Идёшь?", reply_markup=rows))

    assert message.reply_markup == rows


def test_preview_off_and_silent_are_taken(call_bot):
    off = LinkPreviewOptions(is_disabled=True)

    message = call_bot(
        lambda bot: bot.send_message(5, "https://example.org", link_preview_options=off, disable_notification=True)
    )

    assert message.text == "https://example.org"


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "Message text is empty"),
        (" \n ", "Text must be non-empty"),
        ("я" * 4097, "Message is too long"),
        ("<b>" + "я" * 4097 + "</b>", "Message is too long"),
        ("я" * 20_000, "Text is too long"),
    ],
)
def test_a_text_out_of_bounds_is_refused(call_bot, text, fact):
    with pytest.raises(error.BadRequest, match=fact):
        send_html(call_bot, text)


def test_text_is_counted_after_parsing_and_in_code_points(call_bot):
    assert len(send_html(call_bot, "<b>" + "🎉" * 4096 + "</b>").text) == 4096


def test_entities_past_the_hundredth_are_dropped(call_bot):
    assert len(send_html(call_bot, "<b>a</b> " * 120).entities) == 100


def test_another_parse_mode_is_refused(call_bot):
    with pytest.raises(error.BadRequest, match="Unsupported parse_mode"):
        call_bot(lambda bot: bot.send_message(5, "x", parse_mode="INVALID"))


def button(**kind: str) -> list[list[InlineKeyboardButton]]:
    return [[InlineKeyboardButton("Кнопка", **kind)]]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "fact"),
    [
        (button(callback_data="я" * 33), "Button_data_invalid"),
        (button(callback_data=""), "Text buttons are unallowed in the inline keyboard"),
        (button(url="not-a-url"), "button URL 'not-a-url' is invalid: Wrong HTTP URL"),
        (button(url="ftp://example.com"), "is invalid: Unsupported URL protocol"),
        ([button(callback_data="x")[0] * 9], "Reply markup is too long"),
        (button(callback_data="x") * 101, "Reply markup is too long"),
    ],
)
def test_a_button_out_of_bounds_is_refused(call_bot, rows, fact):
    with pytest.raises(error.BadRequest, match=f"(?i){fact}"):
        call_bot(lambda bot: bot.send_message(5, "Привет", reply_markup=InlineKeyboardMarkup(rows)))


@pytest.mark.parametrize("chat_id", [0, "@nobody_at_all", "abc", 2**60])
def test_an_id_that_nobody_has_is_a_chat_not_found(call_bot, chat_id):
    with pytest.raises(error.BadRequest, match="Chat not found"):
        call_bot(lambda bot: bot.send_message(chat_id, "Привет"))


def test_a_photo_goes_up_once_and_its_file_id_serves_the_rest(sandbox, call_bot):
    first = call_bot(lambda bot: bot.send_photo(5, png(), caption="<i>Подпись</i>", parse_mode=ParseMode.HTML))
    again = call_bot(lambda bot: bot.send_photo(6, first.photo[-1].file_id))

    assert (first.photo[-1].width, first.photo[-1].height) == (4, 3)
    assert (first.caption, first.caption_entities[0].type) == ("Подпись", "italic")
    assert again.photo[-1].file_unique_id == first.photo[-1].file_unique_id
    assert {entry.file for entry in sandbox.ledger()} == {first.photo[-1].file_unique_id}


def test_videos_and_documents_come_back_by_get_file(call_bot):
    video = call_bot(lambda bot: bot.send_video(5, b"\0\0\0\x18ftypmp42" + b"\0" * 40, filename="урок.mp4"))
    document = call_bot(lambda bot: bot.send_document(5, b"%PDF-1.7 hello", filename="программа.pdf"))

    async def download(bot: Bot) -> bytes:
        file = await bot.get_file(document.document.file_id)
        return bytes(await file.download_as_bytearray())

    assert video.video.mime_type == "video/mp4"
    assert document.document.file_name == "программа.pdf"
    assert call_bot(download) == b"%PDF-1.7 hello"


def test_a_file_id_of_another_bot_or_kind_is_refused(call_bot, call_bot_as):
    photo = call_bot(lambda bot: bot.send_photo(5, png())).photo[-1].file_id

    with pytest.raises(error.BadRequest, match="Wrong file identifier"):
        call_bot(lambda bot: bot.send_photo(5, "AgACAgIAAxkB-nothing"))
    with pytest.raises(error.BadRequest, match=r"(?i)file of type Photo as Document"):
        call_bot(lambda bot: bot.send_document(5, photo))
    with pytest.raises(error.BadRequest, match="Wrong file identifier"):
        call_bot_as(f"424242:{'z' * 35}")(lambda bot: bot.send_photo(5, photo))


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"plain words", "Image_process_failed"),
        (png(padding=10 * 1024 * 1024), "too big for a photo"),
        (png(width=2101, height=100), "Photo_invalid_dimensions"),
    ],
    ids=["not a picture", "over 10 MB", "a ribbon"],
)
def test_a_photo_out_of_bounds_is_refused(call_bot, content, fact):
    with pytest.raises(error.BadRequest, match=f"(?i){fact}"):
        call_bot(lambda bot: bot.send_photo(5, content))


def test_a_file_over_fifty_megabytes_is_refused(call_bot):
    with pytest.raises(error.NetworkError, match="Request Entity Too Large"):
        call_bot(lambda bot: bot.send_document(5, b"x" * (50 * 1024 * 1024 + 1)))


def test_a_caption_may_have_1024_characters(call_bot):
    assert len(call_bot(lambda bot: bot.send_photo(5, png(), caption="я" * 1024)).caption) == 1024
    with pytest.raises(error.BadRequest, match="Message caption is too long"):
        call_bot(lambda bot: bot.send_photo(5, png(), caption="я" * 1025))


def test_an_edit_changes_the_message_and_an_empty_edit_is_refused(call_bot):
    sent = call_bot(lambda bot: bot.send_message(5, "было"))

    edited = call_bot(lambda bot: bot.edit_message_text("стало", 5, sent.message_id))

    assert (edited.text, edited.message_id) == ("стало", sent.message_id)
    assert edited.edit_date is not None
    with pytest.raises(error.BadRequest, match="Message is not modified"):
        call_bot(lambda bot: bot.edit_message_text("стало", 5, sent.message_id))
    with pytest.raises(error.BadRequest, match="Message to edit not found"):
        call_bot(lambda bot: bot.edit_message_text("стало", 5, 999_999))
    with pytest.raises(error.BadRequest, match="no caption in the message"):
        call_bot(lambda bot: bot.edit_message_caption(5, sent.message_id, caption="x"))


def test_captions_and_buttons_can_be_edited(call_bot):
    sent = call_bot(lambda bot: bot.send_photo(5, png(), caption="было"))
    rows = InlineKeyboardMarkup(button(callback_data="x"))

    captioned = call_bot(lambda bot: bot.edit_message_caption(5, sent.message_id, caption="стало"))
    with_button = call_bot(lambda bot: bot.edit_message_reply_markup(5, sent.message_id, reply_markup=rows))

    assert captioned.caption == "стало"
    assert with_button.reply_markup == rows
    with pytest.raises(error.BadRequest, match="no text in the message"):
        call_bot(lambda bot: bot.edit_message_text("x", 5, sent.message_id))


def test_a_deleted_message_is_gone_and_an_old_one_stays(sandbox, call_bot):
    first, second, third, old = (call_bot(lambda bot: bot.send_message(5, "x")).message_id for _ in range(4))

    assert call_bot(lambda bot: bot.delete_message(5, first)) is True
    assert call_bot(lambda bot: bot.delete_messages(5, [second, third, 999_999])) is True
    for gone in (first, second, third):
        with pytest.raises(error.BadRequest, match="Message to delete not found"):
            call_bot(lambda bot, gone=gone: bot.delete_message(5, gone))

    sandbox.configure(advance_clock_seconds=48 * 3600 + 1)
    with pytest.raises(error.BadRequest, match="Message can't be deleted"):
        call_bot(lambda bot: bot.delete_message(5, old))


def test_get_chat_knows_the_person(sandbox, call_bot):
    sandbox.add_people([{"id": 5, "first_name": "Аня", "last_name": "Лис", "username": "anya"}])

    chat = call_bot(lambda bot: bot.get_chat(5))

    assert (chat.first_name, chat.last_name, chat.username) == ("Аня", "Лис", "anya")
