"""What staff do with a message on its page."""

import uuid
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from messaging.audiences.criteria import Audience, individuals
from messaging.compose.services.drafting import send_draft
from messaging.content.content import Content
from messaging.models import Broadcast, Correction, Draft, Recipient
from tests.factories import PASSWORD, RecipientFactory, TelegramUserFactory, UserFactory
from tests.messaging.broadcasts import group, page, recipients, state_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kept_counts", "woken")]

State, Outcome = Broadcast.State, Recipient.State


def test_pause_and_resume_are_recorded_with_who_did_it(staff_client, staff):
    broadcast = group(state=State.SENDING)
    recipients(broadcast, pending=2)

    staff_client.post(page(broadcast, "pause"))
    assert state_of(broadcast) == State.PAUSED
    staff_client.post(page(broadcast, "resume"))
    assert state_of(broadcast) == State.SENDING

    story = staff_client.get(page(broadcast)).context["story"]
    assert [(entry.what, entry.actor) for entry in story[:2]] == [
        ("Продолжено", "anna"),
        ("Поставлено на паузу", "anna"),
    ]


def test_who_is_too_late_is_told_what_the_message_is_now(staff_client):
    broadcast = group(state=State.FINISHED)

    response = staff_client.post(page(broadcast, "pause"), follow=True)

    assertContains(response, "сейчас оно «Завершено»")


def test_cancelling_asks_first_and_keeps_the_reason(staff_client):
    broadcast = group(state=State.SENDING, started_at=timezone.now())
    [row] = recipients(broadcast, pending=1)

    assertContains(staff_client.get(page(broadcast, "cancel")), "Отменить это сообщение?")
    assert state_of(broadcast) == State.SENDING
    staff_client.post(page(broadcast, "cancel"), {"reason": "Не тот поток"})

    assert (state_of(broadcast), state_of(row)) == (State.CANCELLED, Outcome.CANCELLED)
    assertContains(staff_client.get(page(broadcast)), "Не тот поток")


def test_sending_to_more_than_a_hundred_needs_the_number_typed(staff_client, woken):
    people = [TelegramUserFactory.create().pk for _ in range(101)]
    broadcast = group(state=State.SCHEDULED, starts_at=timezone.now(), audience=individuals(people).as_json())

    refused = staff_client.post(page(broadcast, "start"), {"number": "100"})
    assert (refused.status_code, state_of(broadcast)) == (422, State.SCHEDULED)
    asked = staff_client.post(page(broadcast, "start"), {"number": "101"})
    assert asked["Location"].startswith("/accounts/reauthenticate/") and state_of(broadcast) == State.SCHEDULED
    staff_client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": page(broadcast, "start")})

    assert state_of(broadcast) == State.SENDING
    assert broadcast.recipients.pending().count() == 101


IN_AN_HOUR = {"state": State.SCHEDULED, "starts_at": timezone.now() + timedelta(hours=1)}


@pytest.mark.parametrize(
    ("act", "data", "broadcast", "rows"),
    [
        ("schedule", {"starts_at": "2199-01-01T12:00"}, IN_AN_HOUR, {}),
        ("edit", {"text": "Переведите сюда"}, IN_AN_HOUR, {}),
        ("edit", {"text": "Переведите сюда"}, {"state": State.PAUSED}, {"pending": 2}),
        ("edit", {"text": "Переведите сюда"}, {"state": State.FINISHED}, {"sent": 2}),
        ("delete", {}, {"state": State.FINISHED}, {"sent": 2}),
        ("retry", {"reasons": "bad_request"}, {"state": State.FINISHED}, {"failed": 2}),
        ("decide", {"verdict": "again", "all": "1"}, {"state": State.FINISHED}, {"uncertain": 2}),
    ],
)
def test_g7_whatever_reaches_many_asks_for_the_password_again(staff_client, settings, act, data, broadcast, rows):  # noqa: PLR0917
    settings.CONFIRM_OVER = 1
    people = [TelegramUserFactory.create().pk for _ in range(2)]
    message = group(**broadcast, audience=individuals(people).as_json(), message_text="Начинаем в семь")
    recipients(message, **rows)
    Recipient.objects.filter(state="failed").update(reason="bad_request")
    Recipient.objects.filter(state="sent").update(sent_at=timezone.now(), telegram_message_id=5)
    before = [Broadcast.objects.values().get(pk=message.pk), *message.recipients.order_by("pk").values()]

    asked = staff_client.post(page(message, act), data)

    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert [Broadcast.objects.values().get(pk=message.pk), *message.recipients.order_by("pk").values()] == before
    assert not Correction.objects.exists()


