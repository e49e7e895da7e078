"""People found by what staff wrote about them: tags and notes."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils.http import urlencode
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import TelegramUserFactory
from users import services

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("tag", ["VIP", "рассрочка 50%", "<b>&'\"", "🙂"])
def test_a_tag_on_a_persons_page_leads_to_everybody_with_it(staff, staff_client, tag):
    tagged, other = TelegramUserFactory.create(first_name="Мария"), TelegramUserFactory.create(first_name="Борис")
    services.add_tag(person=tagged, name=tag, by=staff)
    services.add_tag(person=other, name="другая", by=staff)
    address = reverse("users:person_list") + "?" + urlencode({"tag": tag})

    response = staff_client.get(address)

    assertContains(response, "Мария")
    assertNotContains(response, "Борис")


def test_a_note_finds_its_person_in_any_letter_case(staff, staff_client):
    noted = TelegramUserFactory.create(first_name="Мария")
    TelegramUserFactory.create(first_name="Борис")
    services.write_note(person=noted, text="Просила РАССРОЧКУ 100%", by=staff, at=AT)

    response = staff_client.get(reverse("users:person_list") + "?" + urlencode({"note": "рассрочку 100%"}))

    assertContains(response, "Мария")
    assertNotContains(response, "Борис")


@pytest.mark.parametrize("query", ["tag=nobody", "tag=%00", "note=%00", "note=" + "x" * 201])
def test_nonsense_is_refused_and_never_an_error(staff_client, query):
    assert staff_client.get(reverse("users:person_list") + "?" + query).status_code == 422
