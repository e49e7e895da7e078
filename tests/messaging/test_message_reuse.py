"""Automations, templates, segments and people to write to; each test is named after the fault that it keeps away."""

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from messaging.audiences.criteria import ActiveInStream, individuals
from messaging.automations.reach import facts_of
from messaging.automations.services import RuleValues
from messaging.broadcasts.outcome import outcome_of
from messaging.compose.services.library import save_template
from messaging.content.content import Content
from messaging.models import (
    Automation,
    Broadcast,
    Draft,
    MessageTemplate,
    Outbox,
    Segment,
    TelegramLink,
)
from tests.factories import (
    AutomationFactory,
    BookingFactory,
    EventFactory,
    RecipientFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.messaging.broadcasts import group, page
from tests.messaging.composing import address, form
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

State = Broadcast.State
HTMX = {"HX-Request": "true"}
LIST, DRAFTS = reverse("messaging:broadcast_list"), reverse("messaging:draft_list")


# C10: automations -----------------------------------------------------------------------------------------------------

EDIT = reverse("messaging:automation_edit", args=["booking_confirmed"])
PREVIEW = reverse("messaging:automation_preview", args=["booking_confirmed"])
NIGHT = datetime(2026, 12, 1, 23, 30, tzinfo=ZoneInfo("Europe/Moscow"))


@pytest.fixture
def rule() -> Automation:
    return AutomationFactory.create(kind="booking_confirmed", template="Привет, {first_name}! {course}", offset=0)


def test_c10_a_rule_is_written_with_the_editor_of_a_message(staff_client: Client, rule: Automation) -> None:
    shown = staff_client.get(EDIT)

    assertContains(shown, 'role="toolbar"')
    assertContains(shown, 'aria-controls="id_template"')
    assertContains(shown, "js/compose.js")
    assertContains(staff_client.get(address()), 'aria-controls="text"')


def test_c10_the_text_is_shown_for_any_student_though_nobody_is_due(staff_client: Client, rule: Automation) -> None:
    BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name="Анна"))
    boris = TelegramUserFactory.create(first_name="Борис", username="boris_b")
    nameless = TelegramUserFactory.create(first_name=None)

    assertContains(staff_client.get(EDIT), "Привет, Анна!")
    typed = {"template": "<b>Здравствуй</b>, {first_name}", "student": "", "search": ""}
    for chosen in ({"student": str(boris.pk)}, {"search": "@boris_b"}):
        shown = staff_client.post(PREVIEW, typed | chosen, headers=HTMX)
        assertContains(shown, "<strong>Здравствуй</strong>, Борис")
        assertNotContains(shown, "<h1")
    missing = staff_client.post(PREVIEW, typed | {"student": str(nameless.pk)}, headers=HTMX)
    assertContains(missing, "У этого студента нет имени")
    assertContains(staff_client.post(PREVIEW, typed | {"search": "никто"}, headers=HTMX), "Никого не нашлось")
    assertRedirects(staff_client.post(PREVIEW, typed), EDIT)
    without_scripts = staff_client.post(EDIT, typed | {"do": "preview", "student": str(boris.pk)})
    assertContains(without_scripts, "<strong>Здравствуй</strong>, Борис")
    rule.refresh_from_db()
    assert rule.template == "Привет, {first_name}! {course}"


@pytest.mark.parametrize("hostile", ["9" * 5000, "-", "x", "\0", "<" * 2000])
def test_c10_odd_choices_break_no_preview(staff_client: Client, rule: Automation, hostile: str) -> None:
    for field in ("student", "search", "template"):
        assert staff_client.post(PREVIEW, {field: hostile}, headers=HTMX).status_code == 200


def test_c10_a_rule_is_tested_as_it_is_typed_and_nothing_is_saved(
    staff_client: Client, staff: User, rule: Automation
) -> None:
    own = TelegramUserFactory.create()
    TelegramLink.objects.create(user=staff, telegram_user=own, linked_at=timezone.now())
    anna = BookingFactory.create(telegram_user=TelegramUserFactory.create(first_name="Анна")).telegram_user
    seen = json.dumps(asdict(RuleValues.of(rule)))
    typed = {"template": "Новое, {first_name}", "offset": "0", "seen": seen, "do": "test", "student": str(anna.pk)}

    response = staff_client.post(EDIT, typed)

    test = Broadcast.objects.get(recipient_type="test")
    assert test.message_text == "Новое, Анна"
    assert [row.telegram_user for row in test.recipients.all()] == [own]
    assertContains(response, f'hx-get="{page(test, "detail")}own-test/"')
    assertContains(response, "Новое, {first_name}")
    rule.refresh_from_db()
    assert rule.template == "Привет, {first_name}! {course}"