def test_a_file_is_chosen_again_after_the_password(staff_client, settings):
    settings.CONFIRM_OVER = 0
    person = TelegramUserFactory.create().pk
    message = group(**IN_AN_HOUR, kind="document", audience=individuals([person]).as_json(), message_text="Раз")
    chosen = SimpleUploadedFile("plan.txt", b"plan")

    asked = staff_client.post(page(message, "edit"), {"text": "Два", "media_upload": chosen})

    assert f"next={quote(page(message, 'edit'), safe='')}" in asked["Location"]
    assert staff_client.session.get("account_reauthentication_state") is None  # or the text would change without it


def test_a_scheduled_message_moves_to_another_time_but_not_into_the_past(staff_client):
    broadcast = group(state=State.SCHEDULED, starts_at=timezone.now() + timedelta(hours=1))
    later = timezone.localtime() + timedelta(days=1)

    refused = staff_client.post(page(broadcast, "schedule"), {"starts_at": "2020-01-01T10:00"})
    staff_client.post(page(broadcast, "schedule"), {"starts_at": later.strftime("%Y-%m-%dT%H:%M")})

    assert refused.status_code == 422
    broadcast.refresh_from_db()
    assert broadcast.starts_at
    assert abs(broadcast.starts_at - later) < timedelta(minutes=1)


@pytest.mark.parametrize(("clock", "warned"), [("02:30", True), ("12:30", False)])
def test_who_would_wake_students_is_warned(staff_client, clock, warned):
    broadcast = group(state=State.SCHEDULED, starts_at=timezone.now() + timedelta(hours=1))

    response = staff_client.post(page(broadcast, "schedule"), {"starts_at": f"2199-01-01T{clock}"}, follow=True)

    assert ("тихие часы" in response.content.decode()) == warned


@pytest.mark.parametrize(("state", "words"), [("scheduled", "ещё никто не получил"), ("paused", "останется прежний")])
def test_the_form_of_the_text_says_who_has_it_already(staff_client, state, words):
    assertContains(staff_client.get(page(group(state=state), "edit")), words)


def test_the_text_of_a_paused_message_changes_and_a_mistake_is_shown_with_its_place(staff_client):
    broadcast = group(state=State.PAUSED)

    refused = staff_client.post(page(broadcast, "edit"), {"text": "Привет\n<b>мир"})
    staff_client.post(page(broadcast, "edit"), {"text": "Привет,\r\n<b>мир</b>"})

    assertContains(refused, "Строка 2, символ 1", status_code=422)
    broadcast.refresh_from_db()
    assert broadcast.message_text == "Привет,\n<b>мир</b>"


def test_only_the_chosen_class_of_errors_is_tried_again(staff_client):
    broadcast = group()
    bad = RecipientFactory.create(message=broadcast, state="failed", reason="bad_request")
    old = RecipientFactory.create(message=broadcast, state="failed", reason="")
    gone = RecipientFactory.create(message=broadcast, state="failed", reason="deactivated")

    question = staff_client.get(page(broadcast, "retry"))
    staff_client.post(page(broadcast, "retry"), {"reasons": ["none"]})

    assertNotContains(question, "deactivated")
    assert (state_of(bad), state_of(old), state_of(gone)) == (Outcome.FAILED, Outcome.PENDING, Outcome.FAILED)
    assert state_of(broadcast) == State.SENDING


