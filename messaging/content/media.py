"""A file that goes with a message: judged by its bytes, stored under a random name, shown under its own."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import Any, Final
from uuid import uuid4

import filetype
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image

from messaging.models import Broadcast, Draft

Kind = Broadcast.Kind

# What a bot may upload (core.telegram.org/bots/api#sending-files), in MB.
LARGEST_FILE, LARGEST_PHOTO = 50, 10
# What Telegram shows as a photo and plays as a video, by the bytes of the file.
PICTURES: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP"}
VIDEOS: Final = {"video/mp4": "MP4", "video/quicktime": "MOV", "video/x-m4v": "M4V"}
# core.telegram.org/bots/api#sendphoto
LARGEST_SIDES = 10_000  # pixels, width and height together
LARGEST_RATIO = 20
LONGEST_NAME = 120  # characters
HEAD = 8192  # bytes that tell what a file is
FOLDER = "broadcasts"
THUMBNAIL = (320, 320)  # pixels


def no_room_sentence() -> str:
    """What staff read then."""
    return _("There is no room for the file on the server. Nothing of it was kept; tell an administrator.")


@dataclass(frozen=True)
class StoredFile:
    """A stored file and the name that students see; without a path there is none."""

    path: str = ""
    name: str = ""

    @classmethod
    def of(cls, row: Broadcast | Draft) -> "StoredFile":
        path = str(row.media_upload.name or "")
        return cls(path, row.media_name or PurePath(path).name)

    @classmethod
    def known_as(cls, file_id: str) -> "StoredFile":
        """Our copy of a file that Telegram has already, if one is kept."""
        kept = Broadcast.objects.filter(media_file_id=file_id).exclude(media_upload="").newest_first().first()
        return cls.of(kept) if kept and file_id else cls()


class NoRoom(Exception):
    """The disk did not take the file, and nothing of it is left there."""


def file_problem(*, kind: str, file: "File[Any]") -> str:
    """Say why Telegram would not take a file as a message of this kind; '' when it would."""
    most = LARGEST_PHOTO if kind == Kind.PHOTO else LARGEST_FILE
    if kind == Kind.TEXT:
        return _("A text message cannot have a file. Choose photo, video or document first.")
    if not file.size:
        return _("The file is empty.")
    if file.size > most * 1024 * 1024:
        return _("The file is too large: at most %(size)d MB.") % {"size": most}
    if kind == Kind.PHOTO:
        return _type_problem(file, PICTURES) or _picture_problem(file)
    return _type_problem(file, VIDEOS) if kind == Kind.VIDEO else ""


def _type_problem(file: "File[Any]", allowed: dict[str, str]) -> str:
    found = _type_of(file)
    if found is not None and found.mime in allowed:
        return ""
    words = {
        "name": readable_name(file.name or ""),
        "allowed": ", ".join(allowed.values()),
        "found": found.extension.upper() if found else "",
    }
    if found is None:
        return _("“%(name)s” is not in the format %(allowed)s. To send it as it is, choose “Document”.") % words
    return (
        _("“%(name)s” is a %(found)s file inside; only %(allowed)s will do. To send it as it is, choose “Document”.")
        % words
    )


def _type_of(file: "File[Any]") -> Any:
    file.seek(0)
    head = file.read(HEAD)
    file.seek(0)
    return filetype.guess(head)


def _picture_problem(file: "File[Any]") -> str:
    damaged = _("The picture is damaged or cut off: it cannot be opened. Save it again and upload it anew.")
    try:
        with _opened(file) as picture:
            width, height = picture.size
            if width + height > LARGEST_SIDES:
                words = {"width": width, "height": height, "most": LARGEST_SIDES}
                return (
                    _("The picture is %(width)d×%(height)d; width and height together may be at most %(most)d pixels.")
                    % words
                )
            if max(width, height) > LARGEST_RATIO * min(width, height):
                words = {"width": width, "height": height, "most": LARGEST_RATIO}
                return (
                    _("The picture is %(width)d×%(height)d: one side may be at most %(most)d times the other.") % words
                )
            picture.load()  # a picture that breaks off opens, and is not complete
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return damaged
    finally:
        file.seek(0)
    return ""


def _opened(file: "File[Any]") -> Image.Image:
    with warnings.catch_warnings():
        # How many pixels there are is judged before any of them is read.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(file, formats=list(map(str.upper, PICTURES.values())))


def readable_name(name: str) -> str:
    """The name of a file for people: on one line, without a path, and not too long for Telegram."""
    name = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())
    name = name.replace("\\", "/").rsplit("/", 1)[-1] or "file"
    if len(name) <= LONGEST_NAME:
        return name
    ending = PurePath(name).suffix[:20]
    return f"{name[: LONGEST_NAME - len(ending) - 1]}…{ending}"


def store_file(file: "File[Any]") -> str:
    """Store a file under a random name, which says nothing about it, and return its path.

    Raises:
        NoRoom: the disk is full, or takes no files.
    """
    path = f"{FOLDER}/{uuid4().hex}"
    try:
        return str(default_storage.save(path, file))
    except OSError as error:
        default_storage.delete(path)
        raise NoRoom from error


def picture_type(path: str) -> str:
    """The media type of a stored file that browsers may show in place; '' for every other."""
    with default_storage.open(path, "rb") as file:
        found = _type_of(file)
    return found.mime if found and found.mime in PICTURES else ""


def thumbnail(path: str) -> bytes | None:
    """A small JPEG of a stored picture; None where it cannot be opened."""
    try:
        with default_storage.open(path, "rb") as file, _opened(file) as picture:
            if sum(picture.size) > LARGEST_SIDES:
                return None
            picture.draft("RGB", THUMBNAIL)
            picture.thumbnail(THUMBNAIL)
            small = BytesIO()
            picture.convert("RGB").save(small, "JPEG", quality=80)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return None
    return small.getvalue()
