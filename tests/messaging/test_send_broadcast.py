"""The command sends through the engine, or says who would get it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from messaging.models import Broadcast
from tests.factories import BookingFactory, StreamFactory
from users.models import TelegramUser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]


def send(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("send_broadcast", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def students() -> list[int]:
    BookingFactory.create(course_stream="5th_stream", confirmed=1)
    return [BookingFactory.create(course_stream="5th_stream", confirmed=2).telegram_user_id for _ in range(3)]


def test_it_starts_a_broadcast_and_prints_its_id(students):
    out, err = send("--stream", "5th_stream", "--text", "Привет")

    broadcast = Broadcast.objects.get()
    assert out.strip() == str(broadcast.pk)
    assert "3 people will get it" in err
    assert broadcast.state == Broadcast.State.SENDING
    assert set(broadcast.recipients.values_list("telegram_user_id", flat=True)) == set(students)


def test_statuses_and_people_can_be_named(students):
    send("--stream", "5th_stream", "--status", "1", "--person", str(students[0]), "--text", "Привет")

    assert Broadcast.objects.get().recipients.count() == 2


def test_a_dry_run_writes_nothing(students):
    _out, err = send("--stream", "5th_stream", "--person", "404", "--text", "Привет", "--dry-run")

    assert "3 people will get it" in err
    assert "Unknown ids: 404" in err
    assert not Broadcast.objects.exists()


def test_a_dry_run_names_whom_a_placeholder_skips_and_refuses_what_telegram_would(students):
    TelegramUser.objects.filter(pk=students[1]).update(username=None)

    _out, err = send("--stream", "5th_stream", "--text", "Привет, @{username}", "--dry-run")

    assert f"No value for {{username}}; skipping 1 people: {students[1]}\n" in err
    with pytest.raises(CommandError, match="<b>"):
        send("--stream", "5th_stream", "--text", "<b>Привет", "--dry-run")


def test_a_stream_that_does_not_exist_is_named_with_those_that_do(students):
    StreamFactory.create(code="9th_stream")

    with pytest.raises(CommandError, match=r"No stream is called 5st_stream\. There are: .*9th_stream"):
        send("--stream", "5st_stream", "--text", "Привет")

    # The 5th stream is only in bookings.
    assert "3 people will get it" in send("--stream", "5th_stream", "--text", "Привет", "--dry-run")[1]


def test_sound_preview_and_file_are_options(students):
    options = ("--kind", "photo", "--file-id", "AgAC", "--silent", "--no-preview")
    send("--stream", "5th_stream", "--text", "Привет", *options)

    broadcast = Broadcast.objects.get()
    assert (broadcast.kind, broadcast.media_file_id) == ("photo", "AgAC")
    assert (broadcast.silent, broadcast.link_preview) == (True, False)


def test_ctrl_c_ends_the_waiting_and_not_the_message(students, monkeypatch):
    def ctrl_c(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("messaging.management.commands.send_broadcast.time.sleep", ctrl_c)

    with pytest.raises(CommandError, match="goes on by itself"):
        send("--stream", "5th_stream", "--text", "Привет", "--wait")
    assert Broadcast.objects.get().state == Broadcast.State.SENDING


def test_it_can_be_scheduled(students):
    send("--stream", "5th_stream", "--text", "Привет", "--at", "2051-07-12T12:00")

    broadcast = Broadcast.objects.get()
    assert (broadcast.state, broadcast.starts_at.isoformat()) == ("scheduled", "2051-07-12T09:00:00+00:00")


def test_waiting_shows_the_progress_to_the_end(students, monkeypatch):
    def finish(pk: int) -> None:
        Broadcast.objects.get().recipients.update(state="sent")
        Broadcast.objects.update(state="finished")

    monkeypatch.setattr("messaging.management.commands.send_broadcast.time.sleep", finish)

    out, err = send("--stream", "5th_stream", "--text", "Привет", "--wait")

    assert "0/3" in err and "3/3" in err
    assert "sent 3" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--text", "Привет"],
        ["--stream", "nowhere", "--text", "Привет"],
        ["--stream", "5th_stream", "--text", "<b>Привет"],
        ["--stream", "5th_stream", "--text", "Привет", "--at", "yesterday"],
        ["--stream", "5th_stream", "--text", "Привет", "--at", "2020-01-01T12:00"],
        ["--stream", "5th_stream", "--text", "Привет", "--kind", "photo"],
    ],
)
def test_what_cannot_be_sent_is_refused_with_a_sentence(students, arguments):
    with pytest.raises(CommandError):
        send(*arguments)

    assert not Broadcast.objects.exists()