def test_uncertain_ones_are_decided_one_by_one_or_all(staff_client, staff):
    broadcast = group()
    first, second, third = recipients(broadcast, uncertain=3)
    here = f"{page(broadcast)}?state=uncertain"

    response = staff_client.post(
        page(broadcast, "decide"), {"recipient": first.pk, "verdict": "delivered", "next": here}
    )
    assertRedirects(response, here)
    assert (state_of(first), first.decided_by, state_of(second)) == (Outcome.SENT, staff, Outcome.UNCERTAIN)

    staff_client.post(page(broadcast, "decide"), {"recipient": second.pk, "verdict": "again", "next": "//evil.test"})
    assert (state_of(second), state_of(third)) == (Outcome.PENDING, Outcome.UNCERTAIN)

    staff_client.post(page(broadcast, "decide"), {"all": "1", "verdict": "delivered"})
    assert state_of(third) == Outcome.SENT


def test_every_act_stands_in_the_story_with_who_did_it(staff_client):
    broadcast = group(state=State.PAUSED)
    recipients(broadcast, uncertain=3)
    RecipientFactory.create(message=broadcast, state="failed", reason="bad_request")
    first = broadcast.recipients.uncertain()[0]

    staff_client.post(page(broadcast, "retry"), {"reasons": ["bad_request"]})
    staff_client.post(page(broadcast, "decide"), {"recipient": first.pk, "verdict": "delivered"})
    staff_client.post(page(broadcast, "decide"), {"all": "1", "verdict": "again"})
    staff_client.post(page(broadcast, "decide"), {"all": "1", "verdict": "again"})  # nobody is left

    story = staff_client.get(page(broadcast)).context["story"]
    assert [(entry.what, entry.actor) for entry in story[:3]] == [
        ("Отправлено ещё раз при неизвестном исходе: 2", "anna"),
        ("Сочтены доставленными при неизвестном исходе: 1", "anna"),
        ("Отправлено ещё раз тем, кому не дошло: 1", "anna"),
    ]
    assert len(story) == 4


def test_a_decision_about_nobody_changes_nobody(staff_client):
    broadcast = group()
    [row] = recipients(broadcast, uncertain=1)

    staff_client.post(page(broadcast, "decide"), {"verdict": "again", "recipient": "x"})

    assert state_of(row) == Outcome.UNCERTAIN


def delivered(broadcast: Broadcast, *, hours: float) -> Recipient:
    at = timezone.now() - timedelta(hours=hours)
    return RecipientFactory.create(message=broadcast, state="sent", telegram_message_id=7, sent_at=at)


def test_deleting_reaches_what_is_younger_than_48_hours_and_shows_the_time_left(staff_client):
    broadcast = group()
    delivered(broadcast, hours=1)
    delivered(broadcast, hours=49)

    shown = staff_client.get(page(broadcast)).context["correctable"]
    staff_client.post(page(broadcast, "delete"))

    assert shown.count == 1
    assert shown.last_until
    assert shown.last_until - timezone.now() > timedelta(hours=46)
    correction = Correction.objects.get()
    assert (correction.kind, correction.messages.count()) == ("delete", 1)
    response = staff_client.get(page(broadcast))
    assertContains(response, "Удаление у всех")
    assert response.context["moves"]


def test_after_48_hours_nothing_can_be_deleted(staff_client):
    broadcast = group()
    delivered(broadcast, hours=49)

    assertContains(staff_client.get(page(broadcast)), "Прошло 48 часов")
    response = staff_client.post(page(broadcast, "delete"))

    assert response.status_code == 422
    assert not Correction.objects.exists()


