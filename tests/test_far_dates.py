"""D1, D2: dates that Python's calendar does not hold, and negative ids, on every page, in files and in history."""

import copy
import gzip
import pickle
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import Max, Min
from django.db.models.functions import TruncDate, TruncMonth
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking, FreeLessonRegistration
from hsl_dashboard.calendar import FarDay, FarMoment, moment_of
from hsl_dashboard.db import run_sql, sql_value
from tests.database_roles import owner_role
from tests.factories import PASSWORD, BookingFactory, EventFactory, UserFactory
from users.models import BlockedUser, Event, TelegramUser
from users.totals import fold_marked_people

DUMP = Path(__file__).parent / "data" / "bot_database_hard.sql.gz"
FAR = ["infinity", "-infinity", "20000-01-01 00:00:00+00", "9999-12-31 23:59:59+00", "0044-03-15 12:00:00+00 BC"]
WORDS = "дата вне календаря"
FARTHEST, ANCIENT, LATE, CHANNEL = 9200000001, 9200000002, 9200000003, -1001234567890


# Reading and writing --------------------------------------------------------------------------------------------------


def put(model: Any, pk: Any, column: str, text: str) -> None:
    run_sql(f'UPDATE "{model._meta.db_table}" SET {column} = %s WHERE {model._meta.pk.column} = %s', [text, pk])


@pytest.mark.django_db
@pytest.mark.parametrize("text", FAR)
def test_D1_a_far_moment_is_read_and_written_back_as_it_was(text):
    booking = BookingFactory.create()
    put(Booking, booking.pk, "created_at", text)

    booking = Booking.objects.get(pk=booking.pk)
    booking.referral_code = "FRIEND"
    booking.save()

    assert isinstance(booking.created_at, FarMoment)
    with connection.cursor() as cursor:
        cursor.execute("SELECT created_at::text, referral_code FROM bookings WHERE id = %s", [booking.pk])
        assert cursor.fetchone() == (text, "FRIEND")


@pytest.mark.django_db
@pytest.mark.parametrize("text", FAR)
def test_D1_aggregates_raw_cursors_and_days_are_read_too(text):
    booking = BookingFactory.create()
    put(Booking, booking.pk, "created_at", text)

    found = Booking.objects.aggregate(Min("created_at"), Max("created_at"))
    months = Booking.objects.annotate(day=TruncDate("created_at"), month=TruncMonth("created_at")).values_list(
        "day", "month"
    )
    [row] = run_sql("SELECT created_at, created_at AT TIME ZONE 'UTC', created_at::date FROM bookings")

    assert {type(value) for value in found.values()} == {FarMoment}
    assert [(type(day), type(month)) for day, month in months] == [(FarDay, FarMoment)]
    assert [type(value) for value in row] == [FarMoment, FarMoment, FarDay]
    assert (row[0].tzinfo, row[1].tzinfo) == (UTC, None)


