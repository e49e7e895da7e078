"""The small forms of a person's page: notes, tags, a block, a look at the e-mails."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from tests.factories import (
    FreeLessonRegistrationFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.signing_in import client_with
from tests.users.lives import address
from users import services
from users.models import BlockedUser, EmailDisclosure, Note, PersonTag

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HTMX = {"HX-Request": "true"}
VIEW = "users.view_telegramuser"

pytestmark = pytest.mark.django_db


# Notes ----------------------------------------------------------------------------------------------------------------


def test_a_note_is_written_and_shown(staff_client, person):
    response = staff_client.post(address(person, "note_add"), {"text": "Просила <b>рассрочку</b>"})

    assertRedirects(response, address(person))
    assertContains(staff_client.get(address(person)), "Просила &lt;b&gt;рассрочку&lt;/b&gt;")


def test_htmx_gets_the_empty_form_and_the_timeline_with_the_note(staff_client, person):
    response = staff_client.post(
        address(person, "note_add"),
        {"text": "Перезвонить"},
        headers=HTMX | {"HX-Current-URL": f"http://testserver{address(person)}?kind=note"},
    )

    assertContains(response, "Перезвонить", count=1)
    assertContains(response, 'id="timeline"')
    assertContains(response, 'kind=note" aria-current="true"')
    assertNotContains(response, "<h1>")


@pytest.mark.parametrize("text", ["", "   ", "x" * 5001, "a\0b"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_note_without_words_or_with_too_many_is_refused_beside_its_field(staff_client, person, text, headers):
    response = staff_client.post(address(person, "note_add"), {"text": text}, headers=headers)

    assert response.status_code == 422
    assertContains(response, 'aria-invalid="true"', status_code=422)
    assert not Note.objects.exists()


def test_only_its_author_or_who_may_deletes_a_note(staff, person):
    author, other = (UserFactory.create(permissions=[VIEW, "users.add_note", "users.view_note"]) for _ in range(2))
    note = services.write_note(person=person, text="…", by=author, at=AT)
    client = Client()

    client.force_login(other)
    assert client.post(address(person, "note_delete", note.pk)).status_code == 403
    client.force_login(author)
    assertContains(client.get(address(person, "note_delete", note.pk)), "Удалить эту заметку для всех?")
    assertRedirects(client.post(address(person, "note_delete", note.pk)), address(person))
    assert not Note.objects.exists()


def test_a_note_of_another_person_is_not_found(staff, staff_client, person):
    note = services.write_note(person=TelegramUserFactory.create(), text="…", by=staff, at=AT)

    assert staff_client.post(address(person, "note_delete", note.pk)).status_code == 404


# Tags -----------------------------------------------------------------------------------------------------------------


def test_a_tag_is_put_on_and_taken_off(staff_client, person):
    assertRedirects(staff_client.post(address(person, "tag_add"), {"name": "  VIP,  клиент "}), address(person))
    tag = PersonTag.objects.get().tag

    response = staff_client.post(address(person, "tag_remove", tag.pk), headers=HTMX)

    assert tag.name == "VIP клиент"
    assertContains(response, "Снята метка")
    assert not PersonTag.objects.exists()


@pytest.mark.parametrize("name", ["", " ", ",", "x" * 41, "a\0b"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_tag_without_a_name_is_refused(staff_client, person, name, headers):
    response = staff_client.post(address(person, "tag_add"), {"name": name}, headers=headers)

    assertContains(response, "errorlist", status_code=422)
    assert not PersonTag.objects.exists()


def test_tags_need_their_permissions(staff, person):
    tag = services.add_tag(person=person, name="VIP", by=staff)

    assert client_with(VIEW).post(address(person, "tag_add"), {"name": "x"}).status_code == 403
    assert client_with(VIEW).post(address(person, "tag_remove", tag.pk)).status_code == 403


# Blocks ---------------------------------------------------------------------------------------------------------------


def test_a_person_is_blocked_and_unblocked_with_a_reason(staff_client, person):
    staff_client.post(address(person, "person_block"), {"what": "block", "reason": "просил не писать"})
    assertContains(staff_client.get(address(person)), "Заблокирован сотрудником")

    assertContains(staff_client.get(address(person, "person_block")), "Разблокировать пользователя?")
    staff_client.post(address(person, "person_block"), {"what": "unblock", "reason": "передумал"})

    assert not BlockedUser.objects.exists()
    page = staff_client.get(address(person, query="?kind=audit"))
    assertContains(page, "передумал")
    assertContains(page, "просил не писать")


def test_a_block_without_a_reason_is_refused(staff_client, person):
    response = staff_client.post(address(person, "person_block"), {"what": "block", "reason": " "}, headers=HTMX)

    assertContains(response, 'id="block-dialog"', status_code=422)
    assert not BlockedUser.objects.exists()


def test_somebody_quicker_is_told_and_nothing_is_turned_around(staff_client, staff, person):
    services.block_person(person=person, by=staff, at=AT, reason="спам")

    response = staff_client.post(address(person, "person_block"), {"what": "block", "reason": "тоже"}, follow=True)

    assertContains(response, "Пользователь уже заблокирован.")
    assert BlockedUser.objects.get().reason == "спам"


def test_htmx_goes_back_to_the_page_after_a_dialog(staff_client, person):
    response = staff_client.post(address(person, "person_block"), {"what": "block", "reason": "спам"}, headers=HTMX)

    assert response["HX-Redirect"] == address(person)


def test_blocking_needs_its_permission(person):
    assert client_with(VIEW).get(address(person, "person_block")).status_code == 403
    assert client_with(VIEW).post(address(person, "person_block"), {"reason": "x"}).status_code == 403


# E-mails --------------------------------------------------------------------------------------------------------------


def test_emails_are_masked_until_a_look_that_is_written_down(staff, staff_client, person):
    FreeLessonRegistrationFactory.create(telegram_user=person, email="maria.k@example.test")
    assertNotContains(staff_client.get(address(person)), "maria.k@")

    response = staff_client.post(address(person, "person_emails", app="bookings"), headers=HTMX)

    assertContains(response, "maria.k@example.test")
    assertContains(response, "Адрес почты просмотрен полностью")
    assert EmailDisclosure.objects.get().shown_to == staff
    assertNotContains(staff_client.get(address(person)), "maria.k@")


def test_without_htmx_the_emails_come_as_a_page(staff_client, person):
    FreeLessonRegistrationFactory.create(telegram_user=person, email="maria.k@example.test")

    response = staff_client.post(address(person, "person_emails", app="bookings"))

    assertContains(response, "maria.k@example.test")
    assertContains(response, "<h1>")


def test_a_look_needs_its_permission_and_a_post(staff_client, person):
    client = client_with(VIEW, "bookings.view_freelessonregistration")
    FreeLessonRegistrationFactory.create(telegram_user=person)

    assertNotContains(client.get(address(person)), "Показать адрес почты")
    assert client.post(address(person, "person_emails", app="bookings")).status_code == 403
    assert staff_client.get(address(person, "person_emails", app="bookings")).status_code == 405
    assert not EmailDisclosure.objects.exists()
