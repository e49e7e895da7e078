"""What the pages hide the Django admin hides: by its lookups, its columns and its search."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from messaging.models import Broadcast, Correction, Draft, MessageTemplate, Outbox, Segment, TemplateVersion
from tests.factories import BroadcastFactory, TelegramUserFactory, UserFactory
from tests.hsl_dashboard.test_admin import address_of
from tests.sizes import is_sampled
from users.staff.roles import MARKETING, VIEWER


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda model: model._meta.label))
def test_f13_a_list_takes_the_filters_that_it_shows_and_no_other_lookup(staff_client, model):
    for field in model._meta.concrete_fields:
        for kind in ("startswith", "regex", "gt", "in"):
            lookup = f"{field.name}__{kind}"
            if not is_sampled(model._meta.label, lookup, one_in=4):
                continue

            assert staff_client.get(address_of(model), {lookup: "1"}).status_code == 400, lookup


def test_f13_the_filters_of_a_list_and_the_links_to_it_work(staff_client, booking):
    page = staff_client.get(address_of(Booking))
    offered = [
        choice["query_string"]
        for spec in page.context["cl"].filter_specs
        for choice in spec.choices(page.context["cl"])
    ]
    assert offered
    for query in (*offered, f"?telegram_user__exact={booking.telegram_user_id}"):
        assert staff_client.get(address_of(Booking) + query).status_code == 200, query


LETTER, ROUND = "Слова одному", "Слова потоку"


@pytest.fixture
def words(db: None) -> list[Any]:
    """A row of each table that holds words to individuals."""
    letter = BroadcastFactory.create(recipient_type="individual", message_text=LETTER, buttons=[[{"text": LETTER}]])
    BroadcastFactory.create(recipient_type="group", message_text=ROUND)
    template = MessageTemplate.objects.create(name="Шаблон")
    return [
        letter,
        Correction.objects.create(broadcast=letter, kind="edit", message_text=LETTER),
        Outbox.objects.create(
            telegram_user=TelegramUserFactory.create(), message_text=LETTER, queued_at=timezone.now()
        ),
        Draft.objects.create(content={"text": LETTER}),
        TemplateVersion.objects.create(template=template, number=1, content={"text": LETTER}),
        Segment.objects.create(name="Сегмент", audience={"include": [{"words": LETTER}]}),
    ]


def test_f13_words_to_individuals_are_shown_to_those_who_write_alone(client, words):
    viewer = UserFactory.create(is_staff=True)
    viewer.groups.add(Group.objects.get(name=VIEWER))
    writer = UserFactory.create(is_staff=True)
    writer.groups.add(Group.objects.get(name=MARKETING))
    for row in words:
        page, table = address_of(type(row), "change", row.pk), address_of(type(row))
        client.force_login(writer)
        assertContains(client.get(page), LETTER)
        client.force_login(viewer)

        assertNotContains(client.get(page), LETTER)
        assertContains(client.get(page), "текст видят только те, кто пишет")
        assertNotContains(client.get(table), LETTER)


def test_f13_a_search_does_not_tell_what_a_letter_says(client, words):
    viewer = UserFactory.create(is_staff=True)
    viewer.groups.add(Group.objects.get(name=VIEWER))
    client.force_login(viewer)

    assertContains(client.get(address_of(Broadcast), {"q": "Слова"}), ROUND)
    assert client.get(address_of(Broadcast), {"q": "одному"}).context["cl"].result_count == 0


def test_e10_of_periodic_tasks_only_the_tasks_are_in_the_menu(staff_client):
    models = [model.__name__ for model in admin.site._registry if model._meta.app_label == "django_celery_beat"]

    assert models == ["PeriodicTask"]
