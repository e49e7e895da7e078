"""Files of messages: judged by their bytes, stored under random names, sent under their own, shown to staff."""

import errno
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.request import urlopen

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pytest_django.asserts import assertContains

from messaging.content.media import LONGEST_NAME, readable_name
from messaging.delivery.queues import SendQueue
from messaging.delivery.runner import run_queue
from messaging.delivery.services import edit_broadcast
from messaging.models import Broadcast, Draft
from tests.factories import BroadcastFactory, TelegramUserFactory, UserFactory
from tests.messaging.broadcasts import group, page
from tests.messaging.composing import MAY_SEND, address, confirm, form, write

pytestmark = pytest.mark.usefixtures("woken", "media_root")

MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 64
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + b"\x00" * 64
RUSSIAN = "Лекция № 5 — «словари».pdf"


@pytest.fixture
def media_root(db: None, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture(width: int = 60, height: int = 40, kind: str = "PNG") -> bytes:
    data = BytesIO()
    # Noise is long enough to be cut; a large picture of one colour is small.
    is_large = width * height > 1_000_000
    (Image.new("RGB", (width, height)) if is_large else Image.effect_noise((width, height), 60).convert("RGB")).save(
        data, kind
    )
    return data.getvalue()


def stored(row: Draft | Broadcast) -> bytes:
    with row.media_upload.open("rb") as file:
        content: bytes = file.read()
    return content


def upload(client: Client, stream: str, *, kind: str, name: str, content: bytes) -> Any:
    file = SimpleUploadedFile(name, content)
    return client.post(address("draft_upload"), form(stream, kind=kind, media_upload=file))


# What Telegram would refuse -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "file", "why"),
    [
        ("photo", ("a.jpg", b"<html><script>alert(1)</script></html>"), "не в формате JPEG, PNG, WebP"),
        ("photo", ("a.jpg", "Просто текст".encode()), "не в формате JPEG, PNG, WebP"),
        ("photo", ("IMG_1.jpg", HEIC), "внутри — файл HEIC"),
        ("photo", ("long.png", lambda: picture(100, 5000)), "100×5000"),
        ("photo", ("large.png", lambda: picture(6000, 5000)), "6000×5000"),
        ("photo", ("cut.png", lambda: picture(300, 300)[:-2000]), "повреждена"),
        ("photo", ("cut.jpg", lambda: picture(300, 300, "JPEG")[:3000]), "повреждена"),
        ("photo", ("team.gif", lambda: picture(kind="GIF")), "внутри — файл GIF"),
        ("video", ("lesson.mp4", lambda: picture(kind="JPEG")), "внутри — файл JPG"),
        ("document", ("empty.pdf", b""), "Файл пустой."),
        ("photo", ("big.png", lambda: picture() + b"\0" * (10 * 1024 * 1024)), "не больше 10\u00a0МБ"),
    ],
    ids=range(11),
)
def test_b3_a_file_is_judged_by_its_bytes_and_the_reason_stands_beside_it(
    staff_client: Client, stream: str, kind: str, file: tuple[str, Any], why: str
) -> None:
    name, content = file
    bytes_sent = content() if callable(content) else content

    response = upload(staff_client, stream, kind=kind, name=name, content=bytes_sent)

    assert response.status_code == 422
    [fault] = response.context["faults"].media
    assert why in fault
    assert not Draft.objects.get().media_upload


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("photo", lambda: picture(kind="PNG")),
        ("photo", lambda: picture(kind="JPEG")),
        ("photo", lambda: picture(kind="WEBP")),
        ("photo", lambda: picture(4000, 200)),
        ("video", lambda: MP4),
        ("document", lambda: b"<html>"),
        ("document", lambda: picture(100, 5000)),
    ],
)
def test_b3_what_telegram_takes_is_taken_whatever_its_name_says(
    staff_client: Client, stream: str, kind: str, content: Callable[[], bytes]
) -> None:
    bytes_sent = content()

    response = upload(staff_client, stream, kind=kind, name="file.bin", content=bytes_sent)

    assert response.status_code == 303
    assert stored(Draft.objects.get()) == bytes_sent


# Names ----------------------------------------------------------------------------------------------------------------


