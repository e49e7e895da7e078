"""Notes, tags, blocks and looks at e-mails: what is written, and who is told that somebody was quicker."""

from datetime import UTC, datetime

import pytest

from hsl_dashboard.db import run_sql
from tests.factories import TelegramUserFactory, UserFactory
from users import services
from users.models import BlockedUser, EmailDisclosure, Note, PersonTag, Tag

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return TelegramUserFactory.create()


@pytest.fixture
def manager():
    return UserFactory.create()


def last_audit(model):
    return model.objects.select_related("pgh_context").order_by("-pgh_id").first()


def test_a_note_keeps_its_author_and_time(person, manager):
    note = services.write_note(person=person, text="Просила рассрочку", by=manager, at=AT)

    note.refresh_from_db()
    assert (note.text, note.written_by, note.written_at) == ("Просила рассрочку", manager, AT)


def test_a_deleted_note_leaves_who_deleted_it_and_not_what_it_said(person, manager):
    note = services.write_note(person=person, text="личное", by=manager, at=AT)

    services.delete_note(note=note, by=manager)

    audit = last_audit(Note.pgh_event_model)
    assert not Note.objects.exists()
    assert audit.pgh_context.metadata["user"] == manager.pk
    assert not hasattr(audit, "text")


def test_one_tag_serves_all_letter_cases(person, manager):
    other = TelegramUserFactory.create()

    services.add_tag(person=person, name="Рассрочка", by=manager)
    services.add_tag(person=person, name="рассрочка", by=manager)
    services.add_tag(person=other, name="РАССРОЧКА", by=manager)

    assert [tag.name for tag in Tag.objects.all()] == ["Рассрочка"]
    assert PersonTag.objects.count() == 2


@pytest.mark.parametrize("name", ["İstanbul", "ß", "🙂", "'; DROP TABLE users; --", "%_\\"])
def test_a_tag_may_be_any_text_and_is_found_again(person, manager, name):
    first = services.add_tag(person=person, name=name, by=manager)

    assert services.add_tag(person=TelegramUserFactory.create(), name=name, by=manager) == first


def test_a_person_has_a_limited_number_of_tags(person, manager):
    for number in range(services.MAX_TAGS):
        services.add_tag(person=person, name=f"tag {number}", by=manager)

    services.add_tag(person=person, name="TAG 0", by=manager)
    with pytest.raises(services.TooManyTags):
        services.add_tag(person=person, name="one more", by=manager)

    assert person.tags.count() == services.MAX_TAGS


def test_a_removed_tag_stays_for_others_and_in_the_history(person, manager):
    tag = services.add_tag(person=person, name="VIP", by=manager)

    services.remove_tag(person=person, tag=tag, by=manager)
    services.remove_tag(person=person, tag=tag, by=manager)

    assert not person.tags.exists()
    assert Tag.objects.filter(pk=tag.pk).exists()
    labels = list(PersonTag.pgh_event_model.objects.order_by("pgh_id").values_list("pgh_label", flat=True))
    assert labels == ["insert", "delete"]


def test_a_block_has_a_reason_and_an_actor(person, manager):
    services.block_person(person=person, by=manager, at=AT, reason="попросил не писать")

    block = BlockedUser.objects.get()
    audit = last_audit(BlockedUser.pgh_event_model)
    assert (block.pk, block.reason, block.blocked_at) == (person.pk, "попросил не писать", AT)
    assert (audit.pgh_context.metadata["user"], audit.pgh_context.metadata["reason"]) == (
        manager.pk,
        "попросил не писать",
    )


def test_a_second_block_is_refused_and_changes_nothing(person, manager):
    BlockedUser.objects.create(telegram_user=person, reason="bot_blocked_by_user")

    with pytest.raises(services.AlreadyBlocked):
        services.block_person(person=person, by=manager, at=AT, reason="спам")

    assert BlockedUser.objects.get().reason == "bot_blocked_by_user"


def test_unblocking_keeps_who_and_why(person, manager):
    services.block_person(person=person, by=manager, at=AT, reason="спам")

    services.unblock_person(person=person, by=manager, reason="ошибка")

    audit = last_audit(BlockedUser.pgh_event_model)
    assert not BlockedUser.objects.exists()
    assert (audit.pgh_label, audit.pgh_context.metadata["reason"]) == ("delete", "ошибка")


def test_unblocking_somebody_who_is_not_blocked_is_said(person, manager):
    with pytest.raises(services.NotBlocked):
        services.unblock_person(person=person, by=manager, reason="")


def test_a_look_at_an_email_is_written_down(person, manager):
    services.disclose_emails(person=person, to=manager, at=AT)

    look = EmailDisclosure.objects.get()
    assert (look.telegram_user, look.shown_to, look.shown_at) == (person, manager, AT)


def test_the_bot_may_delete_a_person_with_notes_and_tags(person, manager):
    services.write_note(person=person, text="…", by=manager, at=AT)
    services.add_tag(person=person, name="VIP", by=manager)
    services.disclose_emails(person=person, to=manager, at=AT)

    run_sql("DELETE FROM users WHERE user_id = %s", [person.pk])

    assert not Note.objects.exists()
    assert not PersonTag.objects.exists()
    assert not EmailDisclosure.objects.exists()
