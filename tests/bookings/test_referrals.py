"""Referral coupons: numbers recomputed in plain Python, links, making, naming, switching, permissions."""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from bookings.models import Booking, Course, Payment, ReferralCoupon
from bookings.money.kept import fold_money
from bookings.referrals.services import CodeTaken, CouponEdited, create_coupon, edit_coupon, switch_coupon
from bookings.referrals.statistics import coupon_numbers, spellings, start_link
from tests import bot_database
from tests.database_roles import owner_role
from tests.factories import (
    BookingFactory,
    PaymentFactory,
    ReferralCouponFactory,
    TelegramUserFactory,
    UserFactory,
)
from users.models import AuditEntry
from users.staff.roles import ADMINISTRATOR, COURSES, MARKETING, VIEWER

pytestmark = pytest.mark.django_db

LIST, NEW = reverse("bookings:coupon_list"), reverse("bookings:coupon_new")
CENT = Decimal("0.01")


@pytest.fixture
def dump() -> None:
    bot_database.load("users", "courses", "bookings", "referral_coupons", "referral_usage")
    for number, booking in enumerate(Booking.objects.exclude(referral_code=None).order_by("pk")):
        if number % 3 == 0:
            PaymentFactory.create(booking=booking, amount=Decimal("60.05"), currency=["USD", "RUB"][number % 2])
        if number % 9 == 0:
            PaymentFactory.create(booking=booking, amount=Decimal(-10), currency=["USD", "RUB"][number % 2])
    with owner_role(), connection.cursor() as cursor:
        cursor.execute("ANALYZE bookings, bookings_payment, bookings_stream, courses, bookings_bookingchange")


def test_the_numbers_of_the_dump_are_those_of_plain_python(dump):
    coupons = list(ReferralCoupon.objects.all())
    prices = dict(Course.objects.values_list("pk", "price_usd_cents"))
    paid: dict[int | None, list[Any]] = defaultdict(list)
    for payment in Payment.objects.all():
        paid[payment.booking_id].append(payment)

    for found in coupon_numbers(coupons, with_money=True):
        rows = [row for row in Booking.objects.all() if row.referral_code in spellings(found.coupon.code)]
        confirmed = [row for row in rows if row.confirmed == 2]
        received: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            for payment in paid[row.pk]:
                received[payment.currency] += payment.amount
        full = {row.pk: Decimal(prices.get(row.course_id, 0)) / 100 for row in confirmed}
        less = {
            row.pk: (
                full[row.pk] * (100 - min(max(row.discount_percent or 0, 0), 100)) / 100
            ).quantize(CENT, ROUND_HALF_UP)
            for row in confirmed
        }  # fmt: skip
        assert (found.bookings, found.confirmed) == (len(rows), len(confirmed))
        assert found.received == {currency: total for currency, total in received.items() if total}
        assert found.discount.get("USD", 0) == sum(full[pk] - less[pk] for pk in full)
        assert found.expected.get("USD", 0) == sum(less[row.pk] for row in confirmed if not paid[row.pk])
        assert found.left == found.coupon.max_activations - (found.coupon.current_activations or 0)
    assert sum(found.bookings for found in coupon_numbers(coupons, with_money=False)) > 100


def test_the_money_of_coupons_is_taken_from_the_kept_days(dump):
    coupons = list(ReferralCoupon.objects.all())
    of_rows = coupon_numbers(coupons, with_money=True)
    fold_money()

    with CaptureQueriesContext(connection) as queries:
        assert coupon_numbers(coupons, with_money=True) == of_rows
    assert any(found.received for found in of_rows) and any(found.expected for found in of_rows)
    assert not [query for query in queries.captured_queries if "bookings_payment" in query["sql"]]


def test_every_count_leads_to_as_many_rows(staff_client, dump):
    for row in staff_client.get(LIST).context["rows"]:
        query = {"referral": row.coupon.code}
        bookings = staff_client.get("/bookings/", query).context["page"].paginator.count
        confirmed = staff_client.get("/bookings/", query | {"status": "2"}).context["page"].paginator.count
        assert (bookings, confirmed) == (row.bookings, row.confirmed)


def test_the_link_starts_the_bot_with_the_code(settings, staff_client):
    settings.BOT_USERNAME = "hsl_bot"
    ReferralCouponFactory.create(code="DRUG10")

    assertContains(staff_client.get(LIST), 'data-copy="https://t.me/hsl_bot?start=ref_DRUG10"')
    assert start_link("<b>XSS</b>") == ""
    settings.BOT_USERNAME = ""
    assert start_link("DRUG10") == ""


def test_who_made_a_coupon_is_named(staff_client, staff):
    maker = TelegramUserFactory.create(first_name="Сергей", last_name="")
    ReferralCouponFactory.create(created_by=maker.pk)
    create_coupon(code="HERE", name="", discount_percent=10, max_activations=5, by=staff)
    ReferralCouponFactory.create(created_by=42)

    page = staff_client.get(LIST)

    assertContains(page, "Сергей")
    assertContains(page, "ID 42")
    assert {row.coupon.code: row.made_by_staff for row in page.context["rows"]}["HERE"] == staff


# Making and changing --------------------------------------------------------------------------------------------------


def form(**values: object) -> dict[str, Any]:
    return {"code": "zima20", "name": "Зима", "discount_percent": "20", "max_activations": "7", **values}