def test_b2_the_same_name_twice_stays_as_it_is_and_the_stored_names_are_random(
    staff_client: Client, stream: str
) -> None:
    for _again in range(2):
        upload(staff_client, stream, kind="document", name=RUSSIAN, content=b"%PDF-1.4")

    first, second = Draft.objects.order_by("pk")
    assert (first.media_name, second.media_name) == (RUSSIAN, RUSSIAN)
    assert first.media_upload.name != second.media_upload.name
    assert re.fullmatch(r"broadcasts/[0-9a-f]{32}", str(first.media_upload.name))
    assertContains(staff_client.get(address("", first)), RUSSIAN)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (RUSSIAN, RUSSIAN),
        ("C:\\Мои файлы\\план.pdf", "план.pdf"),
        ("a\r\nb\x00c.pdf", "a b c.pdf"),
        ("", "file"),
    ],
)
def test_b2_a_name_stands_on_one_line_without_a_path(name: str, shown: str) -> None:
    assert readable_name(name) == shown


def test_b2_a_too_long_name_is_shortened_and_keeps_its_ending(staff_client: Client, stream: str) -> None:
    response = upload(staff_client, stream, kind="document", name="я" * 400 + ".pdf", content=b"%PDF-1.4")

    name = Draft.objects.get().media_name
    assert response.status_code == 303
    assert len(name) == LONGEST_NAME and name.endswith("….pdf")


@pytest.mark.django_db(transaction=True)
def test_b1_the_name_arrives_as_it_was_typed(staff_client: Client, engine: Any) -> None:
    person = TelegramUserFactory.create()
    name = 'Программа "осень" №1 — курс.pdf'
    file = SimpleUploadedFile(name, b"%PDF-1.4 plan")
    draft = write(staff_client, "", person=[person.pk], kind="document", media_upload=file)
    confirm(staff_client, draft, recipients=1)

    Broadcast.objects.update(started_at=timezone.now())  # the seconds in which it can be taken back have passed
    run_queue(SendQueue(Broadcast.objects.get().pk), seconds=5)

    with urlopen(f"{engine.url}/chat/{person.pk}") as answer:
        chat = answer.read().decode()
    assert "Программа &quot;осень&quot; №1 — курс.pdf" in chat
    assert "%D0" not in chat


# What staff see -------------------------------------------------------------------------------------------------------


