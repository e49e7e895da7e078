"""What a message says, when it goes and how it stops; each test is named after the fault that it keeps away."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from messaging.audiences.criteria import ActiveInStream, Audience, Hackathon, InStream, individuals
from messaging.broadcasts.services.copying import clone_broadcast
from messaging.broadcasts.services.correcting import edit_for_everyone
from messaging.broadcasts.statistics import Numbers, pace_of
from messaging.broadcasts.versions import texts_received, versions_of
from messaging.compose.confirmation import summarise
from messaging.compose.sentence import message_sentence
from messaging.content.content import Content
from messaging.delivery.corrections import CorrectionQueue
from messaging.delivery.services import edit_broadcast
from messaging.models import (
    Broadcast,
    CorrectedMessage,
    FormerText,
    Recipient,
)
from tests.factories import (
    BookingFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.messaging.broadcasts import group, page, recipients, state_of
from tests.messaging.composing import write
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

State = Broadcast.State
HTMX = {"HX-Request": "true"}
LIST, DRAFTS = reverse("messaging:broadcast_list"), reverse("messaging:draft_list")


@pytest.fixture
def old_lesson() -> Broadcast:
    """A message that three people got an hour ago."""
    now = timezone.now()
    broadcast = group(message_text="Урок в 19:00", started_at=now - timedelta(hours=1), frozen_at=now)
    for number in range(3):
        RecipientFactory.create(
            message=broadcast,
            state="sent",
            sent_at=now - timedelta(hours=1),
            claimed_at=now - timedelta(hours=1),
            telegram_message_id=number + 1,
        )
    return broadcast


# C1: what a message says now ------------------------------------------------------------------------------------------


def changed(broadcast: Broadcast, text: str, *, fails_for: Recipient | None = None) -> None:
    """Change the text for everyone, as the engine does; one chat may refuse."""
    correction = edit_for_everyone(broadcast=broadcast, by=UserFactory.create(), at=timezone.now(), text=text)
    correction.messages.update(state=CorrectedMessage.State.DONE)
    if fails_for:
        correction.messages.filter(recipient=fails_for).update(state=CorrectedMessage.State.FAILED, error_text="no")
    CorrectionQueue(correction.pk).finish()
    broadcast.refresh_from_db()


def test_c1_after_a_change_for_everyone_every_page_has_the_current_text(
    staff_client: Client, staff: User, old_lesson: Broadcast
) -> None:
    changed(old_lesson, "Урок в 20:00")

    person = old_lesson.recipients.first().telegram_user  # type: ignore[union-attr]
    for shown in (LIST, page(old_lesson), page(old_lesson, "edit"), reverse("users:person_detail", args=[person.pk])):
        assertContains(staff_client.get(shown), "Урок в 20:00")
    assert clone_broadcast(broadcast=old_lesson, by=staff, at=timezone.now()).content["text"] == "Урок в 20:00"


def test_c1_versions_are_listed_with_who_has_which_and_who_could_not_be_changed_is_named(
    staff_client: Client, old_lesson: Broadcast
) -> None:
    stuck = old_lesson.recipients.first()
    assert stuck is not None
    changed(old_lesson, "Урок в 20:00", fails_for=stuck)

    now, before = versions_of(old_lesson)
    assert [(version.text, version.people) for version in (now, before)] == [("Урок в 20:00", 2), ("Урок в 19:00", 1)]
    assert texts_received(old_lesson.recipients.all()) == {stuck.pk: "Урок в 19:00"}

    shown = staff_client.get(page(old_lesson))
    assertContains(shown, "2 версии текста")
    assertContains(shown, "Не изменилось у:")
    assert shown.context["corrections"][0].not_changed == (stuck.telegram_user.display_name,)
    rows = staff_client.get(page(old_lesson), {"version": before.key}).context["recipients"]
    assert [row["recipient"] for row in rows] == [stuck]
    assertContains(staff_client.get(reverse("users:person_detail", args=[stuck.telegram_user_id])), "Урок в 19:00")


def test_c1_who_got_it_before_a_change_in_a_pause_keeps_the_old_text() -> None:
    now = timezone.now()
    broadcast = group(state=State.PAUSED, message_text="Первое", started_at=now, frozen_at=now)
    early = RecipientFactory.create(message=broadcast, state="sent", claimed_at=now - timedelta(minutes=5))

    edit_broadcast(broadcast=broadcast, by=UserFactory.create(), at=now, text="Второе")
    late = RecipientFactory.create(message=broadcast, state="sent", claimed_at=now + timedelta(minutes=5))

    broadcast.refresh_from_db()
    assert [(version.text, version.people) for version in versions_of(broadcast)] == [("Второе", 1), ("Первое", 1)]
    assert texts_received([early, late]) == {early.pk: "Первое"}


def test_c1_what_nobody_has_got_yet_has_no_versions() -> None:
    broadcast = group(state=State.SCHEDULED, message_text="Первое", starts_at=timezone.now() + timedelta(hours=1))

    edit_broadcast(broadcast=broadcast, by=UserFactory.create(), at=timezone.now(), text="Второе")

    assert not FormerText.objects.exists()


def test_c1_a_change_that_reached_nobody_gives_the_old_text_back(old_lesson: Broadcast) -> None:
    correction = edit_for_everyone(broadcast=old_lesson, by=UserFactory.create(), at=timezone.now(), text="Иначе")

    CorrectionQueue(correction.pk).pause("same_refusal")

    old_lesson.refresh_from_db()
    assert old_lesson.message_text == "Урок в 19:00"
    assert not FormerText.objects.exists()


def test_c1_two_changes_make_three_versions(old_lesson: Broadcast) -> None:
    first, second, _third = old_lesson.recipients.order_by("pk")
    changed(old_lesson, "Второе", fails_for=first)
    changed(old_lesson, "Третье", fails_for=second)

    assert [(version.text, version.people) for version in versions_of(old_lesson)] == [
        ("Третье", 2),
        ("Второе", 1),
        ("Урок в 19:00", 0),
    ]


# C2: a message that is planned ----------------------------------------------------------------------------------------


def test_c2_a_scheduled_message_shows_its_moment_the_time_left_and_who_is_expected(staff_client: Client) -> None:
    people = TelegramUserFactory.create_batch(3)
    moment = timezone.now() + timedelta(hours=2, minutes=1)
    audience = individuals(person.pk for person in people).as_json()
    broadcast = group(state=State.SCHEDULED, starts_at=moment, audience=audience, sent_at=None)

    shown = staff_client.get(page(broadcast))

    assertContains(shown, f'<time datetime="{timezone.localtime(moment).isoformat()}">')
    assertContains(shown, "через 2\xa0часа")
    assertContains(shown, f'hx-get="{page(broadcast, "expected")}" hx-trigger="load"')
    assertContains(shown, '<a class="button quiet" id="act-start"')
    expected = staff_client.get(page(broadcast, "expected"), headers=HTMX)
    assertContains(expected, "<strong>3</strong> получателя на этот момент")
    assertRedirects(staff_client.get(page(broadcast, "expected")), page(broadcast))


# C3: one sentence -----------------------------------------------------------------------------------------------------


def test_c3_the_last_page_says_in_one_sentence_who_gets_what_and_when() -> None:
    sixth = StreamFactory.create(code="6th_stream", name="6-й поток")
    seventh = StreamFactory.create(code="7th_stream", name="7-й поток", course=sixth.course)
    StreamFactory.create(code="5th_stream", name="5-й поток", course=sixth.course)
    for stream in (sixth, seventh):
        BookingFactory.create(course=stream.course, course_stream=stream.code, confirmed=2)
    audience = Audience(
        include=(InStream("6th_stream", sixth.course_id), InStream("7th_stream", sixth.course_id, (2, 1))),
        exclude=(Hackathon(), ActiveInStream("5th_stream")),
        quiet_hours=24,
    )
    content = Content(
        text="Привет",
        kind="photo",
        audience=audience.as_json(),
        buttons=[{"text": "Присоединиться", "target": "https://meet.example.com/abc?x=1", "row": "1"}],
    )

    sentence = message_sentence(content, summarise(content, at=timezone.now()), file_name="Команда.png")

    assert sentence == (
        "2 получателя — подтверждённые: 6-й поток; подтверждённые и в ожидании: 7-й поток; "
        "кроме: Хакатон, 5-й поток: активные бронирования; без тех, кому писали за последние 24 ч; "
        "сейчас, со звуком; фото «Команда.png»; кнопка «Присоединиться» → meet.example.com."
    )


def test_c3_the_last_page_shows_the_sentence_and_where_each_button_leads(staff_client: Client, stream: str) -> None:
    buttons = [("Сайт", "https://example.test/a", "1"), ("Записаться", "select_course_5", "2")]
    draft = write(staff_client, stream, buttons=buttons, silent="on")

    shown = staff_client.get(reverse("messaging:compose_confirm", args=[draft.pk]))

    sentence = shown.context["sentence"]
    assert sentence.startswith("3 получателя — подтверждённые: ")
    assert "без звука; кнопки «Сайт» → example.test, «Записаться» → Записаться на курс." in sentence
    assertContains(shown, sentence)
    assertContains(shown, "https://example.test/a")


def test_c3_the_history_keeps_statuses_and_exclusions(staff_client: Client) -> None:
    StreamFactory.create()
    audience = Audience(include=(InStream("8th_stream", None, (1,)),), exclude=(Hackathon(),))
    group(audience=audience.as_json())

    [row] = staff_client.get(LIST).context["rows"]

    assert row.audience == "в ожидании: 8-й поток; кроме: Хакатон"


# C4: asking to cancel pauses ------------------------------------------------------------------------------------------


def test_c4_asking_to_cancel_pauses_at_once_and_can_be_resumed_from_the_question(staff_client: Client) -> None:
    broadcast = group(state=State.SENDING, started_at=timezone.now())
    recipients(broadcast, sent=2, sending=1, pending=3)
    assertContains(staff_client.get(page(broadcast)), 'name="pause"')

    asked = staff_client.post(page(broadcast, "cancel"), {"pause": "1"}, follow=True)

    assert state_of(broadcast) == State.PAUSED
    assertContains(asked, "Отменить сообщение")
    assertContains(asked, f'action="{page(broadcast, "resume")}"')
    # What is under way still ends: the numbers ask for themselves.
    assertContains(asked, f'hx-get="{page(broadcast, "cancel")}" hx-trigger="every 2s, look"')
    Recipient.objects.filter(state="sending").update(state="sent")
    live = staff_client.get(page(broadcast, "cancel"), headers=HTMX)
    assertContains(live, "<dd>3</dd>", count=2)
    assertNotContains(live, "hx-get")
    assertNotContains(live, "<h1")

    staff_client.post(page(broadcast, "resume"))
    assert state_of(broadcast) == State.SENDING


# How it goes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("break_", ["paused_at", "halted_until"])
def test_the_pause_is_no_time_that_calls_took(break_: str) -> None:
    now = timezone.now()
    ended = {break_: now - timedelta(seconds=8)}
    broadcast = group(state=State.SENDING, started_at=now - timedelta(minutes=1), **ended)
    for seconds in (25, 24, 23, *[4] * 8):  # resumed four seconds ago
        RecipientFactory.create(message=broadcast, state="sent", claimed_at=now - timedelta(seconds=seconds))

    pace = pace_of(broadcast, Numbers(sent=11, pending=40), at=now)

    assert pace.rate == pytest.approx(2)  # 11 calls in 25 seconds, were the pause counted
    assert pace.remaining == pytest.approx(20)


def test_a_cancelled_message_says_how_many_were_written_to(staff_client: Client) -> None:
    broadcast = group(state=State.CANCELLED, started_at=timezone.now(), finished_at=timezone.now())
    recipients(broadcast, sent=2, failed=1, cancelled=9)

    response = staff_client.get(page(broadcast))

    assertContains(response, "3 из 12")
    assert response.context["row"].numbers.percent == 25


def test_the_page_of_a_paused_message_follows_who_resumes_it(staff_client: Client) -> None:
    broadcast = group(state=State.PAUSED, started_at=timezone.now(), paused_at=timezone.now())
    recipients(broadcast, sent=1, pending=3)

    opened = staff_client.get(page(broadcast))
    asked = f"{page(broadcast, 'progress')}?paused"
    still_paused = staff_client.get(asked, headers=HTMX)
    Broadcast.objects.update(state=State.SENDING)
    resumed = staff_client.get(asked, headers=HTMX)

    assertContains(opened, f'hx-get="{asked}"')
    assertContains(still_paused, 'hx-trigger="every 15s, look"')
    assert "HX-Trigger" not in still_paused  # the table of recipients stays as it is read
    assertContains(resumed, 'hx-trigger="every 2s, look"')
