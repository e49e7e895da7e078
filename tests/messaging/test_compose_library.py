"""Templates with versions and their use, and saved segments."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from messaging.audiences.criteria import InStream
from messaging.content.content import Content
from messaging.models import Broadcast, Draft, MessageTemplate, Segment, TemplateVersion
from tests.factories import UserFactory
from tests.messaging.composing import MAY_WRITE, NEW, address, confirm, form, write

pytestmark = pytest.mark.usefixtures("woken")


def test_each_saving_of_a_template_is_a_version_and_the_same_words_are_none(staff_client: Client, stream: str) -> None:
    for text in ("Раз", "Раз", "Два"):
        write(staff_client, stream, "template_save", template_name="Старт ", text=text)

    numbers = TemplateVersion.objects.filter(template__name="Старт").order_by("number")
    assert [(one.number, one.content["text"]) for one in numbers] == [(1, "Раз"), (2, "Два")]
    assert "audience" not in numbers[0].content


def test_a_template_gives_its_words_and_knows_which_message_used_it(staff_client: Client, stream: str) -> None:
    write(staff_client, stream, "template_save", template_name="Старт", text="Слова шаблона")
    version = TemplateVersion.objects.get()

    draft = write(staff_client, stream, "template_use", template=version.pk, text="")
    content = Content.from_json(draft.content)
    assert content.text == "Слова шаблона" and content.question.include
    confirm(staff_client, draft, recipients=3)

    assertContains(staff_client.get("/messages/"), 'href="/messages/templates/"')
    assertContains(staff_client.get("/messages/templates/"), f"№\u00a0{Broadcast.objects.get().pk}</a>")


def test_an_archived_template_is_offered_no_longer(staff_client: Client, stream: str) -> None:
    write(staff_client, stream, "template_save", template_name="Старт")
    template = MessageTemplate.objects.get()

    staff_client.post(f"/messages/templates/{template.pk}/archive/")

    assert list(staff_client.get(NEW).context["template_versions"]) == []
    assertContains(staff_client.get("/messages/templates/"), "В архиве")


def test_a_segment_gives_its_question_back(staff_client: Client, stream: str) -> None:
    write(staff_client, stream, "segment_save", segment_name="Оплатили 8-й")
    segment = Segment.objects.get()

    draft = write(staff_client, "", "segment_use", segment=segment.pk)

    [criterion] = Content.from_json(draft.content).question.include
    assert isinstance(criterion, InStream) and criterion.code == "8th_stream"


def test_a_personal_segment_is_nobody_elses_and_a_shared_one_is(client: Client, stream: str) -> None:
    client.force_login(UserFactory.create(permissions=MAY_WRITE))
    write(client, stream, "segment_save", segment_name="Мой")
    write(client, stream, "segment_save", segment_name="Общий", segment_shared="on")
    mine = Segment.objects.get(name="Мой")

    client.force_login(UserFactory.create(permissions=MAY_WRITE))

    page = client.get(NEW)
    assertContains(page, "Общий")
    assertNotContains(page, "Мой</option>")
    assert client.post(address("segment_use"), form(segment=mine.pk)).status_code == 422
    assert client.post(address("segment_delete"), form(segment=mine.pk)).status_code == 422
    assert Segment.objects.count() == 2 and Draft.objects.exists()


@pytest.mark.parametrize("address", ["/messages/templates/", "/messages/drafts/"])
def test_an_empty_list_leads_to_a_new_message(staff_client: Client, db: None, address: str) -> None:
    assertContains(staff_client.get(address), f'<a class="button" href="{NEW}">')
