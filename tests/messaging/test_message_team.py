"""What a team does with messages: tests, approvals, drafts, reasons, names; each test has the name of its fault."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from messaging.broadcasts.services.copying import clone_broadcast
from messaging.models import (
    Broadcast,
    Draft,
    Recipient,
    SendingRules,
    TelegramLink,
)
from tests.factories import (
    BroadcastFactory,
    RecipientFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.messaging.broadcasts import group, page, recipients
from tests.messaging.composing import MAY_SEND, address, confirm, form, write
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

State = Broadcast.State
HTMX = {"HX-Request": "true"}
LIST, DRAFTS = reverse("messaging:broadcast_list"), reverse("messaging:draft_list")


# C5: «Отправить себе» -------------------------------------------------------------------------------------------------


@pytest.fixture
def somebody_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.delivery.own_test.silences", list)


@pytest.mark.usefixtures("somebody_sends")
@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"state": "pending"}, "Отправляем в ваш Telegram…"),
        ({"state": "sent", "sent_at": timezone.now()}, "Пришло в ваш Telegram в "),
        (
            {"state": "failed", "reason": "blocked", "error_text": "Forbidden: bot was blocked by the user"},
            "Не дошло: Заблокировал бота<",
        ),
        (
            {"state": "failed", "reason": "bad_request", "error_text": "Chat_id_invalid"},
            "Не дошло: Telegram отклонил сообщение (Chat_id_invalid)",
        ),
        ({"state": "skipped", "reason": "blocked"}, "Не дошло: Заблокировал бота"),
        ({"state": "uncertain", "reason": "no_answer"}, "Не дошло: Telegram не ответил"),
    ],
    ids=["waits", "arrived", "blocked", "refused", "skipped", "unknown"],
)
def test_c5_the_result_of_a_test_appears_in_place(
    staff_client: Client, staff: User, stream: str, result: dict[str, Any], words: str
) -> None:
    TelegramLink.objects.create(user=staff, telegram_user=TelegramUserFactory.create(), linked_at=timezone.now())
    draft = write(staff_client, stream, "draft_test", text="Привет!")
    Recipient.objects.update(**result)
    own = reverse("messaging:own_test", args=[Broadcast.objects.get().pk])

    for shown in (staff_client.get(address("", draft)), staff_client.get(own, headers=HTMX)):
        assertContains(shown, words)
        (assertContains if result["state"] == "pending" else assertNotContains)(shown, f'hx-get="{own}"')
    colleague = Client()
    colleague.force_login(UserFactory.create(permissions=MAY_SEND))
    assert colleague.get(own, headers=HTMX).status_code == 404


# C6: approval ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def approver(client: Client) -> User:
    SendingRules.objects.create(pk=1, approval_above=1)
    permissions = [*MAY_SEND, "messaging.approve_broadcast", "messaging.view_broadcast"]
    approver = UserFactory.create(username="vera", permissions=permissions)
    client.force_login(approver)
    return approver


def asked_for_approval(author: User, stream: str) -> Draft:
    browser = Client()
    browser.force_login(author)
    draft = write(browser, stream, name="Старт <7-го>")
    confirm(browser, draft, recipients=3, ask="yes")
    draft.refresh_from_db()
    assert draft.waits_for_approval
    return draft


def test_c6_asking_for_approval_tells_those_who_may_in_telegram(
    approver: User, stream: str, settings: Any, woken: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    settings.DASHBOARD_URL = "https://school.test"
    account = TelegramUserFactory.create()
    TelegramLink.objects.create(user=approver, telegram_user=account, linked_at=timezone.now())
    author = UserFactory.create(username="anna_m", permissions=MAY_SEND)

    with django_capture_on_commit_callbacks(execute=True):
        draft = asked_for_approval(author, stream)

    notice = Broadcast.objects.get(recipient_type="approval")
    assert [row.telegram_user_id for row in notice.recipients.all()] == [account.pk]
    assert notice.message_text == (
        "<b>anna_m просит одобрить сообщение 3 получателям</b>\n<i>Старт &lt;7-го&gt;</i>\n\n"
        f"https://school.test/messages/new/{draft.pk}/confirm/"
    )
    assert notice.pk in woken


def test_c6_who_may_approve_finds_it_by_a_badge_a_card_and_the_drafts_and_all_open_the_last_page(
    client: Client, approver: User, stream: str
) -> None:
    author = UserFactory.create(permissions=MAY_SEND)
    draft = asked_for_approval(author, stream)
    last_page = reverse("messaging:compose_confirm", args=[draft.pk])

    history = client.get(LIST)

    assertContains(history, '<span class="count">1<span')
    assertContains(history, f'href="{last_page}"')
    assertContains(client.get(DRAFTS), f'href="{last_page}"')
    own = Client()
    own.force_login(author)
    assertNotContains(own.get(DRAFTS), '<span class="count">1<span')


def test_c6_who_asks_is_told_whom_the_bot_tells_and_whom_it_cannot(client: Client, approver: User, stream: str) -> None:
    author = UserFactory.create(permissions=MAY_SEND)
    browser = Client()
    browser.force_login(author)
    draft = write(browser, stream)

    asked = browser.get(reverse("messaging:compose_confirm", args=[draft.pk]))

    assertContains(asked, "vera")
    assertContains(asked, "Telegram не привязан: скажите сами")
    confirm(browser, draft, recipients=3, ask="yes")
    assertContains(browser.get(address("", draft)), "Скажите коллеге сами")
    approver.user_permissions.clear()
    again = browser.get(reverse("messaging:compose_confirm", args=[draft.pk]))
    assertContains(again, "Ни у кого из коллег нет права одобрять")


# C7: drafts -----------------------------------------------------------------------------------------------------------


def test_c7_every_draft_is_found_by_its_words_and_its_name(staff_client: Client, staff: User) -> None:
    for number in range(12):
        Draft.objects.create(content={"text": f"<b>Черновик</b> {number}"}, created_by=staff, updated_by=staff)
    Draft.objects.create(content={"text": "Без слов", "name": "Осенний набор"}, created_by=staff)
    Draft.objects.create(content={"text": "Отправлен"}, broadcast=BroadcastFactory.create())

    def found(**query: str) -> list[str]:
        return [row["content"].text for row in staff_client.get(DRAFTS, query).context["rows"]]

    assert len(found()) == 13
    assert found(q="черновик</b> 7") == ["<b>Черновик</b> 7"]
    assert found(q="осенний") == ["Без слов"]
    assert len(found(state="mine")) == 12
    assert found(state="waiting") == []
    assertContains(staff_client.get(LIST), f'href="{DRAFTS}"')
    assert staff_client.get(DRAFTS, {"state": "x"}).status_code == 422


def test_c7_drafts_are_for_who_may_write(client: Client) -> None:
    client.force_login(UserFactory.create(permissions=["messaging.view_broadcast"]))

    assert client.get(DRAFTS).status_code == 403
    assertNotContains(client.get(LIST), DRAFTS)


# C8: reasons and numbers ----------------------------------------------------------------------------------------------


def test_c8_a_cancelled_message_does_not_say_that_it_is_paused(staff_client: Client) -> None:
    broadcast = group(state=State.PAUSED, state_reason="staff", started_at=timezone.now())
    recipients(broadcast, pending=1)
    staff_client.post(page(broadcast, "cancel"), {"reason": "опечатка"})

    shown = staff_client.get(page(broadcast))

    assert shown.context["row"].state_reason == "опечатка"
    assertNotContains(shown, "<strong>Поставлено на паузу сотрудником")


def test_c8_failed_and_skipped_for_the_same_reason_stand_apart(staff_client: Client) -> None:
    broadcast = group()
    for state in ("failed", "skipped"):
        RecipientFactory.create(message=broadcast, state=state, reason="blocked")

    shown = staff_client.get(page(broadcast))

    for state, label in (("failed", "не доставлено"), ("skipped", "пропущено")):
        assertContains(shown, f'?state={state}&amp;reason=blocked#recipient-table"')
        assertContains(shown, f'<span class="quiet">{label}</span>')
        rows = staff_client.get(page(broadcast), {"state": state, "reason": "blocked"}).context["recipients"]
        assert [row["recipient"].state for row in rows] == [state]


def test_c8_buttons_say_their_number(staff_client: Client) -> None:
    broadcast = group()
    recipients(broadcast, uncertain=2)
    RecipientFactory.create(message=broadcast, state="failed", reason="bad_request")

    shown = staff_client.get(page(broadcast))

    for words in ("Считать доставленными (2)", "Отправить ещё раз этим 2", "Отправить ещё раз 1"):
        assertContains(shown, words)


# C9: words of staff ---------------------------------------------------------------------------------------------------


def test_c9_trying_again_while_paused_says_that_it_waits(staff_client: Client) -> None:
    broadcast = group(state=State.PAUSED, started_at=timezone.now())
    RecipientFactory.create(message=broadcast, state="failed", reason="bad_request")

    response = staff_client.post(page(broadcast, "retry"), {"reasons": ["bad_request"]}, follow=True)

    assertContains(response, "Снова в очереди: 1. Сообщение уйдёт, когда вы продолжите отправку.")


@pytest.mark.parametrize("code", ["everyone", "temperature", "free_lesson", "received"])
def test_c9_no_code_of_a_group_stands_on_the_history(staff_client: Client, code: str) -> None:
    group(recipient_group=code)

    choices = dict(staff_client.get(LIST).context["form"].fields["to"].choices)

    assert code not in choices[code]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("ClientOSError", "Связь оборвалась"),
        ("Connection broke off", "Связь оборвалась"),
        ("Timed out", "Не ответил вовремя"),
        ("Cannot connect: Connection refused", "Не удалось подключиться"),
        ("Forbidden: bot was blocked by the user", "Forbidden: bot was blocked by the user"),
    ],
)
def test_c9_what_happened_is_told_in_words_of_staff(staff_client: Client, stored: str, shown: str) -> None:
    broadcast = group()
    RecipientFactory.create(message=broadcast, state="uncertain", reason="no_answer", error_text=stored)

    assertContains(staff_client.get(page(broadcast)), f"<bdi>{shown}</bdi>")


def test_c9_states_are_words_in_both_languages(staff_client: Client) -> None:
    group(state=State.CANCELLED)

    assertContains(staff_client.get(LIST), "Отменено")
    staff_client.cookies["django_language"] = "en"
    assertNotContains(staff_client.get(LIST), "(broadcast)")


def test_c9_no_word_of_a_programmer_stands_in_the_composer(staff_client: Client) -> None:
    BroadcastFactory.create(kind="photo", media_file_id="AgAC1")
    shown = staff_client.get(address()).content.decode()

    visible = re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<(script|style|template).*?</\1>", " ", shown))
    for word in ("file_id", "callback", "everyone"):
        assert word not in visible


# Names ----------------------------------------------------------------------------------------------------------------


def test_a_name_stands_in_the_tab_the_list_and_the_copy_and_else_the_first_words(
    staff_client: Client, staff: User, stream: str
) -> None:
    draft = write(staff_client, stream, name="Набор на осень")
    confirm(staff_client, draft, recipients=3)
    broadcast = Broadcast.objects.get()

    assertContains(staff_client.get(page(broadcast)), "<title>Набор на осень", html=False)
    assertContains(staff_client.get(LIST, {"q": "осень"}), "Набор на осень")
    assert clone_broadcast(broadcast=broadcast, by=staff, at=timezone.now()).content["name"] == "Набор на осень"
    Broadcast.objects.update(name="")
    assertContains(staff_client.get(page(broadcast)), "<title>Привет, друг!", html=False)


def test_the_name_of_a_letter_is_for_who_may_read_letters(client: Client) -> None:
    client.force_login(UserFactory.create(permissions=["messaging.view_broadcast"]))
    letter = BroadcastFactory.create(name="Про долг Анны", recipient_type="individual")

    for shown in (LIST, page(letter)):
        assertNotContains(client.get(shown), "долг")
    assert not client.get(LIST, {"q": "долг"}).context["rows"]


def test_a_too_long_name_is_said_beside_the_text(staff_client: Client, stream: str) -> None:
    response = staff_client.post(address("draft_check"), form(stream, name="я" * 101))

    assert response.status_code == 422 and response.context["faults"].text
