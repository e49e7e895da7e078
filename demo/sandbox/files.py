"""Files that bots uploaded: what they are, the file_id that serves them again, their bytes for the page."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from demo.sandbox.errors import bad_request

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_KEPT_BYTES = 256 * 1024 * 1024
TITLE_OF_KIND = {"photo": "Photo", "video": "Video", "document": "Document"}
# Media types that a browser may show in place; everything else is offered as a download.
SHOWN_INLINE = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as one bot knows it."""

    kind: str
    file_id: str
    unique_id: str
    name: str
    media_type: str
    size: int
    width: int
    height: int

    @property
    def path(self) -> str:
        return f"{self.kind}s/{self.unique_id}"

    def as_json(self) -> Any:
        common = {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": self.size}
        if self.kind == "photo":
            return [{**common, "width": self.width, "height": self.height}]
        described = {**common, "file_name": self.name, "mime_type": self.media_type}
        if self.kind == "video":
            described |= {"width": self.width or 640, "height": self.height or 360, "duration": 0}
        return described


class Files:
    """All files of all bots; bytes are kept once however often they are uploaded."""

    def __init__(self) -> None:
        self.by_id: dict[str, StoredFile] = {}
        self.contents: OrderedDict[str, bytes] = OrderedDict()
        self.kept_bytes = 0

    def store(self, bot_id: int, kind: str, name: str, content: bytes) -> StoredFile:
        """Raises ApiError as Telegram does: empty, too big, not a picture."""
        if not content:
            raise bad_request("file must be non-empty")
        media_type, width, height = inspect(content)
        if kind == "photo":
            _check_photo(len(content), media_type, width, height)
        unique_id = hashlib.blake2b(content, digest_size=9).hexdigest()
        secret = hashlib.blake2b(f"{bot_id}:{kind}:{unique_id}".encode(), digest_size=30).digest()
        file_id = "BQACAgIAAxkD" + base64.urlsafe_b64encode(secret).decode()
        stored = StoredFile(kind, file_id, unique_id, name, media_type, len(content), width, height)
        self.by_id[file_id] = stored
        self._keep(unique_id, content)
        return stored

    def known(self, bot_id: int, kind: str, file_id: str) -> StoredFile:
        """The file behind a file_id, if this bot may send it as this kind."""
        stored = self.by_id.get(file_id)
        if stored is None:
            if file_id.startswith(("http://", "https://")):
                raise bad_request("failed to get HTTP URL content")  # the sandbox fetches nothing
            raise bad_request("wrong file identifier/HTTP URL specified")
        mine = hashlib.blake2b(f"{bot_id}:{stored.kind}:{stored.unique_id}".encode(), digest_size=30).digest()
        if not file_id.endswith(base64.urlsafe_b64encode(mine).decode()):
            raise bad_request("wrong file identifier/HTTP URL specified")
        if stored.kind != kind:
            wrong, right = TITLE_OF_KIND[stored.kind], TITLE_OF_KIND[kind]
            raise bad_request(f"can't use file of type {wrong} as {right}")
        return stored

    def _keep(self, unique_id: str, content: bytes) -> None:
        if unique_id in self.contents:
            self.contents.move_to_end(unique_id)
            return
        self.contents[unique_id] = content
        self.kept_bytes += len(content)
        while self.kept_bytes > MAX_KEPT_BYTES:
            _, oldest = self.contents.popitem(last=False)
            self.kept_bytes -= len(oldest)


def _check_photo(size: int, media_type: str, width: int, height: int) -> None:
    if size > MAX_PHOTO_BYTES:
        limit = f"the maximum size is {MAX_PHOTO_BYTES} bytes"
        raise bad_request(f"file of size {size} bytes is too big for a photo; {limit}")
    if not media_type.startswith("image/"):
        raise bad_request("IMAGE_PROCESS_FAILED")
    if not width or not height or width + height > 10000 or max(width, height) > 20 * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def inspect(content: bytes) -> tuple[str, int, int]:
    """Media type, width and height by the first bytes, never by the name; 0 × 0 where there is no picture."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        return "image/png", *struct.unpack(">II", content[16:24])
    if content[:6] in (b"GIF87a", b"GIF89a") and len(content) >= 10:
        return "image/gif", *struct.unpack("<HH", content[6:10])
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", *_jpeg_size(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp", *_webp_size(content)
    if content[4:8] == b"ftyp":
        return "video/mp4", 0, 0
    if content.startswith(b"%PDF-"):
        return "application/pdf", 0, 0
    return "application/octet-stream", 0, 0


def _jpeg_size(content: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4])
        # A start-of-frame segment carries the size; C4, C8 and CC are tables.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    return 0, 0


def _webp_size(content: bytes) -> tuple[int, int]:
    if content[12:16] == b"VP8X" and len(content) >= 30:
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if content[12:16] == b"VP8 " and len(content) >= 30:
        width, height = struct.unpack("<HH", content[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if content[12:16] == b"VP8L" and len(content) >= 25:
        bits = int.from_bytes(content[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return 0, 0
