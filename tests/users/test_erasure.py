"""Erasing and exporting a person: nothing is left of them anywhere, and every count stays what it was."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pghistory
import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.urls import reverse

from bookings.labels import Labels
from bookings.models import Booking, BulkChange, BulkRow, FreeLessonRegistration, HackathonRegistration, ReferralUsage
from bookings.services.statuses import change_booking_status
from bookings.statistics import course_statistics
from messaging.models import (
    Broadcast,
    Draft,
    MessageTemplate,
    Outbox,
    Recipient,
    Segment,
    TelegramLink,
    TemplateVersion,
)
from tests.factories import (
    PASSWORD,
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    ReferralCouponFactory,
    TelegramUserFactory,
)
from users.models import BlockedUser, EmailDisclosure, Event, LivePersonTotals, Note, PeopleExport, TelegramUser, User
from users.personal_data.contents import personal_data
from users.personal_data.erasure import erase_person
from users.services import add_tag, block_person, unblock_person, write_note
from users.totals import totals_differences

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ID = 7_654_321_987
USERNAME, OLD_USERNAME = "Zhozefina_Unikova", "zhozi_old"
FIRST, LAST, OLD_FIRST = "Жозефина", "Уникова-Редкая", "Жози"
EMAIL = "zhozefina+hsl@example.test"
# Whatever of this is found anywhere afterwards is left of them.
TRACES = (str(ID), USERNAME, OLD_USERNAME, FIRST, LAST, OLD_FIRST, EMAIL)


@pytest.fixture
def person(staff: User) -> TelegramUser:
    """Somebody with rows in every table, and named by others in every way."""
    person = TelegramUserFactory.create(user_id=ID, username=USERNAME, first_name=FIRST, last_name=LAST)
    booking = BookingFactory.create(telegram_user=person, username=OLD_USERNAME, first_name=OLD_FIRST)
    Booking.objects.filter(pk=booking.pk).update(discount_percent=5)
    with pghistory.context(url=f"/users/{ID}/", reason=f"{FIRST} попросила"):
        change_booking_status(booking=booking, to=Booking.Status.CONFIRMED, by=staff, at=NOW, reason="")
    details = {"username": USERNAME, "first_name": FIRST, "email": EMAIL, "course_id": 1, "free": "text"}
    EventFactory.create(telegram_user=person, event_type="view_program", details=details)
    EventFactory.create(telegram_user=person, details=None, username=USERNAME, first_name=FIRST)
    EventFactory.create(telegram_user=person, event_type="odd", details=["a list", FIRST])
    FreeLessonRegistrationFactory.create(telegram_user=person, email=EMAIL, first_name=FIRST, username=USERNAME)
    coupon = ReferralCouponFactory.create(created_by=ID, name=f"От {FIRST} {LAST}")
    ReferralUsage.objects.create(coupon=coupon, telegram_user=person, booking=booking)
    HackathonRegistration.objects.create(telegram_user=person, username=USERNAME)
    HackathonRegistration.objects.create(telegram_user=None, username=USERNAME)
    block_person(person=person, by=staff, at=NOW, reason=f"{FIRST} просила")
    unblock_person(person=person, by=staff, reason="передумала")
    block_person(person=person, by=staff, at=NOW, reason="снова")
    write_note(person=person, text=f"{FIRST}: звонить после шести", by=staff, at=NOW)
    add_tag(person=person, name="VIP", by=staff)
    EmailDisclosure.objects.create(telegram_user=person, shown_to=staff, shown_at=NOW)
    PeopleExport.objects.create(
        exported_by=staff, query="q=%D0%96%D0%BE%D0%B7%D0%B5%D1%84%D0%B8%D0%BD%D0%B0", format="csv", with_emails=True
    )
    _letters(person, booking, staff)
    _kept_for_later(person, booking, staff)
    _words_of_others(staff)
    return person


def _letters(person: TelegramUser, booking: Booking, staff: User) -> None:
    alone = BroadcastFactory.create(message_text=f"{FIRST}, ждём вас", created_by=staff, total_recipients=1)
    RecipientFactory.create(message=alone, telegram_user=person, username=USERNAME, state="sent")
    audience = {"include": [{"kind": "people", "ids": [ID, 42]}]}
    many = BroadcastFactory.create(message_text=f"Привет всем, и @{USERNAME}!", audience=audience)
    RecipientFactory.create(message=many, telegram_user=person, error_text=f"chat {ID} not found", state="failed")
    RecipientFactory.create(message=many, state="sent")
    scheduled = BroadcastFactory.create(message_text="Завтра")
    RecipientFactory.create(message=scheduled, telegram_user=person)
    RecipientFactory.create(message=scheduled)
    Outbox.objects.create(
        telegram_user=person, booking=booking, kind="booking_confirmed", message_text=f"{FIRST}!", queued_at=NOW
    )


def _kept_for_later(person: TelegramUser, booking: Booking, staff: User) -> None:
    """What composing and changes of many keep: words and questions that name somebody."""
    audience = {"include": [{"kind": "people", "ids": [ID, 42]}]}
    content = {"text": f"{FIRST} {LAST}, это @{USERNAME}?", "audience": audience, "preview_for": ID}
    Draft.objects.create(content=content, created_by=staff)
    Segment.objects.create(name=f"Подруги @{USERNAME}", audience=audience)
    template = MessageTemplate.objects.create(name=f"Для {ID}")
    TemplateVersion.objects.create(template=template, number=1, content={"text": f"Пишите {EMAIL}"})
    TelegramLink.objects.create(user=staff, telegram_user=person)
    change = BulkChange.objects.create(kind="tag", value="VIP", reason=f"@{USERNAME}", prepared_at=NOW)
    BulkRow.objects.create(
        change=change, position=0, telegram_user=person, booking=booking, typed=f"@{USERNAME}", state="done"
    )
    BulkRow.objects.create(change=change, position=1, typed=f"t.me/{USERNAME}", state="refused")


def _words_of_others(staff: User) -> None:
    friend = TelegramUserFactory.create(first_name="Подруга")
    named: list[Any] = [
        {"friend_id": ID, "friend_name": FIRST, "course_id": 1},
        {"invited": [{"username": USERNAME.lower(), "name": f"{FIRST} {LAST}"}, {"user_id": 5}]},
        {"text": f"{FIRST} {LAST} <{EMAIL}>, она же t.me/{USERNAME}", "ids": [ID, 7]},
        {str(ID): "key"},
        f"позвала {LAST} {FIRST}",
    ]
    for details in named:
        EventFactory.create(telegram_user=friend, event_type="student_response", details=details)
    write_note(person=friend, text=f"Подруга @{USERNAME}, почта {EMAIL.upper()}", by=staff, at=NOW)
    LogEntry.objects.create(
        user=staff, object_id=str(ID), object_repr=f"{FIRST} ({ID})", action_flag=2, change_message=f"{FIRST}"
    )


def traces() -> list[str]:
    """Look into every column of every table that can hold a word or a number."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables"
            " USING (table_schema, table_name) WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
            " AND data_type IN ('text', 'character varying', 'character', 'json', 'jsonb', 'ARRAY', 'bigint',"
            " 'integer', 'numeric', 'USER-DEFINED')"
        )
        for table, column in cursor.fetchall():
            for trace in TRACES:
                cursor.execute(f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE %s', [f"%{trace}%"])
                if count := cursor.fetchone()[0]:
                    found.append(f"{table}.{column}: {trace} ×{count}")
    return found


def counts() -> dict[str, Any]:
    """What the pages count."""
    return {
        "streams": [(s.code, s.counts) for course in course_statistics(Labels.read()) for s in course.streams],
        "people": TelegramUser.objects.count(),
        "events": dict(Event.objects.order_by().values_list("event_type").annotate(Count("pk"))),
        "viewed": Event.objects.filter(event_type="view_program", details__course_id=1).count(),
        "lessons": FreeLessonRegistration.objects.count(),
        "coupons": ReferralUsage.objects.count(),
        "hackathon": HackathonRegistration.objects.count(),
        "deliveries": sorted(Recipient.objects.filter(state__in=["sent", "failed"]).values_list("message_id", "state")),
        "totals": sorted(LivePersonTotals.objects.values_list("bookings", "events", "lessons", "latest_status")),
    }


def test_the_search_for_traces_finds_them(person):
    tables = {trace.split(".")[0] for trace in traces()}

    assert {"users", "bookings", "events", "free_lesson_registrations", "message_recipients"} <= tables
    assert {"pghistory_context", "django_admin_log", "users_note", "bookings_bookingevent"} <= tables
    assert {"message_history", "messaging_outbox", "referral_coupons", "blocked_users"} <= tables
    assert {"messaging_draft", "messaging_segment", "messaging_messagetemplate"} <= tables
    assert {"messaging_templateversion", "messaging_telegramlink", "bookings_bulkchange", "bookings_bulkrow"} <= tables


def test_nothing_is_left_of_an_erased_person(person, staff):
    erase_person(person=person, by=staff, at=NOW)

    assert traces() == []


def test_every_count_stays_what_it_was(person, staff):
    before = counts()

    erase_person(person=person, by=staff, at=NOW)

    assert (counts(), list(totals_differences())) == (before, [])


def test_the_stand_in_has_no_name_and_gets_no_message(person, staff):
    erase_person(person=person, by=staff, at=NOW)

    stand_in = Booking.objects.get().telegram_user
    assert stand_in.is_erased
    assert stand_in.display_name == "Данные удалены"
    assert BlockedUser.objects.get(telegram_user=stand_in).reason == "erased"
    assert Recipient.objects.filter(telegram_user=stand_in, state="pending").count() == 0
    assert not Outbox.objects.exists()
    assert not Note.objects.filter(telegram_user=stand_in).exists()


def test_others_keep_their_words_but_those_about_the_erased(person, staff):
    erase_person(person=person, by=staff, at=NOW)

    kept = list(
        Event.objects.filter(telegram_user__first_name="Подруга").order_by("pk").values_list("details", flat=True)
    )
    assert kept == [
        {"friend_id": None, "friend_name": None, "course_id": 1},
        {"invited": [{"username": None, "name": "…"}, {"user_id": 5}]},
        {"text": "… <…>, она же …", "ids": [7]},
        {},
        "позвала …",
    ]
    assert Note.objects.get().text == "Подруга …, почта …"
    assert Broadcast.objects.get(message_text="Привет всем, и …!").audience == {
        "include": [{"kind": "people", "ids": [42]}]
    }


def test_namesakes_and_whoever_has_a_longer_number_are_left_alone(person, staff):
    namesake = TelegramUserFactory.create(user_id=ID * 10, first_name=FIRST, last_name="Другая", username="other")
    event = EventFactory.create(telegram_user=namesake, details={"first_name": FIRST, "id": ID * 10, "note": f"x{ID}0"})

    erase_person(person=person, by=staff, at=NOW)

    namesake.refresh_from_db()
    event.refresh_from_db()
    assert (namesake.first_name, *map((event.details or {}).get, ("first_name", "note"))) == (FIRST, FIRST, f"x{ID}0")


def test_a_username_that_is_a_plain_word_spoils_no_text(staff):
    person = TelegramUserFactory.create(username="python")
    broadcast = BroadcastFactory.create(message_text="Курс Python начинается. Вопросы: @python")
    event = EventFactory.create(details={"course": "python course"})

    erase_person(person=person, by=staff, at=NOW)

    broadcast.refresh_from_db()
    event.refresh_from_db()
    assert broadcast.message_text == "Курс Python начинается. Вопросы: …"
    assert event.details == {"course": "python course"}


@pytest.mark.parametrize("name", ["a.b*c(d", "[x]", "50% \\ off", "'; DROP TABLE users;--", "🦊", "<b>", "$^", ""])
def test_names_with_odd_letters_break_nothing(staff, name):
    person = TelegramUserFactory.create(first_name=name, last_name=name, username=None)
    note = write_note(person=TelegramUserFactory.create(), text=f"знает {name} {name}", by=staff, at=NOW)

    erase_person(person=person, by=staff, at=NOW)

    note.refresh_from_db()
    assert note.text == ("знает …" if name else "знает  ")


def test_the_second_time_there_is_nobody(person, staff):
    erase_person(person=person, by=staff, at=NOW)

    with pytest.raises(TelegramUser.DoesNotExist):
        erase_person(person=person, by=staff, at=NOW)


def test_who_erased_is_written_down_without_whom(person, staff):
    erase_person(person=person, by=staff, at=NOW)

    entry = LogEntry.objects.latest("pk")
    assert (entry.user, entry.change_message) == (staff, "erased")


@pytest.mark.parametrize(
    "query",
    [
        f"q={USERNAME}",
        f"q=%40{USERNAME}&stream=x",
        f"stream=x&q={USERNAME.upper()}+",
        "q=" + "".join(f"%{ord(letter):02x}" for letter in USERNAME),
        f"q=t.me%2F{USERNAME}",
        "q=" + quote(f"{FIRST} {LAST}").lower(),
        f"q={ID}",
    ],
)
def test_a_list_that_was_asked_for_the_person_forgets_the_question(person, staff, query):
    asked = PeopleExport.objects.create(exported_by=staff, query=query, format="csv", with_emails=False)
    change = BulkChange.objects.create(kind="tag", value="x", prepared_at=NOW, next=f"/users/?{query}")

    erase_person(person=person, by=staff, at=NOW)

    asked.refresh_from_db()
    change.refresh_from_db()
    assert (asked.query, change.next) == ("", "")


@pytest.mark.parametrize("query", ["", f"q={USERNAME}s", f"{USERNAME}=1", "q=%", "q=%FF%00", f"q={ID}0"])
def test_a_list_that_was_asked_for_something_else_keeps_the_question(person, staff, query):
    asked = PeopleExport.objects.create(exported_by=staff, query=query, format="csv", with_emails=False)

    erase_person(person=person, by=staff, at=NOW)

    asked.refresh_from_db()
    assert asked.query == query


def test_the_export_holds_every_row_and_who_else_names_them(person):
    data = personal_data(person)

    assert data["person"]["user_id"] == ID
    assert data["rows"]["free_lesson_registrations"][0]["email"] == EMAIL
    assert len(data["rows"]["events"]) == 4
    assert {"users_note", "users_persontag", "message_recipients", "bookings_bookingevent"} <= set(data["rows"])
    assert len(data["named_in_rows_of_others"]["events"]) == 5
    assert "users_note" in data["named_in_rows_of_others"]


@pytest.fixture
def proven_client(staff_client) -> Client:
    """Somebody who has just given the password again."""
    staff_client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return staff_client


@pytest.fixture
def erase_address(person) -> str:
    return reverse("personal_data:personal_data_erase", args=[person.pk])


def test_the_page_says_what_goes_and_what_stays(person, proven_client, erase_address):
    html = proven_client.get(erase_address).content.decode()

    assert "Заметки" in html and "События" in html
    assert TelegramUser.objects.filter(pk=ID).exists()


@pytest.mark.parametrize("typed", ["", "1", f"{ID}0", USERNAME, f"{ID}\0"])
def test_another_id_erases_nobody(person, proven_client, erase_address, typed):
    response = proven_client.post(erase_address, {"typed": typed})

    assert response.status_code == 422
    assert TelegramUser.objects.filter(pk=ID).exists()


def test_the_id_typed_erases_and_leaves_nothing_of_the_request_either(person, proven_client, erase_address):
    response = proven_client.post(erase_address, {"typed": f" {ID} "})

    assert response.status_code == 302
    assert traces() == []
    assert proven_client.get(erase_address).status_code == 404


def test_a_stand_in_cannot_be_erased_again(person, staff, proven_client):
    erase_person(person=person, by=staff, at=NOW)
    stand_in = Booking.objects.get().telegram_user_id

    assert proven_client.get(reverse("personal_data:personal_data_erase", args=[stand_in])).status_code == 404


@pytest.mark.parametrize("page", ["erase", "export"])
def test_the_password_is_asked_for_again_and_leads_back(person, staff_client, page):
    address = f"/users/{person.pk}/{page}/"

    asked, refused = staff_client.get(address), staff_client.post(address, {"typed": str(ID)})

    assert asked["Location"] == refused["Location"] == f"/accounts/reauthenticate/?{urlencode({'next': address})}"
    assert TelegramUser.objects.filter(pk=ID).exists()


def test_what_was_asked_before_the_password_is_done_after_it(person, staff_client, erase_address):
    staff_client.post(erase_address, {"typed": str(ID)})

    response = staff_client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": erase_address})

    assert response.status_code == 302
    assert traces() == []


def test_the_page_of_the_file_says_what_is_in_it(person, proven_client):
    html = proven_client.get(reverse("personal_data:personal_data_export", args=[person.pk])).content.decode()

    assert "Заметки" in html and "События" in html
    assert not LogEntry.objects.filter(change_message="exported").exists()


def test_the_file_holds_everything_and_taking_it_is_written_down(person, staff, proven_client):
    response = proven_client.post(reverse("personal_data:personal_data_export", args=[person.pk]))

    data = json.loads(response.content)
    assert "attachment" in response["Content-Disposition"]
    assert data["rows"]["free_lesson_registrations"][0]["email"] == EMAIL
    assert FIRST in response.content.decode()
    entry = LogEntry.objects.latest("pk")
    assert (entry.user, entry.object_id, entry.change_message) == (staff, str(ID), "exported")


@pytest.mark.parametrize("number", [0, 1, 2**63, 10**30])
def test_nobody_is_not_found(proven_client, number):
    assert proven_client.get(f"/users/{number}/erase/").status_code == 404
    assert proven_client.post(f"/users/{number}/export/").status_code == 404
