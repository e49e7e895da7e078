"""From the form over the last page to the one broadcast that comes of it; who may, and who must be asked."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db.models import F
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from messaging.models import Broadcast, Draft, Recipient, SendingRules
from tests.factories import PASSWORD, BookingFactory, UserFactory
from tests.messaging.composing import CONFIRMED, MAY_SEND, MAY_WRITE, NEW, address, confirm, form, write
from users.models import BlockedUser, User

pytestmark = pytest.mark.usefixtures("woken")


# The way from the form to the broadcast -------------------------------------------------------------------------------


def test_a_message_to_a_stream_goes_through_the_last_page_and_starts(staff_client: Client, stream: str) -> None:
    changes = form(stream, buttons=[("Записаться", "https://hsl.test", "1")])
    response = staff_client.post(address("draft_check"), changes)
    draft = Draft.objects.get()
    assert response["Location"] == f"/messages/new/{draft.pk}/confirm/"
    assertContains(staff_client.get(response["Location"]), "<strong>3</strong>")

    confirm(staff_client, draft, recipients=3)

    broadcast = Broadcast.objects.get()
    assert broadcast.state == Broadcast.State.SENDING
    assert broadcast.buttons == [[{"text": "Записаться", "url": "https://hsl.test"}]]
    assert broadcast.submission_token == draft.token
    assert broadcast.created_by.username == "anna"
    assert Recipient.objects.pending().count() == 3


def test_the_form_posted_twice_lands_on_the_same_broadcast(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream)

    first = confirm(staff_client, draft, recipients=3)
    second = confirm(staff_client, draft, recipients=3)

    assert Broadcast.objects.count() == 1
    assert second["Location"] == first["Location"]


def test_a_draft_that_was_sent_leads_to_its_broadcast(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream)
    confirm(staff_client, draft, recipients=3)

    response = staff_client.post(f"{NEW}{draft.pk}/", form(stream, version=draft.version))

    assert response.status_code == 303
    assert Draft.objects.get().version == draft.version


def test_a_message_for_a_time_is_scheduled_in_moscow(staff_client: Client, stream: str) -> None:
    tomorrow = timezone.localtime() + timedelta(days=1)
    draft = write(staff_client, stream, when="at", at=tomorrow.strftime("%Y-%m-%dT18:55"))

    confirm(staff_client, draft, recipients=3)

    broadcast = Broadcast.objects.get()
    assert broadcast.state == Broadcast.State.SCHEDULED
    assert timezone.localtime(broadcast.starts_at).strftime("%H:%M") == "18:55"


@pytest.mark.parametrize("at", ["", "nonsense", "2020-01-01T10:00", "2026-13-40T10:00", "2999-01-01T10:00"])
def test_a_time_that_cannot_be_is_refused_beside_its_field(staff_client: Client, stream: str, at: str) -> None:
    response = staff_client.post(address("draft_check"), form(stream, when="at", at=at))

    assert response.status_code == 422
    assert response.context["faults"].at


def test_above_a_hundred_the_number_is_typed(staff_client: Client, stream: str) -> None:
    BookingFactory.create_batch(100, confirmed=CONFIRMED)
    draft = write(staff_client, stream)

    refused = confirm(staff_client, draft, recipients=103, typed="100")
    assert refused.status_code == 409
    assert not Broadcast.objects.exists()

    asked = confirm(staff_client, draft, recipients=103, typed=" 103 ")
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not Broadcast.objects.exists()

    here = f"/messages/new/{draft.pk}/confirm/"
    staff_client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": here})
    assert Broadcast.objects.get().state == Broadcast.State.SENDING


def test_a_number_that_has_changed_meanwhile_is_shown_once_more(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream)
    BookingFactory.create(confirmed=CONFIRMED)

    response = confirm(staff_client, draft, recipients=3)

    assert response.status_code == 409
    assertContains(response, "<strong>4</strong>", status_code=409)
    assert not Broadcast.objects.exists()


def test_a_draft_that_has_changed_meanwhile_is_shown_once_more(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream)
    Draft.objects.update(version=draft.version + 1)

    assert confirm(staff_client, draft, recipients=3).status_code == 409
    assert not Broadcast.objects.exists()


def test_the_last_page_says_who_is_left_out_and_why(staff_client: Client, stream: str) -> None:
    BlockedUser.objects.create(telegram_user=Booking.objects.filter(confirmed=CONFIRMED).first().telegram_user)
    draft = write(staff_client, stream, text="Привет, {first_name}!")

    page = staff_client.get(f"{NEW}{draft.pk}/confirm/")

    assert page.context["summary"].recipients == 1
    assertContains(page, "Заблокировал")
    assertContains(page, "Нет данных для подстановки")


@pytest.mark.parametrize(("clock", "warned"), [("20:50", False), ("21:00", True), ("23:30", True), ("08:59", True)])
def test_a_message_at_night_is_warned_of(staff_client: Client, stream: str, clock: str, warned: bool) -> None:
    tomorrow = timezone.localtime() + timedelta(days=1)
    draft = write(staff_client, stream, when="at", at=tomorrow.strftime(f"%Y-%m-%dT{clock}"))

    page = staff_client.get(f"{NEW}{draft.pk}/confirm/")

    assert ("тихие часы (21:00–09:00)" in page.content.decode()) is warned


def test_a_message_that_lasts_into_the_night_is_warned_of(staff_client: Client, stream: str, settings) -> None:  # type: ignore[no-untyped-def]
    settings.TELEGRAM_MESSAGES_PER_SECOND = 1 / 7200  # two people, four hours
    tomorrow = timezone.localtime() + timedelta(days=1)
    draft = write(staff_client, stream, when="at", at=tomorrow.strftime("%Y-%m-%dT18:00"))

    assert staff_client.get(f"{NEW}{draft.pk}/confirm/").context["summary"].is_quiet


def test_what_changed_in_the_numbers_since_they_were_shown_is_named(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream)
    anna = Booking.objects.filter(telegram_user__first_name="Анна")[0].telegram_user
    BlockedUser.objects.create(telegram_user=anna)

    response = confirm(staff_client, draft, recipients=3)

    assertContains(response, "Получат: 3 → <strong>2</strong>", status_code=409)
    assertContains(response, "Заблокировал бота: 0 → <strong>1</strong>", status_code=409)
    assert not Broadcast.objects.exists()
    confirm(staff_client, draft, recipients=2, left_out=["blocked:1"])
    assert Broadcast.objects.exists()


# Who may --------------------------------------------------------------------------------------------------------------


def test_who_may_write_and_not_send_prepares_everything(client: Client, stream: str) -> None:
    client.force_login(UserFactory.create(permissions=MAY_WRITE))
    draft = write(client, stream)

    last_page = client.get(f"{NEW}{draft.pk}/confirm/")
    assertNotContains(last_page, "Да, отправить сообщение")
    assertNotContains(last_page, "Всё равно отправить сейчас")
    assert confirm(client, draft, recipients=3).status_code == 403
    assert not Broadcast.objects.exists()


# A second person ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rules(db: None) -> SendingRules:
    return SendingRules.objects.create(pk=1, approval_above=2)


@pytest.fixture
def approver(db: None) -> User:
    return UserFactory.create(permissions=[*MAY_SEND, "messaging.approve_broadcast", "messaging.view_broadcast"])


def test_above_the_threshold_nobody_sends_alone(
    client: Client, approver: User, stream: str, rules: SendingRules
) -> None:
    client.force_login(approver)
    draft = write(client, stream)

    assert confirm(client, draft, recipients=3).status_code == 403
    confirm(client, draft, recipients=3, ask="yes")
    draft.refresh_from_db()
    assert draft.waits_for_approval
    assert confirm(client, draft, recipients=3).status_code == 403
    assert not Broadcast.objects.exists()


def test_a_draft_that_waits_for_approval_stands_before_newer_ones(staff_client: Client, stream: str) -> None:
    waiting = write(staff_client, stream, text="Одобрите меня")
    Draft.objects.filter(pk=waiting.pk).update(asked_version=F("version"))
    for number in range(9):
        Draft.objects.create(content={"text": f"Черновик {number}"})

    assertContains(staff_client.get(NEW), "Одобрите меня")


def test_a_second_person_approves_and_both_are_recorded(
    client: Client, approver: User, stream: str, rules: SendingRules
) -> None:
    author = UserFactory.create(username="maria", permissions=MAY_SEND)
    client.force_login(author)
    draft = write(client, stream)
    confirm(client, draft, recipients=3, ask="yes")

    client.force_login(approver)
    confirm(client, draft, recipients=3)

    broadcast = Broadcast.objects.get()
    assert (broadcast.created_by, broadcast.approved_by) == (author, approver)
    assertContains(client.get(f"/messages/{broadcast.pk}/"), f"<dt>Одобрил</dt><dd><bdi>{approver}</bdi></dd>")
    events = apps.get_model("messaging", "BroadcastEvent").objects.filter(pgh_obj=broadcast)
    assert f"Одобрение: {approver.username}; запрос: maria" in {
        event.pgh_context.metadata["reason"] for event in events
    }


def test_a_change_takes_the_question_for_approval_back(
    client: Client, approver: User, stream: str, rules: SendingRules
) -> None:
    client.force_login(UserFactory.create(permissions=MAY_SEND))
    draft = write(client, stream)
    confirm(client, draft, recipients=3, ask="yes")
    client.post(f"{NEW}{draft.pk}/", form(stream, version=draft.version, text="Другое"))
    draft.refresh_from_db()

    client.force_login(approver)

    assert confirm(client, draft, recipients=3).status_code == 403
    assert not Broadcast.objects.exists()
