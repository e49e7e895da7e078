"""«Отправить себе», and linking one's own Telegram account by a one-time code."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertRedirects
from pytest_django.fixtures import Settings

from messaging.compose.services.linking import CodeRefused, TooManyCodes, confirm_link, send_link_code
from messaging.delivery.queues import Claim, SendQueue
from messaging.models import Broadcast, Recipient, Runner, TelegramLink
from tests import test_access
from tests.factories import TelegramUserFactory, UserFactory
from tests.messaging.composing import NEW, address, form
from users.models import TelegramUser, User

pytestmark = pytest.mark.usefixtures("woken")

LINK = "/messages/new/link/"


@pytest.fixture
def myself(db: None) -> TelegramUser:
    return TelegramUserFactory.create(first_name="Маша", username="masha")


def claimed(broadcast: Broadcast) -> list[Claim]:
    queue = SendQueue(broadcast.pk)
    assert queue.enlist("worker", most=1) is not None
    return queue.claim(5, "worker")


def code_of(person: TelegramUser) -> str:
    """What the person reads in Telegram: the worker draws the code when it sends."""
    [claim] = claimed(Broadcast.objects.filter(recipients__telegram_user=person).latest("pk"))
    found = re.search(r"<code>(\d{6})</code>", claim.text or "")
    assert found
    return found[1]


def test_the_code_that_the_bot_brought_links_the_account(
    staff_client: Client, staff: User, myself: TelegramUser
) -> None:
    assertContains(staff_client.get(LINK, {"q": "masha"}), f"send:{myself.pk}")
    assertContains(staff_client.post(LINK, {"do": f"send:{myself.pk}"}), "Введите код")
    code = code_of(myself)

    response = staff_client.post(LINK, {"code": f" {code[:3]} {code[3:]} ", "next": NEW})

    assertRedirects(response, NEW)
    link = TelegramLink.objects.get(user=staff)
    assert link.linked_at is not None and link.telegram_user == myself


@pytest.mark.timeout(180)  # it asks for every page there is
def test_g1_whoever_asks_for_a_code_reads_it_in_no_table_and_on_no_page(
    staff_client: Client, staff: User, myself: TelegramUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    TelegramLink.objects.create(user=UserFactory.create(), telegram_user=myself)
    staff_client.post(LINK, {"do": f"send:{myself.pk}"})
    monkeypatch.setattr("messaging.delivery.codes.secrets.randbelow", lambda _below: 271828)
    message = Broadcast.objects.get()
    assert code_of(myself) == "271828"

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT count(*) FROM {name} t WHERE t::text ~ '\\m271828\\M'")
            assert cursor.fetchone() == (0,), table
    monkeypatch.setattr(test_access, "BROADCAST", message.pk)
    monkeypatch.setattr(test_access, "PERSON", myself.pk)
    pages = [path for _name, path in test_access.addresses(get_resolver())]
    for model in admin.site._registry:
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages.append(reverse(f"{place}_changelist"))
        for row in model._default_manager.order_by("-pk")[:1]:  # the newest: what this test made
            pages += [reverse(f"{place}_{page}", args=[row.pk]) for page in ("change", "history")]
    assert reverse("admin:messaging_broadcast_change", args=[message.pk]) in pages
    assertContains(staff_client.get(f"/messages/{message.pk}/"), "••••••")
    for page in pages:
        if "logout" not in page:
            assert "271828" not in test_access._text(staff_client.get(page)), page


def test_g1_a_message_that_is_tried_again_brings_another_code_and_only_the_last_one_works(
    staff: User, myself: TelegramUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([271828, 314159])
    monkeypatch.setattr("messaging.delivery.codes.secrets.randbelow", lambda _below: next(drawn))
    link = send_link_code(user=staff, to=myself, at=timezone.now())
    first = code_of(myself)
    Recipient.objects.update(state=Recipient.State.PENDING)
    Runner.objects.all().delete()
    second = code_of(myself)

    assert (first, second) == ("271828", "314159")
    with pytest.raises(CodeRefused):
        confirm_link(user=staff, code=first, at=timezone.now())
    assert confirm_link(user=staff, code=second, at=timezone.now()).pk == link.pk


def test_g1_a_code_that_nobody_waits_for_is_not_sent(staff: User, myself: TelegramUser) -> None:
    link = send_link_code(user=staff, to=myself, at=timezone.now() - timedelta(minutes=11))

    [claim] = claimed(Broadcast.objects.get())

    assert claim.outdated and claim.text is None
    link.refresh_from_db()
    assert link.code_hash == ""


def test_a_wrong_code_is_told_and_five_of_them_end_it(staff_client: Client, staff: User, myself: TelegramUser) -> None:
    staff_client.post(LINK, {"do": f"send:{myself.pk}"})
    code = code_of(myself)
    wrong = "000000" if code != "000000" else "111111"

    for _ in range(5):
        assert staff_client.post(LINK, {"code": wrong}).status_code == 422

    assert staff_client.post(LINK, {"code": code}).status_code == 422
    assert TelegramLink.objects.get(user=staff).linked_at is None


def test_a_code_lives_ten_minutes(staff: User, myself: TelegramUser) -> None:
    now = timezone.now()
    send_link_code(user=staff, to=myself, at=now)

    with pytest.raises(CodeRefused):
        confirm_link(user=staff, code=code_of(myself), at=now + timedelta(minutes=11))


def test_a_code_works_once_and_for_its_own_account_only(staff: User, myself: TelegramUser) -> None:
    now = timezone.now()
    send_link_code(user=staff, to=myself, at=now)
    code = code_of(myself)

    with pytest.raises(CodeRefused):
        confirm_link(user=UserFactory.create(), code=code, at=now)
    confirm_link(user=staff, code=code, at=now)
    with pytest.raises(CodeRefused):
        confirm_link(user=staff, code=code, at=now)


@pytest.mark.parametrize("argument", ["", "x", "9" * 18, "9" * 5000])
def test_c14_a_code_for_nobody_is_sent_to_nobody(staff_client: Client, myself: TelegramUser, argument: str) -> None:
    assert staff_client.post(LINK, {"do": f"send:{argument}"}).status_code == 404
    assert not Broadcast.objects.exists()


def test_nobody_is_flooded_with_codes(staff_client: Client, myself: TelegramUser) -> None:
    staff_client.post(LINK, {"do": f"send:{myself.pk}"})

    assert staff_client.post(LINK, {"do": f"send:{myself.pk}"}).status_code == 429
    assert Broadcast.objects.count() == 1


def test_taking_the_link_away_does_not_make_another_code_come_sooner(
    staff_client: Client, myself: TelegramUser
) -> None:
    staff_client.post(LINK, {"do": f"send:{myself.pk}"})
    staff_client.post(LINK, {"do": "unlink"})

    assertContains(staff_client.post(LINK, {"do": f"send:{myself.pk}"}), "Подождите минуту", status_code=429)
    assert Broadcast.objects.count() == 1


def test_one_member_of_staff_has_five_codes_a_day_sent_to_whomever(staff: User, staff_client: Client) -> None:
    now = timezone.now()
    for hours in range(5, 0, -1):
        send_link_code(user=staff, to=TelegramUserFactory.create(), at=now - timedelta(hours=hours))
    another = TelegramUserFactory.create()

    response = staff_client.post(LINK, {"do": f"send:{another.pk}"})

    assertContains(response, "Сегодня кодов больше не отправить", status_code=429)
    assert not Broadcast.objects.filter(recipients__telegram_user=another).exists()
    send_link_code(user=staff, to=another, at=now + timedelta(hours=20))


def test_one_person_gets_five_codes_a_day_whoever_asks(myself: TelegramUser) -> None:
    now = timezone.now()
    for hours in range(5, 0, -1):
        send_link_code(user=UserFactory.create(), to=myself, at=now - timedelta(hours=hours))

    with pytest.raises(TooManyCodes):
        send_link_code(user=UserFactory.create(), to=myself, at=now)


def test_reports_are_switched_off_and_on_where_the_account_is_linked(
    staff_client: Client, staff: User, myself: TelegramUser
) -> None:
    link = TelegramLink.objects.create(user=staff, telegram_user=myself, linked_at=timezone.now())
    assert link.wants_reports
    someone_elses = TelegramLink.objects.create(user=UserFactory.create(), telegram_user=myself)

    assertContains(staff_client.post(LINK, {"do": "reports:off"}), "Включить отчёты")
    assert list(TelegramLink.objects.order_by("pk").values_list("wants_reports", flat=True)) == [False, True]
    assertContains(staff_client.post(LINK, {"do": "reports:on"}), "Выключить отчёты")
    assert TelegramLink.objects.get(pk=someone_elses.pk).wants_reports


def test_send_to_me_shows_the_chosen_students_words(staff_client: Client, staff: User, myself: TelegramUser) -> None:
    TelegramLink.objects.create(user=staff, telegram_user=myself, linked_at=timezone.now())
    boris = TelegramUserFactory.create(first_name="Борис {и}")

    staff_client.post(address("draft_test"), form(person=[boris.pk], preview_for=boris.pk))

    recipient = Recipient.objects.get()
    assert recipient.telegram_user == myself
    assert recipient.message.message_text == "Привет, Борис {{и}}!"
    assert recipient.message.state == Broadcast.State.SENDING
    history = "/messages/"
    assertContains(staff_client.get(history), "Тестовое сообщение автору")
    assert [row.broadcast for row in staff_client.get(history, {"to": "by:test"}).context["rows"]] == [
        recipient.message
    ]
    assert not staff_client.get(history, {"to": "individual"}).context["rows"]


def test_send_to_me_takes_the_file_that_was_just_chosen(
    staff_client: Client, staff: User, myself: TelegramUser, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    TelegramLink.objects.create(user=staff, telegram_user=myself, linked_at=timezone.now())
    chosen = SimpleUploadedFile("plan.pdf", b"plan")

    staff_client.post(address("draft_test"), form(kind="document", media_upload=chosen))

    assert Broadcast.objects.get().media_name == "plan.pdf"


def test_without_a_linked_account_send_to_me_leads_to_linking(staff_client: Client, db: None) -> None:
    response = staff_client.post(address("draft_test"), form())

    assert response["Location"].startswith(f"{LINK}?next=")
    assert not Broadcast.objects.exists()


def test_a_message_that_telegram_would_refuse_is_not_sent_to_me(
    staff_client: Client, staff: User, myself: TelegramUser
) -> None:
    TelegramLink.objects.create(user=staff, telegram_user=myself, linked_at=timezone.now())

    response: Any = staff_client.post(address("draft_test"), form(text="<b>"))

    assert response.status_code == 422
    assert not Broadcast.objects.exists()