def test_b4_the_picture_stands_in_the_bubble_and_among_the_earlier_files(staff_client: Client, stream: str) -> None:
    file = SimpleUploadedFile("Команда.png", picture())
    draft = write(staff_client, stream, kind="photo", media_upload=file)
    own = reverse("messaging:draft_file", args=[draft.pk])
    for shown in (address("", draft), reverse("messaging:compose_confirm", args=[draft.pk])):
        assertContains(
            staff_client.get(shown), f'<img class="picture" src="{own}?v={draft.version}" alt="Команда.png">'
        )

    confirm(staff_client, draft, recipients=3)
    broadcast = Broadcast.objects.get()
    Broadcast.objects.update(media_file_id="AgAC1")

    kept = reverse("messaging:broadcast_file", args=[broadcast.pk])
    assertContains(staff_client.get(page(broadcast)), f'src="{kept}"')
    composer = staff_client.get(address())
    assertContains(composer, f'src="{kept}?small"')
    assertContains(composer, "Команда.png")
    again = write(staff_client, stream, "", media_earlier="photo|AgAC1")
    assertContains(staff_client.get(address("", again)), f'<img class="picture" src="{kept}" alt="Команда.png">')
    assert staff_client.get(f"{kept}?small")["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize("state", ["paused", "scheduled"])
def test_b4_a_message_that_waits_changes_its_file(staff_client: Client, db: None, state: str) -> None:
    broadcast = group(state=state, kind="document", media_file_id="BQAC1", media_name="старый.pdf", message_text="План")
    edit = page(broadcast, "edit")
    assertContains(staff_client.get(edit), 'enctype="multipart/form-data"')

    response = staff_client.post(edit, {"text": "План", "media_upload": SimpleUploadedFile(RUSSIAN, b"%PDF-1.4 new")})

    assert response.status_code == 302
    broadcast.refresh_from_db()
    assert (broadcast.media_name, broadcast.media_file_id) == (RUSSIAN, "")
    assert broadcast.needs_upload and stored(broadcast) == b"%PDF-1.4 new"


def test_b4_a_file_that_telegram_would_refuse_changes_nothing(staff_client: Client, db: None) -> None:
    broadcast = group(state="paused", kind="photo", media_file_id="AgAC1", message_text="План")

    response = staff_client.post(
        page(broadcast, "edit"), {"text": "План", "media_upload": SimpleUploadedFile("a.jpg", b"<html>")}
    )

    assertContains(response, "не в формате JPEG, PNG, WebP", status_code=422)
    broadcast.refresh_from_db()
    assert broadcast.media_file_id == "AgAC1"


def test_an_edit_without_a_file_keeps_the_file(db: None) -> None:
    broadcast = group(state="paused", kind="photo", media_file_id="AgAC1", media_name="a.jpg")

    edit_broadcast(broadcast=broadcast, by=UserFactory.create(), at=timezone.now(), text="Иначе")

    broadcast.refresh_from_db()
    assert (broadcast.media_file_id, broadcast.media_name) == ("AgAC1", "a.jpg")


def test_files_are_served_to_who_may_read_them_and_never_as_a_page(staff_client: Client, stream: str) -> None:
    page_inside = b"<html><script>alert(1)</script></html>"
    upload(staff_client, stream, kind="document", name="Страница.html", content=page_inside)
    draft = Draft.objects.get()

    response = staff_client.get(reverse("messaging:draft_file", args=[draft.pk]))

    assert b"".join(response) == page_inside
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''%D0%A1")


@pytest.mark.parametrize(
    ("permissions", "kind", "status"),
    [
        (["messaging.view_broadcast"], "group", 200),
        (["messaging.view_broadcast"], "individual", 403),
        ([*MAY_SEND, "messaging.view_broadcast"], "individual", 200),
        (MAY_SEND, "group", 403),
    ],
)
def test_the_file_of_a_letter_is_for_who_may_read_letters(
    client: Client, tmp_path: Any, permissions: list[str], kind: str, status: int
) -> None:
    (tmp_path / "a").write_bytes(picture())
    broadcast = BroadcastFactory.create(recipient_type=kind, kind="photo", media_upload="a", media_name="a.png")
    client.force_login(UserFactory.create(permissions=permissions))

    response = client.get(page(broadcast, "file"))

    assert response.status_code == status
    response.close()


@pytest.mark.parametrize("path", ["", "gone"])
def test_a_file_that_is_not_there_is_not_found(staff_client: Client, db: None, path: str) -> None:
    broadcast = group(kind="photo", media_upload=path)

    assert staff_client.get(page(broadcast, "file")).status_code == 404
    assert staff_client.get(page(broadcast, "file") + "?small").status_code == 404


# A full disk ----------------------------------------------------------------------------------------------------------


def test_g10_a_full_disk_gives_a_sentence_and_leaves_nothing(
    staff_client: Client, stream: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    def half(self: FileSystemStorage, name: str, content: Any) -> str:
        (tmp_path / "broadcasts").mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "_save", half)

    response = upload(staff_client, stream, kind="document", name="plan.pdf", content=b"%PDF-1.4")

    assertContains(response, "На сервере нет места для файла", status_code=507)
    assert not Draft.objects.get().media_upload
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_g10_no_room_for_what_is_being_received_gives_the_same_sentence(
    staff_client: Client, stream: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10

    def write_nothing(self: TemporaryUploadedFile, *_args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("django.core.files.uploadedfile.TemporaryUploadedFile.write", write_nothing, raising=False)

    response = upload(staff_client, stream, kind="document", name="plan.pdf", content=b"%PDF-1.4" * 10)

    assertContains(response, "На сервере нет места для файла", status_code=507)
    assert Draft.objects.get().content["text"]


def test_g10_what_is_too_large_is_refused_by_its_length_before_it_is_read(staff_client: Client) -> None:
    response = staff_client.generic(
        "POST", address("draft_upload"), b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH="60000000"
    )

    assertContains(response, "Файл слишком большой", status_code=413)