@pytest.mark.django_db
def test_D1_ordinary_moments_are_read_as_before():
    moments = [
        datetime(2026, 11, 21, 9, 30, 15, 250_000, UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9998, 12, 31, 23, 59, tzinfo=UTC),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, %s::timestamptz, %s::timestamptz", moments)
        read = cursor.fetchone()
        cursor.execute("SET LOCAL TimeZone = 'Europe/Moscow'")
        cursor.execute("SELECT %s::timestamptz", moments[:1])
        [elsewhere] = cursor.fetchone()
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
        cursor.execute("SELECT date '2026-02-28', NULL::date, NULL::timestamptz")
        others = cursor.fetchone()

    assert list(read) == moments
    assert [each.tzinfo for each in (*read, elsewhere)] == [UTC] * 4
    assert elsewhere == moments[0]
    assert others == (date(2026, 2, 28), None, None)


@pytest.mark.parametrize("text", FAR)
def test_D1_a_far_moment_survives_what_is_done_with_moments(text):
    moment, now = FarMoment(text), timezone.now()
    later = text in FAR[:1] or text[0] in "29"

    assert (moment > now) is later
    assert (max(moment, now) is moment) is later
    assert isinstance(now - moment, timedelta)
    assert isinstance(moment - now, timedelta)
    assert moment + timedelta(days=400_000) is moment
    assert moment - timedelta(days=400_000) is moment
    assert timezone.localtime(moment) is moment
    assert timezone.make_naive(moment).replace(tzinfo=None).text == text
    assert f"{moment:%d.%m.%Y}" == moment.strftime("%Y") == str(moment) == WORDS
    assert DjangoJSONEncoder().default(moment).startswith(text[:10])
    assert pickle.loads(pickle.dumps(moment)).text == copy.deepcopy(moment).text == text
    assert moment.date().text == text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "known"),
    [
        *((text, True) for text in FAR),
        ("2026-11-21T09:00:00+00:00", True),
        ("20000-02-29 00:00:00.5+00", True),
        ("20000-02-30 00:00:00+00", False),
        ("300000-01-01 00:00:00+00", False),
        ("4800-01-01 00:00:00+00 BC", False),
        ("20000-01-01 25:00:00+00", False),
        ("20000-01-01", False),
        ("2026-11-21T09:00:00", False),
        ("Infinity; DROP TABLE users", False),
        ("", False),
    ],
)
def test_D1_an_address_may_hold_any_text_for_a_moment(text, known):
    moment = moment_of(text)

    assert (moment is not None) is known
    if moment is not None:
        assert sql_value("SELECT %s::timestamptz", [moment]) == moment


# Every page -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def hard(client: Client, db: None) -> Client:
    """A copy of the bot's database with all that the field holds, read by an administrator."""
    script = gzip.decompress(DUMP.read_bytes()).decode()
    rows = script[script.index("INSERT INTO courses") : script.rindex("COMMIT;")]
    apps.get_model("bookings", "Course")._default_manager.all().delete()
    with owner_role(), connection.cursor() as cursor:
        cursor.execute(rows)
        cursor.execute("ANALYZE")
    fold_marked_people()
    administrator = UserFactory.create(is_staff=True, is_superuser=True)
    client.force_login(administrator)
    # Exports and erasing ask for the password.
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.raise_request_exception = False
    return client


def broken(client: Client, addresses: Any) -> dict[str, int]:
    answers = {address: client.get(address).status_code for address in addresses}
    return {address: status for address, status in answers.items() if status != 200}


def test_D1_D2_no_page_breaks(hard):
    booking = Booking.objects.get(telegram_user_id=FARTHEST)
    lists = [
        *(f"/bookings/?sort={sort}" for sort in ("created", "-created", "name", "status", "-stream")),
        *(f"/users/?sort={sort}" for sort in ("activity", "-activity", "seen", "-seen", "id", "-id", "name")),
        *(f"/users/?{query}" for query in ("q=Древний", "q=Далёкая", "q=y20k", "before=end", "sort=seen&before=end")),
        "/bookings/?q=Далёкая", "/bookings/?since=2026-11-01", "/bookings/?until=2026-11-01",
        "/workshops/", "/messages/", "/messages/blocked/", "/messages/blocked/-5/",
        "/workshops/stream/8th_stream/?course=1", "/workshops/stream/осень/2026/?course=1",
    ]  # fmt: skip
    people = [
        f"/users/{pk}/{end}"
        for pk in (FARTHEST, ANCIENT, LATE, CHANNEL, -5, 9200000004)
        for end in ("", "block/", "bookings/new/", "?kind=event", "erase/", "export/")
    ]
    quality = [f"/data-quality/?kind={kind}" for kind in ("far", "future", "doubles", "no-stream", "nameless")]
    rows = [
        f"/bookings/{booking.pk}/",
        f"/bookings/{booking.pk}/status/",
        f"/users/{FARTHEST}/bookings/{booking.pk}/edit/",
    ]

    assert broken(hard, [*lists, *people, *quality, *rows]) == {}


