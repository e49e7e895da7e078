"""What belongs to one member of staff: a colleague with every permission of a role cannot read or change it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.forms.models import model_to_dict
from django.test import Client
from django.utils import timezone

from bookings.models import BulkChange
from messaging.models import Conversation, Draft, Segment
from tests.access import ACCESS
from tests.factories import BroadcastFactory, EventFactory, RecipientFactory, TelegramUserFactory
from tests.signing_in import member, reauthenticated
from users.models import ApiToken, Note, SavedView, UndoableAct, User
from users.staff.roles import ADMINISTRATOR, COURSES, MARKETING, ROLES, VIEWER
from users.tokens.services import create_api_token

pytestmark = pytest.mark.django_db

SECRET = "Секретные слова"
EVERYBODY = {"include": [{"kind": "all"}], "exclude": [], "narrow": []}


def saved_view(owner: User) -> tuple[Model, list[str]]:
    view = SavedView.objects.create(owner=owner, name=SECRET, path="/bookings/", query="status=2", feed_digest="x")
    return view, [f"/views/{view.pk}/{act}" for act in ("", "remove/", "feed/", "feed/stop/")]


def token(owner: User) -> tuple[Model, list[str]]:
    new = create_api_token(owner=owner, name=SECRET, scopes=["read"], expires_at=None, by=owner)
    return new.token, [f"/accounts/tokens/{new.token.pk}/{act}/" for act in ("rotate", "revoke")]


def act_to_undo(owner: User) -> tuple[Model, list[str]]:
    now = timezone.now()
    act = UndoableAct.objects.create(
        done_by=owner, done_at=now, expires_at=now + timedelta(hours=1), kind="tag", done={"tag": 1}
    )
    return act, [f"/undo/{act.pk}/"]


def bulk_change(owner: User) -> tuple[Model, list[str]]:
    change = BulkChange.objects.create(kind="tag", value=SECRET, made_by=owner, prepared_at=timezone.now())
    return change, [f"/bookings/bulk/{change.pk}/"]


BELONGINGS = [saved_view, token, act_to_undo, bulk_change]


def sent(client: Client, addresses: list[str]) -> Iterator[tuple[str, Any]]:
    for address in addresses:
        for method in ("get", "post"):
            fields = {"name": "Другое", "is_shared": "on", "notify": "on", "reason": "x"}
            yield f"{method} {address}", getattr(client, method)(address, fields if method == "post" else None)


@pytest.mark.parametrize("role", [COURSES, MARKETING, VIEWER])
@pytest.mark.parametrize("belonging", BELONGINGS)
def test_a_colleague_of_any_role_neither_reads_nor_changes_it(belonging, role):
    row, addresses = belonging(member(role))
    before = model_to_dict(row)

    for said, response in sent(reauthenticated(member(role)), addresses):
        assert response.status_code in {403, 404, 405}, said
        assert SECRET not in response.text, said
    row.refresh_from_db()
    assert model_to_dict(row) == before


@pytest.mark.parametrize("belonging", BELONGINGS)
def test_an_administrator_takes_nothing_over_either(belonging):
    row, addresses = belonging(member(COURSES))
    before = model_to_dict(row)

    for said, response in sent(reauthenticated(member(ADMINISTRATOR)), addresses):
        if not said.endswith("/revoke/"):  # a token that leaked is ended by who is there
            assert response.status_code in {403, 404, 405}, said
    row.refresh_from_db()
    assert model_to_dict(row) == before | ({"revoked_at": row.revoked_at} if isinstance(row, ApiToken) else {})


def test_a_note_is_deleted_by_its_author_and_by_who_may_delete_notes():
    person = TelegramUserFactory.create()
    row = Note.objects.create(telegram_user=person, text=SECRET, written_by=member(COURSES), written_at=timezone.now())

    for said, response in sent(reauthenticated(member(VIEWER)), [f"/users/{person.pk}/notes/{row.pk}/delete/"]):
        assert response.status_code == 403, said
    assert Note.objects.get() == row


@pytest.mark.parametrize("act", ["use", "delete"])
def test_a_personal_segment_of_another_is_none_of_the_form(act):
    segment = Segment.objects.create(name=SECRET, audience=EVERYBODY, owner=member(MARKETING))
    draft = Draft.objects.create()
    client = reauthenticated(member(MARKETING))

    response = client.post(f"/messages/new/{draft.pk}/segment/{act}/", {"segment": segment.pk, "version": 1})

    assert response.status_code == 422 and SECRET not in response.text
    assert Segment.objects.get() == segment
    draft.refresh_from_db()
    assert draft.content.get("audience", {}).get("include", []) == []


@pytest.mark.parametrize("role", [COURSES, VIEWER])
def test_drafts_are_shared_by_those_who_write_and_by_nobody_else(role):
    draft = Draft.objects.create(content={"text": SECRET}, created_by=member(MARKETING))
    client = reauthenticated(member(role))

    for path in ("", "confirm/", "preview/", "discard/", "file/", "file/upload/", "check/", "total/", "test/"):
        for said, response in sent(client, [f"/messages/new/{draft.pk}/{path}"]):
            assert response.status_code in {403, 405}, said
            assert SECRET not in response.text
    assert list(Draft.objects.values_list("content", flat=True)) == [{"text": SECRET}]


def test_who_only_sees_counts_reads_no_conversation_and_no_letter():
    writer = TelegramUserFactory.create()
    EventFactory.create(telegram_user=writer, event_type="student_response", details={"message_text": SECRET})
    letter = BroadcastFactory.create(message_text=SECRET, recipient_type="individual")
    RecipientFactory.create(message=letter, telegram_user=writer)
    client = reauthenticated(member(VIEWER))

    paths = [
        f"/inbox/{writer.pk}/{act}" for act in ("", "live/", "answer/", "preview/", "close/", "snooze/", "assign/")
    ]
    for said, response in sent(client, [*paths, f"/messages/{letter.pk}/file/"]):
        assert response.status_code in {403, 404, 405}, said
        assert SECRET not in response.text, said
    for page in (f"/messages/{letter.pk}/", f"/users/{writer.pk}/", "/messages/", "/inbox/"):
        assert SECRET not in client.get(page).text, page
    assert not Conversation.objects.exclude(assignee=None).exists()


def test_lists_are_taken_only_by_who_may_export_and_no_file_stays_behind():
    """An export is streamed to who asked: there is no stored file that another could open."""
    exports = [name for name in ACCESS if name.endswith("_export") and "audit" not in name]
    assert len(exports) > 5
    assert [
        name for name in exports if VIEWER in ACCESS[name].post | ACCESS[name].get and name != "analytics:table_export"
    ] == []
    assert set(ROLES) == {ADMINISTRATOR, COURSES, MARKETING, VIEWER}
