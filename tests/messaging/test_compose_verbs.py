"""The verbs of the form of a new message, each at its address; and what is posted or stored that nobody typed."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from messaging.compose.services.library import save_segment, save_template
from messaging.compose.views.context import VERBS
from messaging.content.content import Content
from messaging.models import Broadcast, Draft, MessageTemplate, Segment, TelegramLink
from tests.factories import BroadcastFactory, RecipientFactory, TelegramUserFactory, UserFactory
from tests.messaging.composing import MAY_WRITE, NEW, address, form, write
from users.models import User

pytestmark = pytest.mark.usefixtures("woken")

CRITERION = '{"kind": "received", "broadcast_id": %s, "states": ["sent"]}'


@dataclass(frozen=True)
class Case:
    """What a verb is sent besides the form, and where it leads."""

    verb: str
    place: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    shows: bool = False  # htmx is shown what changed, without leaving the page


CASES = [
    Case("draft_preview", "?count=1#preview", shows=True),
    Case("draft_preview", "?q=%D0%98%D0%B2#people", {"q": "Ив"}, shows=True),
    Case("draft_overwrite", shows=True),
    Case("draft_check", "confirm/"),
    Case("draft_test", "#preview"),
    Case("draft_upload", "#media", {"kind": "document"}),
    Case("draft_file_remove", "#media"),
    Case("draft_button_add", "?button=1#buttons"),
    Case("draft_person_add", "#people", {"chosen": 77}, shows=True),
    Case("draft_person_leave", "#people", {"chosen": 77}, shows=True),
    Case("template_save", "#library", {"template_name": "Старт"}),
    Case("template_use", "", {"template": "kept"}),
    Case("segment_save", "#segments", {"segment_name": "Свои"}),
    Case("segment_use", "", {"segment": "kept"}),
    Case("segment_delete", "#segments", {"segment": "kept"}),
]
each_verb = pytest.mark.parametrize("case", CASES, ids=[case.verb for case in CASES])


@pytest.fixture
def kept(db: None) -> dict[str, int]:
    """A template and a segment that everybody may use."""
    author, content = UserFactory.create(), Content(text="Слова шаблона")
    version = save_template(name="Шаблон", content=content, by=author)
    segment = save_segment(name="Сегмент", content=content, by=author, shared=True)
    return {"template": version.pk, "segment": segment.pk}


@pytest.fixture
def linked(staff: User) -> None:
    TelegramLink.objects.create(user=staff, telegram_user=TelegramUserFactory.create(), linked_at=timezone.now())


@pytest.fixture
def media_root(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def sent(case: Case, stream: str, kept: dict[str, int], **changes: Any) -> dict[str, Any]:
    fields = {name: kept.get(name) if value == "kept" else value for name, value in case.fields.items()}
    if case.verb == "draft_upload":
        fields["media_upload"] = SimpleUploadedFile("plan.pdf", b"plan")
    return form(stream, **{"text": "Привет!", **fields, **changes})


def test_every_verb_has_its_case() -> None:
    assert {case.verb for case in CASES} == set(VERBS)


@each_verb
@pytest.mark.usefixtures("linked", "media_root")
def test_a_verb_keeps_the_form_and_leads_a_browser_back_to_it(
    staff_client: Client, stream: str, kept: dict[str, int], case: Case
) -> None:
    response = staff_client.post(address(case.verb), sent(case, stream, kept))

    draft = Draft.objects.get()
    assert response.status_code == 303
    assert response["Location"] == f"{address('', draft)}{case.place}"
    assert staff_client.get(response["Location"]).status_code == 200
    assert draft.content["text"] == ("Слова шаблона" if case.verb == "template_use" else "Привет!")


@each_verb
@pytest.mark.usefixtures("linked", "media_root")
def test_a_verb_answers_htmx_with_what_changed_or_where_to_go(
    staff_client: Client, stream: str, kept: dict[str, int], case: Case
) -> None:
    draft = write(staff_client, stream, "")
    changes = {"version": draft.version, "theirs": draft.version}

    response = staff_client.post(
        address(case.verb, draft), sent(case, stream, kept, **changes), headers={"HX-Request": "true"}
    )

    assert response.status_code == 200
    if case.shows:
        assertContains(response, 'id="draft-state" hx-swap-oob="true"')
        assertNotContains(response, "<h1")
    else:
        assert response["HX-Redirect"] == f"{address('', draft)}{case.place}"
    assert "HX-Replace-Url" not in response


@each_verb
def test_a_verb_is_not_done_while_something_is_not_understood_and_the_rest_is_kept(
    staff_client: Client, stream: str, kept: dict[str, int], case: Case
) -> None:
    response = staff_client.post(address(case.verb), sent(case, stream, kept, quiet_hours="вчера"))

    assert response.status_code == 422
    assert response.context["faults"].quiet_hours
    assertContains(response, 'value="вчера"', status_code=422)
    draft = Draft.objects.get()
    # Language and theme are switched on the page of the form: this address only takes forms.
    assertContains(response, f'name="next" value="{address("", draft)}">', count=2, status_code=422)
    assert draft.content["text"] == "Привет!" and not draft.media_upload
    assert (MessageTemplate.objects.count(), Segment.objects.count()) == (1, 1)
    assert not Broadcast.objects.exists()


def test_only_who_may_send_sends_to_themselves(client: Client, stream: str) -> None:
    client.force_login(UserFactory.create(permissions=MAY_WRITE))

    assert client.post(address("draft_test"), form(stream)).status_code == 403


@pytest.mark.parametrize(
    ("verb", "fields", "place"),
    [
        ("template_save", {"template_name": " "}, "template"),
        ("template_save", {"template_name": "я" * 101}, "template"),
        ("template_use", {"template": ""}, "template"),
        ("template_use", {"template": "9" * 5000}, "template"),
        ("segment_save", {}, "segment"),
        ("segment_use", {"segment": "9" * 5000}, "segment"),
        ("segment_delete", {"segment": "x"}, "segment"),
        ("draft_person_add", {"chosen": "9" * 5000}, "people"),
        ("draft_person_leave", {}, "people"),
    ],
)
def test_c14_what_a_verb_asks_for_and_does_not_understand_is_said_beside_it(
    staff_client: Client, stream: str, verb: str, fields: dict[str, str], place: str
) -> None:
    response = staff_client.post(address(verb), form(stream, **fields))

    assert response.status_code == 422
    assert getattr(response.context["faults"], place)
    assert not MessageTemplate.objects.exists() and not Segment.objects.exists()


# Throwing a draft away ------------------------------------------------------------------------------------------------


def test_a_draft_is_thrown_away_whatever_stands_in_the_form(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream, "")
    nonsense = form(version=draft.version, quiet_hours="вчера", kind="gif")

    response = staff_client.post(address("draft_discard", draft), nonsense)

    assert (response.status_code, response["Location"]) == (303, NEW)
    assert not Draft.objects.exists()


def test_what_a_colleague_changed_meanwhile_is_not_thrown_away(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream, "")
    Draft.objects.update(version=draft.version + 1, saved_from="page-2", content={"text": "Чужое"})

    for headers in ({}, {"HX-Request": "true"}):
        response = staff_client.post(address("draft_discard", draft), form(version=draft.version), headers=headers)
        assertContains(response, "Чужое", status_code=409)

    assert Draft.objects.exists()


# Nonsense that is posted ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"buttons": [("Да", "yes", "1" * 5000)]}, "buttons"),
        ({"buttons": [("Да", "yes", "²")]}, "buttons"),
        ({"buttons": [("Да", "yes", "0")]}, "buttons"),
        ({"buttons": [("Д" * 300, "yes", "1")]}, "buttons"),
        ({"buttons-TOTAL_FORMS": "9" * 5000}, "buttons"),
        ({"buttons-TOTAL_FORMS": "100000"}, "buttons"),
        ({"kept_include": "[" * 100_000}, "audience"),
        ({"kept_include": "nonsense"}, "audience"),
        ({"kept_include": "[]"}, "audience"),
        ({"kept_include": CRITERION % "[]"}, "audience"),
        ({"kept_include": CRITERION % ("9" * 400)}, "audience"),
        ({"kept_narrow": '{"kind": "people", "ids": ["x"]}'}, "audience"),
        ({"kept_exclude": '{"kind": "stream", "code": "\\ud800"}'}, "audience"),
        ({"kept_exclude": '{"kind": "active_since", "since": "0001-01-01"}'}, "audience"),
        ({"cell": ["::", "x"]}, "audience"),
        ({"cell": ["9" * 5000 + ":a:1"]}, "audience"),
        ({"cell": ["1:a:7"]}, "audience"),
        ({"leave_stream": ["y" * 300]}, "audience"),
        ({"group": ["no"]}, "audience"),
        ({"person": ["x"]}, "audience"),
        ({"person": ["9" * 5000]}, "audience"),
        ({"quiet_hours": "-3"}, "quiet_hours"),
        ({"quiet_hours": "9" * 5000}, "quiet_hours"),
        ({"kind": "gif"}, "media"),
        ({"media_earlier": "gif|1"}, "media"),
        ({"media_file_id": "A" * 501}, "media"),
        ({"preview_for": "9" * 5000}, "preview_for"),
        ({"when": "never"}, "at"),
        ({"when": "at", "at": "завтра"}, "at"),
        ({"when": "at", "at": "0001-01-01T00:00"}, "at"),
        ({"when": "at", "at": "9999-12-31T23:59"}, "at"),
        ({"text": "я" * 16_385}, "text"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_c14_what_is_not_understood_is_told_beside_its_field_and_not_stored(
    staff_client: Client, stream: str, fields: dict[str, Any], place: str
) -> None:
    draft = write(staff_client, stream, "", text="Было", at="2026-11-21T18:55")
    before = draft.content
    posted = form(**{"cell": stream, "text": "Было", "at": "2026-11-21T18:55", "version": draft.version, **fields})

    for headers in ({"HX-Request": "true"}, {}):
        response = staff_client.post(address("", draft), posted, headers=headers)
        assert response.status_code == 422
        assert getattr(response.context["faults"], place)

    draft.refresh_from_db()
    changed = {name for name, value in draft.content.items() if value != before[name]}
    assert changed <= {"when"}
    assert staff_client.get(address("", draft)).status_code == 200


@pytest.mark.parametrize("name", ["draft", "version", "theirs", "saved_from"])
def test_c14_a_page_that_names_itself_wrongly_is_no_request_of_ours(
    staff_client: Client, stream: str, name: str
) -> None:
    assert staff_client.post(NEW, form(stream, **{name: "9" * 5000})).status_code == 400
    assert not Draft.objects.exists()


def test_c14_a_draft_that_does_not_exist_is_not_found(staff_client: Client, stream: str) -> None:
    for address_of_none in (f"{NEW}{'9' * 30}/", f"{NEW}{'9' * 5000}/", f"{NEW}7/preview/"):
        assert staff_client.post(address_of_none, form(stream)).status_code == 404
    assert staff_client.get(f"{NEW}?to={'9' * 5000}").status_code == 200


# Oddities that are stored ---------------------------------------------------------------------------------------------

ODD = [
    [],
    "words",
    {"text": 5, "kind": "gif", "buttons": "x", "when": [], "at": 7, "audience": []},
    {"text": "Привет", "buttons": [{"text": "Да", "target": "yes", "row": "1" * 5000}]},
    {"text": "Привет", "buttons": [{"text": "Да", "target": None}, 5]},
    {"text": "Привет", "when": "at", "at": "9999-12-31T23:59:59"},
    {"text": "Привет", "preview_for": "x", "original": 10**30},
    {"text": "Привет", "audience": {"include": [{"kind": "received", "broadcast_id": "x", "states": ["sent"]}]}},
    {"text": "Привет", "audience": {"include": [{"kind": "received", "broadcast_id": 7, "states": ["lost"]}]}},
    {"text": "Привет", "audience": {"include": [{"kind": "active_since"}], "quiet_hours": 10**9}},
    {"text": "Привет", "audience": {"include": 5, "narrow": "x"}},
]


@pytest.mark.parametrize("stored", ODD, ids=lambda value: str(value)[:60])
def test_c14_a_stored_draft_that_holds_anything_odd_still_opens(staff_client: Client, stored: Any) -> None:
    draft = Draft.objects.create(content=stored)

    for page in (NEW, address("", draft), address("compose_confirm", draft)):
        assert staff_client.get(page, follow=True).status_code == 200
    kept = staff_client.post(address("", draft), form(version=draft.version, text="Другое"))

    assert kept.status_code == 303
    draft.refresh_from_db()
    assert draft.content["text"] == "Другое"


@pytest.mark.parametrize("stored", ODD, ids=lambda value: str(value)[:60])
def test_c14_a_template_and_a_segment_that_hold_anything_odd_can_be_used(
    staff_client: Client, kept: dict[str, int], stored: Any
) -> None:
    MessageTemplate.objects.get().versions.update(content=stored)
    Segment.objects.update(audience=stored)

    for verb, name in (("template_use", "template"), ("segment_use", "segment")):
        response = staff_client.post(address(verb), form(**{name: kept[name]}), follow=True)
        assert response.status_code == 200


# Words of others ------------------------------------------------------------------------------------------------------

CPP = 'cout<<name<<" "<<score<<endl;\n' * 40
HOSTILE = [CPP, "<" * 20_000, "<a " * 2500, "<a href='x' " * 2000, "&#" * 5000, "</" * 5000]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda value: value[:12])
def test_a1_one_persons_words_close_no_list_for_the_others(staff_client: Client, text: str) -> None:
    draft = Draft.objects.create(content=Content(text=text).as_json())
    broadcast = BroadcastFactory.create(message_text=text, media_file_id="BAAC", kind="photo", state="finished")
    person = RecipientFactory.create(message=broadcast).telegram_user
    began = time.monotonic()

    for page in (NEW, address("", draft), f"/users/{person.pk}/", "/messages/", "/messages/templates/"):
        assert staff_client.get(page).status_code == 200

    assert time.monotonic() - began < 10


def test_a1_the_author_is_told_each_mistake(staff_client: Client, stream: str) -> None:
    response = staff_client.post(address("draft_check"), form(stream, text=CPP))

    assert response.status_code == 422
    assert len(response.context["faults"].text) >= 20
    assert Draft.objects.get().content["text"] == CPP


@pytest.mark.parametrize("text", ["<a " * 2500, "<a href='x' " * 2000, "<a " * 10_900], ids=lambda value: value[:8])
def test_a2_a_text_that_is_all_tags_is_kept_shown_and_refused_at_once(
    staff_client: Client, stream: str, text: str
) -> None:
    began = time.monotonic()
    response = staff_client.post(address("draft_check"), form(stream, text=text))
    opened = staff_client.get(address("", Draft.objects.get()))

    assert (response.status_code, opened.status_code) == (422, 200)
    assert time.monotonic() - began < 10


def test_a2_two_megabytes_are_refused_before_they_are_parsed_and_a_stored_one_opens(
    staff_client: Client, stream: str
) -> None:
    huge = "<a " * 700_000
    stored = Draft.objects.create(content=Content(text=huge).as_json())
    began = time.monotonic()

    assert staff_client.post(NEW, form(stream, text=huge)).status_code == 422
    assert staff_client.get(address("", stored)).status_code == 200
    assert time.monotonic() - began < 10