def test_c10_at_night_it_says_who_waits_for_the_morning(
    staff_client: Client, rule: Automation, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = TelegramUserFactory.create()
    Outbox.objects.create(
        rule=rule, kind=rule.kind, telegram_user=person, message_text="…", queued_at=NIGHT, state="queued"
    )
    Automation.objects.filter(pk=rule.pk).update(is_on=True, switched_on_at=NIGHT)
    rule.refresh_from_db()

    [facts] = facts_of([rule], at=NIGHT)
    assert facts.waiting == 1
    assert facts_of([rule], at=NIGHT + timedelta(hours=12))[0].waiting == 0
    monkeypatch.setattr("messaging.automations.views.timezone", SimpleNamespace(now=lambda: NIGHT))
    assertContains(staff_client.get(reverse("messaging:automation_list")), "1 сообщение ждёт до 09:00")


# C11: templates and segments ------------------------------------------------------------------------------------------


def test_c11_a_template_is_renamed_and_keeps_its_versions(staff_client: Client, staff: User) -> None:
    version = save_template(name="Старт", content=Content(text="Привет"), by=staff)
    save_template(name="Другой", content=Content(text="Пока"), by=staff)
    rename = reverse("messaging:template_rename", args=[version.template_id])

    staff_client.post(rename, {"template_name": " Старт  курса "})
    taken = staff_client.post(rename, {"template_name": "Другой"}, follow=True)
    empty = staff_client.post(rename, {"template_name": ""}, follow=True)

    assertContains(taken, "Шаблон «Другой» уже есть.")
    assertContains(empty, "Введите название шаблона.")
    template = MessageTemplate.objects.get(pk=version.template_id)
    assert (template.name, template.versions.count()) == ("Старт курса", 1)


def test_c11_a_message_is_written_from_a_template(staff_client: Client, staff: User) -> None:
    save_template(name="Старт", content=Content(text="Первое"), by=staff)
    version = save_template(name="Старт", content=Content(text="Второе", silent=True), by=staff)
    assertContains(staff_client.get(reverse("messaging:template_list")), "Написать по шаблону")

    response = staff_client.post(reverse("messaging:template_write", args=[version.template_id]))

    draft = Draft.objects.get()
    assert response["Location"] == address("", draft)
    assert (draft.content["text"], draft.content["silent"], draft.template) == ("Второе", True, version)


def test_c11_a_segment_of_the_same_name_is_replaced_only_when_that_was_asked(staff_client: Client, stream: str) -> None:
    save, named = address("segment_save"), {"segment_name": "Свои"}
    staff_client.post(save, form(stream, **named))
    before = Segment.objects.get().audience

    staff_client.post(save, form(stream, **named))  # the same people: nothing to ask
    asked = staff_client.post(save, form("", person=[1], **named))

    assertContains(asked, "Сегмент «Свои» уже есть", status_code=409)
    assertContains(asked, 'name="segment_replace" value="Свои"', status_code=409)
    assert Segment.objects.get().audience == before
    staff_client.post(save, form("", person=[1], **named, segment_replace="Другие"))
    assert Segment.objects.get().audience == before
    staff_client.post(save, form("", person=[1], **named, segment_replace="Свои"))
    assert Segment.objects.get().audience["include"] == [{"kind": "people", "ids": [1]}]


# C12: one definition each ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "left_out"), [(None, True), (7, True), (0, True), (2, True), (-1, False)])
def test_c12_leaving_out_a_stream_leaves_out_unknown_statuses_too(status: int | None, left_out: bool) -> None:
    booking = BookingFactory.create(course_stream="6th_stream", confirmed=status)
    person = booking.telegram_user
    audience = replace(individuals([person.pk]), exclude=(ActiveInStream("6th_stream", booking.course_id),))

    assert audience.reached(at=timezone.now()).exists() is not left_out


def test_c12_blocking_the_bot_is_nothing_that_one_did_after_a_message() -> None:
    now = timezone.now()
    broadcast = group(started_at=now - timedelta(hours=2))
    person = RecipientFactory.create(message=broadcast, state="sent", sent_at=now - timedelta(hours=2)).telegram_user
    EventFactory.create(telegram_user=person, event_type="bot_blocked", created_at=now - timedelta(hours=1))

    [events] = [measure for measure in outcome_of(broadcast, at=now).measures if measure.name == "events"]

    assert events.count == 0


# C13: «Написать» ------------------------------------------------------------------------------------------------------


def test_c13_a_person_s_page_leads_to_a_message_to_them(staff_client: Client) -> None:
    person = TelegramUserFactory.create(first_name="Борис")

    shown = staff_client.get(reverse("users:person_detail", args=[person.pk]))

    own = f"{address()}?to={person.pk}"
    assertContains(shown, f'href="{own}"')
    assertContains(staff_client.get(own), "Борис")


def test_c13_many_chosen_in_a_list_get_one_draft(staff_client: Client) -> None:
    anna, boris = TelegramUserFactory.create_batch(2)
    booking = BookingFactory.create()
    to = reverse("messaging:compose_to")
    assertContains(staff_client.get(reverse("users:person_list")), f'formaction="{to}"')

    response = staff_client.post(to, {"person": [anna.pk, boris.pk, "x"], "booking": [booking.pk, "9" * 5000]})

    draft = Draft.objects.get()
    assert response["Location"] == address("", draft)
    ids = [anna.pk, boris.pk, booking.telegram_user_id]
    assert draft.content["audience"]["include"] == [{"kind": "people", "ids": ids}]
    nobody = staff_client.post(to, {"next": reverse("users:person_list")}, follow=True)
    assertContains(nobody, "Сначала выберите хотя бы одного человека.")


def test_c13_who_may_not_write_sees_no_way_to(client: Client) -> None:
    client.force_login(UserFactory.create(permissions=["users.view_telegramuser"]))
    person = TelegramUserFactory.create()

    assertNotContains(client.get(reverse("users:person_detail", args=[person.pk])), "?to=")
    assert client.post(reverse("messaging:compose_to"), {"person": [person.pk]}).status_code == 403
