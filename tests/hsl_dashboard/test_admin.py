"""The Django admin: who gets in, every list and page with hostile rows, few queries, nothing deleted by accident."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pghistory.models
import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import (
    Booking,
    Course,
    FreeLessonRegistration,
    HackathonRegistration,
    ReferralCoupon,
    ReferralUsage,
    Stream,
)
from demo.school.names import HOSTILE_NAMES
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.admin import BoundedPaginator
from hsl_dashboard.web.cascades import count_deleted_along
from messaging.models import Broadcast, Recipient
from tests.factories import (
    BookingFactory,
    CourseFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.sizes import is_sampled, sample
from users.models import BlockedUser, EmailDisclosure, Event, TelegramUser, User

OURS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in {"users", "bookings", "messaging"}),
    key=lambda model: model._meta.label,
)
BOT_TABLES = [
    TelegramUser, Event, Booking, FreeLessonRegistration, ReferralUsage, HackathonRegistration, Broadcast, Recipient,
]  # fmt: skip
ROWS = 100
KINDS = 9  # rows in which fill() has shown each status, moment, stream and kind of details
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def address_of(model: Any, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def fill(first: int, last: int) -> None:
    """Give every table rows with these numbers, hostile ones among them."""
    course = CourseFactory.create()
    numbers = range(first, last)
    people = TelegramUser.objects.bulk_create(
        TelegramUser(
            user_id=5_000_000_000 + number,
            username=None if number % 4 == 0 else f"person{number}",
            first_name=HOSTILE_NAMES[number % len(HOSTILE_NAMES)],
            first_seen_at=None if number % 7 == 0 else NOW - timedelta(hours=number),
        )
        for number in numbers
    )
    statuses = (-1, 0, 1, 2, 7, None)
    bookings = Booking.objects.bulk_create(
        Booking(
            telegram_user=person,
            course=None if number % 9 == 0 else course,
            course_stream=(None, "8th_stream", "никем <не> описан")[number % 3],
            confirmed=statuses[number % 6],
            created_at=(None, NOW, datetime(1970, 1, 1, tzinfo=UTC))[number % 3],
            referral_code="=1+1",
        )
        for number, person in zip(numbers, people, strict=True)
    )
    coupons = ReferralCoupon.objects.bulk_create(
        ReferralCoupon(code=f"<i>{n}", discount_percent=10, max_activations=1, created_by=5) for n in numbers
    )
    broadcasts = Broadcast.objects.bulk_create(Broadcast(message_text=f"<b>{n}" + "я" * 200) for n in numbers)
    _fill_below(course, people, bookings, coupons, broadcasts)


def _fill_below(course: Course, people: Any, bookings: Any, coupons: Any, broadcasts: Any) -> None:
    details: tuple[Any, ...] = (None, {"a": "<script>"}, ["список"], "текст", 1)
    rows: list[Any] = []
    for place, person in enumerate(people):
        rows += [
            Event(telegram_user=person, event_type="e" * 50, details=details[place % 5]),
            FreeLessonRegistration(telegram_user=person, email="не адрес", lesson_type=None),
            ReferralUsage(coupon=coupons[place], telegram_user=person, booking=bookings[place]),
            HackathonRegistration(telegram_user=person if place % 2 else None),
            BlockedUser(telegram_user=person, reason=None),
            Recipient(message=broadcasts[place], telegram_user=person, state="странно"),
            Stream(course=course, code=f"extra{person.pk}", name="<u>Поток"),
            Course(name="", button_text=""),
            User(username=f"staff{person.pk}", password="!"),
        ]
    for model in {type(row) for row in rows}:
        model._default_manager.bulk_create(row for row in rows if isinstance(row, model))


@pytest.fixture
def hostile_rows(db: None) -> None:
    fill(0, 24)


# Who gets in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/bookings/booking/"])
def test_the_admin_sends_to_the_dashboards_own_sign_in(client, db, path):
    response = client.get(path, follow=True)

    assert response.redirect_chain[-1][0].startswith("/accounts/login/")


def test_the_admins_own_sign_in_form_takes_no_password(client, staff):
    response = client.post("/admin/login/", {"username": "anna", "password": "correct horse battery staple"})

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")
    assert "_auth_user_id" not in client.session


def test_somebody_who_is_not_staff_is_kept_out(client, db):
    client.force_login(UserFactory.create(is_staff=False))

    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_staff_without_the_permission_see_no_table(client, db, model):
    client.force_login(UserFactory.create(is_staff=True))

    assert client.get(address_of(model)).status_code == 403


# Derived tables and queues that triggers and beat keep for themselves, and what has pages of its own.
WITHOUT_ADMIN = {
    "bookings.Confirmation", "bookings.IncomingPayment", "bookings.LessonSteps",
    "bookings.MoneyDay", "bookings.MoneyMark", "bookings.Payment", "bookings.PaymentMark", "bookings.PaymentRules",
    "bookings.PersonToStep", "bookings.WaitingPayment", "messaging.Conversation", "messaging.Digest",
    "messaging.FormerText", "messaging.Incident", "messaging.RecipientCount", "messaging.StaffNotice",
    "messaging.StudentText", "users.ApiAnswer", "users.ApiToken", "users.LeadRules", "users.NumberMark",
    "users.SavedView", "users.SealedDay", "users.TodayVisit", "users.UndoableAct",
}  # fmt: skip


def test_every_model_of_ours_is_in_the_admin():
    models = [model for model in apps.get_models() if model._meta.app_label in {"users", "bookings", "messaging"}]
    own = [model for model in models if model._meta.managed and not issubclass(model, pghistory.models.Event)]
    without = {model._meta.label for model in own if not admin.site.is_registered(model)}

    assert without == WITHOUT_ADMIN


def test_every_table_of_the_bot_is_in_the_admin():
    tables = {model._meta.db_table for model in OURS}

    assert tables >= {
        "users", "events", "blocked_users", "staff_user", "courses", "bookings_stream", "bookings",
        "free_lesson_registrations", "referral_coupons", "referral_usage", "hackathon_registrations",
        "message_history", "message_recipients", "person_totals",
    }  # fmt: skip


# Lists and pages -----------------------------------------------------------------------------------------------------

STRANGE_QUERIES = [
    {"q": "a\x00b"}, {"q": "9" * 40}, {"q": "#" + "9" * 40}, {"q": "²"}, {"q": "' OR 1=1--"}, {"q": "%_\\"},
    {"q": "\u202e@"}, {"q": "#15"}, {"p": "abc"}, {"p": "1000000000"}, {"p": "-1"}, {"o": "999.-x"},
    {"status": "77"}, {"stream": "x"}, {"stream": "99999999999999999999:a"}, {"stream": "?"}, {"stream": "-"},
    {"days": "-5"}, {"telegram_user__exact": "abc"}, {"telegram_user__exact": "9" * 40}, {"nonsense": "1"},
    {"created_at__year": "abc"}, {"created_at__year": "999999"}, {"created_at__gte": "вчера"}, {"all": ""},
    {"_facets": "True"}, {"event": "нет такого"}, {"delivery": "x"},
]  # fmt: skip


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_list_survives_hostile_rows_and_strange_queries(staff_client, hostile_rows, model):
    page = staff_client.get(address_of(model))
    assertNotContains(page, "<script>alert")
    assertNotContains(page, "<u>Поток")
    for query in filter(partial(is_sampled, model._meta.label, one_in=4), STRANGE_QUERIES):
        response = staff_client.get(address_of(model), query, follow=True)

        assert response.status_code in {200, 400}, query


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_page_of_a_row_opens(staff_client, hostile_rows, model):
    for row in model._default_manager.order_by("pk")[: sample(3, KINDS)]:
        assert staff_client.get(address_of(model, "change", row.pk)).status_code == 200
    adding = staff_client.get(address_of(model, "add")).status_code
    may_add = admin.site._registry[model].has_add_permission(_request(staff_client))

    assert adding == (200 if may_add else 403)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_the_page_of_no_row_says_so(staff_client, model):
    for pk in ("abc", "0", "9" * 40, "-1", "%00"):
        address = address_of(model, "change", 1).replace("/1/", f"/{pk}/")

        assert staff_client.get(address).status_code in {302, 400, 404}, pk  # to the list, with a sentence


def test_no_list_asks_more_of_the_database_for_more_rows(staff_client):
    fill(0, 3)
    few = {model._meta.label: _queries(staff_client, address_of(model)) for model in OURS}
    fill(3, ROWS)

    many = {model._meta.label: _queries(staff_client, address_of(model)) for model in OURS}

    assert {label: (few[label], number) for label, number in many.items() if number > min(few[label] + 1, 14)} == {}


def test_the_lists_are_named_in_russian(staff_client):
    page = staff_client.get("/admin/").content.decode()

    shown = [str(model["name"]) for app in admin.site.get_app_list(_request(staff_client)) for model in app["models"]]
    assert shown
    assert not [name for name in shown if name.isascii()]
    assert "Бронирования" in page


@pytest.mark.parametrize("row", [BookingFactory, StreamFactory], ids=["booking", "stream"])
def test_the_page_of_a_row_leads_to_the_dashboards_page_of_it(staff_client, row):
    thing = row.create()

    response = staff_client.get(address_of(type(thing), "change", thing.pk))

    assertContains(response, "Смотреть на сайте")
    assert staff_client.get(response.context["absolute_url"]).status_code == 200


# Searching -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["5000000123", "@anna_p", "https://t.me/anna_p", "анн", "Петр"])
@pytest.mark.parametrize("model", [TelegramUser, Booking, Event])
def test_people_and_their_rows_are_found_by_id_username_and_name(staff_client, model, term):
    anna = TelegramUserFactory.create(user_id=5_000_000_123, username="anna_p", first_name="Анна", last_name="Петрова")
    other = TelegramUserFactory.create(user_id=777, username="boris", first_name="Борис", last_name="Иванов")
    for person in (anna, other):
        BookingFactory.create(telegram_user=person)
        EventFactory.create(telegram_user=person)

    response = staff_client.get(address_of(model), {"q": term})

    assertContains(response, "anna_p")
    assertNotContains(response, "boris")


def test_a_number_sign_finds_the_booking_itself(staff_client):
    wanted, other = BookingFactory.create(), BookingFactory.create()

    response = staff_client.get(address_of(Booking), {"q": f"#{wanted.pk}"})

    assert [row.pk for row in response.context["cl"].result_list] == [wanted.pk]
    assert other.pk != wanted.pk


def test_f13_emails_are_hidden_where_no_look_is_written_down(staff_client):
    event = EventFactory.create(details={"email": "anna.petrova@example.org", "lesson": 1})
    registration = FreeLessonRegistrationFactory.create(email="anna.petrova@example.org")

    for row in (event, registration):
        for address in (address_of(type(row)), address_of(type(row), "change", row.pk)):
            response = staff_client.get(address)

            assertNotContains(response, "anna.petrova")
            assertContains(response, "a•••@example.org")
    assert not EmailDisclosure.objects.exists()  # nothing was shown that would have to be written down


# Big tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.owner
def test_a_big_table_is_counted_about_and_only_its_beginning_is_paged_through(staff_client, monkeypatch):
    monkeypatch.setattr("hsl_dashboard.web.paging.COUNTED", 20)
    person = TelegramUserFactory.create()
    Event.objects.bulk_create(Event(telegram_user=person, event_type="start_command") for _ in range(60))
    run_sql("ANALYZE events")

    with CaptureQueriesContext(connection) as queries:
        response = staff_client.get(address_of(Event))

    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and '"events"' in query["sql"]]
    assert all("LIMIT 21" in sql for sql in counts)
    assert counts
    assertContains(response, "Около 60")


def test_a_small_table_is_counted_exactly(db):
    TelegramUserFactory.create_batch(3)

    paginator = BoundedPaginator(TelegramUser.objects.order_by("pk"), 2)

    assert (paginator.count, paginator.num_pages, paginator.in_words) == (3, 2, "Всего: 3")


# Deleting ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", BOT_TABLES, ids=lambda model: model._meta.label)
def test_only_an_administrator_deletes_what_the_bot_wrote(client, db, model):
    label = f"{model._meta.app_label}.%s_{model._meta.model_name}"
    manager = UserFactory.create(is_staff=True, permissions=[label % "view", label % "delete", label % "change"])
    client.force_login(manager)

    model_admin = admin.site._registry[model]

    assert not model_admin.has_delete_permission(_request(client))
    assert "delete_selected" not in model_admin.get_actions(_request(client))


def test_deleting_a_person_names_what_the_database_deletes_along(staff_client, booking):
    person = booking.telegram_user
    EventFactory.create_batch(3, telegram_user=person)
    other = BookingFactory.create()

    page = staff_client.get(address_of(TelegramUser, "delete", person.pk))
    staff_client.post(address_of(TelegramUser, "delete", person.pk), {"post": "yes"})

    assertContains(page, "Бронирования: 1")
    assertContains(page, "События: 3")
    assert not TelegramUser.objects.filter(pk=person.pk).exists()
    assert list(Booking.objects.all()) == [other]


def test_a_row_that_hangs_on_two_deleted_rows_counts_once(booking):
    coupon = ReferralCoupon.objects.create(code="A", discount_percent=1, max_activations=1, created_by=1)
    ReferralUsage.objects.create(coupon=coupon, telegram_user=booking.telegram_user, booking=booking)

    along = count_deleted_along(TelegramUser.objects.filter(pk=booking.telegram_user_id))

    assert along == {Booking: 1, ReferralUsage: 1}


def test_a_course_with_bookings_cannot_be_deleted(staff_client, booking):
    response = staff_client.post(address_of(Course, "delete", booking.course_id), {"post": "yes"})

    assert response.status_code == 403
    assert Course.objects.filter(pk=booking.course_id).exists()


def _request(client: Client) -> Any:
    response = client.get("/admin/")
    return response.wsgi_request


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


def test_each_cell_of_a_list_names_its_column_for_the_cards_of_a_phone(staff_client, booking):
    page = staff_client.get("/admin/bookings/booking/")

    assertContains(page, 'data-label="статус"')
    assertContains(page, '<th data-label="№" class="field-number">')
    assertNotContains(page, 'data-label="&lt;')


def test_an_empty_list_says_why(staff_client, booking):
    assertContains(
        staff_client.get("/admin/bookings/booking/?q=nobody"), "Ничего не найдено: измените поиск или фильтры"
    )
    assertContains(staff_client.get("/admin/bookings/hackathonregistration/"), "Здесь пока ничего нет")


def test_a_course_leads_to_its_streams(staff_client, booking):
    stream = StreamFactory.create(course=booking.course)

    page = staff_client.get(reverse("admin:bookings_course_change", args=[booking.course_id]))

    assertContains(page, reverse("admin:bookings_stream_change", args=[stream.pk]))