def test_a_coupon_is_made_as_the_bot_reads_it(staff_client, staff):
    assertRedirects(staff_client.post(NEW, form()), LIST)

    coupon = ReferralCoupon.objects.get()
    assert (coupon.code, coupon.name, coupon.discount_percent, coupon.max_activations) == ("ZIMA20", "Зима", 20, 7)
    assert (coupon.is_active, coupon.current_activations, coupon.created_by) == (1, 0, 0)
    assert AuditEntry.objects.filter(what="referral_coupons.insert", done_by=staff).count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": "а"}, "code"),
        ({"code": "ЗИМА"}, "code"),
        ({"code": "A" * 51}, "code"),
        ({"code": "A B C"}, "code"),
        ({"code": "drug10"}, "code"),
        ({"discount_percent": "0"}, "discount_percent"),
        ({"discount_percent": "101"}, "discount_percent"),
        ({"max_activations": "-1"}, "max_activations"),
        ({"max_activations": "9" * 20}, "max_activations"),
    ],
)
def test_a_wrong_coupon_is_refused_beside_its_field(staff_client, values, field):
    ReferralCouponFactory.create(code="DRUG10")

    response = staff_client.post(NEW, form(**values))

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    assert ReferralCoupon.objects.count() == 1


def test_a_code_differs_by_more_than_its_letter_case(staff):
    ReferralCouponFactory.create(code="Drug10")

    with pytest.raises(CodeTaken):
        create_coupon(code="DRUG10", name="", discount_percent=10, max_activations=5, by=staff)


def test_name_and_limit_change_and_the_code_stays(staff_client):
    coupon = ReferralCouponFactory.create(name=None)
    address = reverse("bookings:coupon_edit", args=[coupon.pk])
    sent = {"name": "Друзья", "max_activations": "9", "seen_name": "", "seen_limit": "5", "code": "OTHER"}

    assertRedirects(staff_client.post(address, sent), LIST)

    code = coupon.code
    coupon.refresh_from_db()
    assert (coupon.code, coupon.name, coupon.max_activations) == (code, "Друзья", 9)


def test_of_two_who_edit_a_coupon_the_second_is_told(staff_client, staff):
    coupon = ReferralCouponFactory.create(name="Один")
    edit_coupon(coupon=coupon, name="Два", max_activations=5, seen=("Один", 5), by=staff)

    with pytest.raises(CouponEdited):
        edit_coupon(coupon=coupon, name="Три", max_activations=5, seen=("Один", 5), by=staff)
    response = staff_client.post(
        reverse("bookings:coupon_edit", args=[coupon.pk]),
        {"name": "Три", "max_activations": "5", "seen_name": "Один", "seen_limit": "5"},
    )

    assertContains(response, "Кто-то уже изменил", status_code=409)
    assertContains(response, "Два", status_code=409)


@pytest.mark.parametrize("stored", [0, 1, None, 7])
def test_a_coupon_is_switched_on_and_off(staff, stored):
    coupon = ReferralCouponFactory.create(is_active=stored)

    assert switch_coupon(coupon=coupon, on=True, by=staff) is (stored != 1)
    assert not switch_coupon(coupon=coupon, on=True, by=staff)
    assert switch_coupon(coupon=coupon, on=False, by=staff)

    coupon.refresh_from_db()
    assert coupon.is_active == 0


def test_the_page_switches_and_filters(staff_client):
    on, off = ReferralCouponFactory.create(code="ON"), ReferralCouponFactory.create(code="OFF", is_active=0)
    full = ReferralCouponFactory.create(code="FULL", current_activations=5)

    staff_client.post(reverse("bookings:coupon_switch", args=[off.pk]), {"on": "1"})

    def codes(**query: str) -> set[str]:
        return {row.coupon.code for row in staff_client.get(LIST, query).context["rows"]}

    assert codes(state="on") == {on.code, off.code, full.code}
    assert codes(state="used") == {full.code}
    assert codes(state="off") == set()
    assert codes(q="ful") == {full.code}


# Who may do what ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "changes", "money"),
    [(ADMINISTRATOR, True, True), (MARKETING, True, False), (COURSES, False, True), (VIEWER, False, False)],
)
def test_who_may_see_and_change(client, role, changes, money):
    coupon = ReferralCouponFactory.create(code="DRUG10")
    booking = BookingFactory.create(referral_code="DRUG10", confirmed=2, discount_percent=10)
    PaymentFactory.create(booking=booking, amount=Decimal("777.77"))
    user = UserFactory.create()
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)

    page = client.get(LIST).content.decode()

    assert "DRUG10" in page
    assert ("777,77" in page) is money
    assert ("Выключить" in page) is changes
    assert client.get(NEW).status_code == (200 if changes else 403)
    switched = client.post(reverse("bookings:coupon_switch", args=[coupon.pk]), {"on": "0"})
    assert switched.status_code == (302 if changes else 403)


def test_hostile_words_are_only_text(staff_client):
    ReferralCouponFactory.create(code="<b>XSS</b>", name='"><img src=x onerror=alert(1)>')

    page = staff_client.get(LIST)

    assertNotContains(page, "<b>XSS")
    assertNotContains(page, "<img src=x")


def test_an_empty_list_says_so(staff_client):
    assertContains(staff_client.get(LIST), "Промокодов пока нет")
    assert staff_client.get(LIST, {"state": "x"}).status_code == 422


def test_a_page_takes_few_queries_however_many_coupons(staff_client, django_assert_max_num_queries):
    for number in range(30):
        coupon = ReferralCouponFactory.create(created_by=TelegramUserFactory.create().pk)
        PaymentFactory.create(booking__referral_code=coupon.code, booking__confirmed=2 if number % 2 else 1)
    staff_client.get(LIST)

    with django_assert_max_num_queries(12):
        staff_client.get(LIST)