def test_a_copy_opens_in_the_form_and_a_form_posted_twice_makes_one(staff_client, staff):
    person = TelegramUserFactory.create()
    broadcast = group(
        message_text="Урок",
        kind="photo",
        media_file_id="AgAC1",
        buttons=[[{"text": "Программа", "url": "https://hsl.test"}]],
        audience=individuals([person.pk]).as_json(),
    )
    token = str(uuid.uuid4())

    for _ in range(2):
        response = staff_client.post(page(broadcast, "clone"), {"token": token})

    draft = Draft.objects.get()
    assertRedirects(response, f"/messages/new/{draft.pk}/")
    content = Content.from_json(draft.content)
    assert (content.text, content.kind, content.media_file_id) == ("Урок", "photo", "AgAC1")
    assert content.buttons == [{"text": "Программа", "target": "https://hsl.test", "row": "1"}]
    assert (content.question, draft.created_by) == (individuals([person.pk]), staff)
    assert not broadcast.copies.exists()

    send_draft(draft=draft, by=staff, at=timezone.now(), version=draft.version, recipients=1)

    [copy] = broadcast.copies.all()
    assert Audience.from_json(copy.audience) == individuals([person.pk])


def test_a_scheduled_one_goes_back_to_a_draft_with_its_moment(staff_client):
    moment = timezone.localtime(timezone.now() + timedelta(days=2)).replace(second=0, microsecond=0)
    broadcast = group(state=State.SCHEDULED, message_text="Урок", starts_at=moment)
    token = {"token": staff_client.get(page(broadcast)).context["tokens"]["take_back"]}

    form = staff_client.post(page(broadcast, "take_back"), token, follow=True)
    again = staff_client.post(page(broadcast, "take_back"), token, follow=True)

    draft = Draft.objects.get()
    assert form.redirect_chain == again.redirect_chain == [(reverse("messaging:compose_message", args=[draft.pk]), 302)]
    content = Content.from_json(draft.content)
    assert (content.text, content.starts_at) == ("Урок", moment)
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.state_reason) == (State.CANCELLED, "taken_back")
    assertContains(staff_client.get(page(broadcast)), "Возвращено в черновик")


def test_one_whose_time_has_passed_goes_back_to_a_draft_without_a_moment(staff_client):
    broadcast = group(state=State.HELD, starts_at=timezone.now() - timedelta(hours=1))

    staff_client.post(page(broadcast, "take_back"))

    assert Content.from_json(Draft.objects.get().content).starts_at is None


@pytest.mark.parametrize("state", [State.SENDING, State.PAUSED, State.FINISHED, State.CANCELLED])
def test_what_has_begun_is_not_taken_back(staff_client, state):
    broadcast = group(state=state)

    response = staff_client.post(page(broadcast, "take_back"), follow=True)

    assertContains(response, "Сообщение уже изменилось")
    assert state_of(broadcast) == state
    assert not Draft.objects.exists()


def test_a_file_that_never_reached_telegram_goes_with_the_copy(staff_client):
    broadcast = group(kind="document", media_upload="broadcasts/plan.pdf")

    staff_client.post(page(broadcast, "clone"))

    assert Draft.objects.get().media_upload.name == "broadcasts/plan.pdf"


def test_those_who_did_not_get_it_are_the_people_of_the_draft(staff_client):
    broadcast = group()
    recipients(broadcast, sent=2, failed=1)

    staff_client.post(page(broadcast, "missed"))

    form = staff_client.get(reverse("messaging:compose_message", args=[Draft.objects.get().pk]), {"count": "1"})
    assert form.context["summary"].recipients == 1


def test_a_text_that_telegram_refuses_is_copied_to_be_mended(staff_client):
    broadcast = group(message_text="<b>Незакрытый тег")

    form = staff_client.post(page(broadcast, "clone"), follow=True)

    assert form.context["faults"].text


def test_whoever_may_not_see_people_makes_no_copy(client):
    client.force_login(UserFactory.create(permissions=["messaging.view_broadcast", "messaging.add_broadcast"]))

    assert client.post(page(group(), "clone")).status_code == 403
    assert not Draft.objects.exists()