def test_D1_D2_no_table_of_the_admin_breaks(hard):
    addresses = []
    for model, site in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        addresses.append(reverse(f"{name}_changelist"))
        far = {TelegramUser: LATE, BlockedUser: FARTHEST}
        where = {"telegram_user_id": FARTHEST} if model in {Booking, Event, FreeLessonRegistration} else {}
        pk = far.get(model) or model._default_manager.filter(**where).values_list("pk", flat=True).first()
        if pk is not None and site.has_view_permission(type("R", (), {"user": hard_user()})()):
            addresses.append(reverse(f"{name}_change", args=[pk]))

    assert len(addresses) > 50
    assert broken(hard, addresses) == {}
    lessons = hard.get(reverse("admin:bookings_freelessonregistration_changelist"), {"q": str(FARTHEST)}).text
    person = hard.get(reverse("admin:users_telegramuser_change", args=[LATE])).text
    assert lessons.count(WORDS) == 2
    assert WORDS in person
    assert "30.12.9999" not in lessons + person


def hard_user() -> Any:
    return apps.get_model("users", "User")._default_manager.get(is_superuser=True)


def test_D1_the_words_stand_where_the_date_would(hard):
    for address in (
        "/users/?q=far", "/bookings/?q=Далёкая", "/messages/blocked/", f"/users/{FARTHEST}/", f"/users/{LATE}/",
        f"/bookings/{Booking.objects.get(telegram_user_id=LATE).pk}/",
    ):  # fmt: skip
        html = hard.get(address).text
        assert WORDS in html, address
        assert "9999" not in html.replace("9999-12-31 23:59:59", ""), address


def test_D1_far_dates_sort_before_and_behind_all_others(hard):
    newest = [row.booking.telegram_user_id for row in hard.get("/bookings/?sort=-created").context["rows"]]
    oldest = [row.booking.telegram_user_id for row in hard.get("/bookings/?sort=created").context["rows"]]

    assert newest[:2] == [FARTHEST, LATE]
    assert oldest[0] == ANCIENT


@pytest.mark.parametrize("sort", ["seen", "-seen", "activity", "-activity"])
def test_D1_pages_of_people_turn_past_far_dates(hard, sort, monkeypatch):
    monkeypatch.setattr("users.people.listing.PAGE_SIZE", 3)
    seen, address = [], f"/users/?q=9200000&sort={sort}"
    page = hard.get(address).context["page"]
    everybody = list(range(9200000001, 9200000011))
    for _turn in range(20):
        seen += [row.pk for row in page.rows]
        if not page.after:
            break
        page = hard.get(f"{address}&after={page.after}").context["page"]

    assert sorted(seen) == everybody


def test_D1_a_timeline_turns_past_far_dates(hard):
    person = TelegramUser.objects.get(pk=ANCIENT)
    for _number in range(70):
        event = EventFactory.create(telegram_user=person, event_type="start_command")
        put(Event, event.pk, "created_at", "infinity")
    seen, address = 0, f"/users/{ANCIENT}/?kind=event"
    while address:
        page = hard.get(address).context
        seen += len(page["entries"])
        address = page["more_address"]

    assert seen == Event.objects.filter(telegram_user=person).count()


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_D1_files_hold_every_row(hard, file_format):
    for address in ("/users/export/", "/messages/blocked/export/"):
        response = hard.post(address, {"format": file_format})
        content = b"".join(response.streaming_content)

        assert response.status_code == 200
        if file_format == "csv":
            assert WORDS in content.decode("utf-8-sig")
            assert content.count(b"\r\n") - 1 >= (BlockedUser if "blocked" in address else TelegramUser).objects.count()


def test_D1_everything_about_a_person_is_handed_out(hard):
    handed = hard.post(f"/users/{FARTHEST}/export/")

    assert handed.status_code == 200
    assert handed.headers["Content-Type"].startswith("application/json")
    assert handed.content.count(b'"infinity"') >= 5


def test_D1_data_quality_names_the_rows(hard):
    page = hard.get("/data-quality/?kind=far")

    [finding] = [each for each in page.context["findings"] if each.kind.name == "far"]
    assert page.context["shown"] is finding
    assert finding.count >= 12
    assert {trouble.person.pk for trouble in page.context["troubles"]} == {FARTHEST, ANCIENT, LATE}
    assert WORDS in page.text
