"""The kept sums of money: equal to those of the rows at every moment, whatever is written and by whom."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from bookings.labels import Labels
from bookings.models import Booking, BookingCount, Confirmation, Course, MoneyDay, MoneyMark, Payment, Stream
from bookings.money.filters import ExpectedFilter, MoneyFilter, expected_bookings
from bookings.money.kept import (
    confirmed_by_day,
    confirmed_by_stream,
    fold_money,
    kept_sums,
    money_differences,
    rebuild_money,
    received_by_day,
)
from bookings.money.statistics import GROUPS, money_by
from bookings.money.views import _sums
from bookings.services.counts import booking_count_differences, fold_booking_counts, rebuild_booking_counts
from bookings.statistics import counts_by_stream
from hsl_dashboard.db import run_sql
from hsl_dashboard.web.days import Days, school_day
from tests.factories import BookingFactory, CourseFactory, PaymentFactory, StreamFactory
from tests.sizes import sample

pytestmark = pytest.mark.django_db

OVERVIEW = reverse("bookings:money_overview")
QUERIES = (
    "", "since=2026-11-01&until=2026-11-02", "since=2026-11-03", "until=2026-11-01", "course=1", "currency=RUB",
    "since=2026-10-31&until=2026-11-30", "since=1970-01-02&until=2026-10-31", "since=2026-10-02",
)  # fmt: skip
MOMENTS = [
    "2026-10-31 23:59:59.999999+03", "2026-11-01 00:00:00+03", "2026-11-02 23:59:59+03", "2026-11-03 00:00:00+03",
    "1970-01-01 00:00:00+00",
]  # fmt: skip


def assert_kept_equals_rows() -> None:
    labels = Labels.read()
    for query in QUERIES:
        payments = MoneyFilter(QueryDict(query), queryset=Payment.objects.all(), labels=labels)
        expected = ExpectedFilter(QueryDict(query), queryset=expected_bookings(), labels=labels)
        assert payments.is_valid() and expected.is_valid(), query
        for group in GROUPS:
            kept = {
                key: line for key, line in _sums(group, payments, expected).items() if line.payments + line.bookings
            }
            assert kept == money_by(group, payments=payments.qs, expected=expected.qs), (query, group)


def assert_counts_equal_rows() -> None:
    assert list(booking_count_differences()) == []
    by_stream = counts_by_stream(BookingCount.objects.all())
    by_hand: dict[Any, Counter[int | None]] = defaultdict(Counter)
    for course, stream, status in Booking.objects.values_list("course_id", "course_stream", "confirmed"):
        by_hand[course, stream or None][status] += 1
    found = {key: (counts.confirmed, counts.total) for key, counts in by_stream.items() if counts.total}
    assert found == {key: (counts[2], counts.total()) for key, counts in by_hand.items()}
    month = Days(date(2026, 10, 1), school_day(timezone.now()))
    moments = [at for at in Confirmation.objects.values_list("confirmed_at", flat=True) if at]
    assert confirmed_by_day(month) == Counter(day for at in moments if (day := school_day(at)) in month)
    streams = Confirmation.objects.filter(confirmed_at__gte=month.begins, confirmed_at__lt=month.ends)
    of_streams = streams.values_list("booking__course_id", "booking__course_stream")
    assert confirmed_by_stream(month) == Counter((course, code or "") for course, code in of_streams)
    received: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for payment in Payment.objects.filter(received_at__gte=month.begins, received_at__lt=month.ends):
        received[payment.currency, school_day(payment.received_at)] += payment.amount
    kept = {(money, day): sum for money, days in received_by_day(month).items() for day, sum in days.items()}
    assert kept == received


@pytest.fixture
def school() -> None:
    for number in (1, 2):
        Course.objects.update_or_create(
            pk=number, defaults={"name": str(number), "button_text": str(number), "price_usd_cents": 9_999 * number}
        )
    Stream.objects.update_or_create(course_id=1, code="8th_stream", defaults={"price": 15_000, "currency": "RUB"})
    fold_money()


INSERT_BOOKING = (
    "INSERT INTO bookings (user_id, course_id, course_stream, confirmed, referral_code, created_at)"
    " VALUES (%(person)s, %(course)s, %(stream)s, %(status)s, %(code)s, %(at)s)"
)
INSERT_PAYMENT = (
    "INSERT INTO bookings_payment (booking_id, amount, currency, received_at)"
    " SELECT max(id), %(amount)s, 'RUB', COALESCE(%(at)s, now()) FROM bookings WHERE user_id = %(person)s"
)
WRITES = [
    INSERT_BOOKING,
    INSERT_PAYMENT,
    "UPDATE bookings SET confirmed = %(status)s WHERE user_id = %(person)s",
    "UPDATE bookings SET course_id = %(course)s, course_stream = %(stream)s WHERE user_id = %(person)s",
    "UPDATE bookings SET referral_code = %(code)s, discount_percent = %(discount)s WHERE user_id = %(person)s",
    "UPDATE bookings SET created_at = %(at)s WHERE user_id = %(person)s",
    "DELETE FROM bookings WHERE user_id = %(person)s",
    "UPDATE bookings_payment SET amount = -amount, currency = 'USD' WHERE id %% 2 = 0",
    "UPDATE bookings_payment SET received_at = COALESCE(%(at)s, now()) WHERE id %% 3 = 0",
    "DELETE FROM bookings_payment WHERE id %% 5 = 0",
    "UPDATE bookings_stream SET price = NULLIF(%(discount)s, 0), currency = 'EUR' WHERE code = '8th_stream'",
    "UPDATE courses SET price_usd_cents = %(amount)s WHERE id = %(course)s",
]


@pytest.mark.parametrize("seed", range(sample(3, 60)))
def test_kept_sums_are_those_of_the_rows_whatever_is_written(school, seed):
    dice = Random(seed)
    for turn in range(60):
        values = {
            "person": dice.randint(1, 6),
            "course": dice.choice([1, 2, None]),
            "stream": dice.choice(["8th_stream", "", None]),
            "code": dice.choice(["A", "B", "", None]),
            "status": dice.choice([0, 2, 2, -1, None]),
            "at": dice.choice([*MOMENTS, None]),
            "discount": dice.choice([0, 10, 100, 150]),
            "amount": dice.choice([100, 250, -50]),
        }
        query = dice.choice(WRITES)
        run_sql(query, values)
        if turn % 10 == 4:
            fold_money()
            fold_booking_counts()
            assert list(money_differences()) == []
        if turn % 10 in {4, 9}:
            assert_counts_equal_rows()
        if turn % 10 in {4, 9} and not MoneyMark.objects.filter(everything=True).exists():
            assert_kept_equals_rows()
    fold_money()
    assert list(money_differences()) == []
    assert_kept_equals_rows()


def test_a_check_finds_what_does_not_agree(school):
    booking = BookingFactory.create(course=Course.objects.get(pk=1), course_stream="8th_stream", confirmed=2)
    PaymentFactory.create(booking=booking)
    fold_money()
    MoneyDay.objects.filter(part="stream", payments=1).update(payments=7)

    found = list(money_differences())
    assert sorted(sentence.rpartition(": ")[0].rpartition("” ")[2] for sentence in found) == [
        "counted", "counted month", "kept", "kept month",
    ]  # fmt: skip
    assert "“8th_stream”" in found[0]

    rebuild_money()
    assert list(money_differences()) == []


def test_days_are_not_summed_by_a_plan_of_the_empty_tables(school):
    for _call in range(10):
        run_sql("SELECT money_of_day('2026-01-01')")
    run_sql(
        "INSERT INTO bookings_payment (amount, currency, received_at)"
        " SELECT 10, 'RUB', timestamptz '2024-01-01' + number * interval '1 hour'"
        " FROM generate_series(1, 2000) AS number"
    )
    before = payments_read_whole()

    fold_money()
    assert MoneyDay.objects.filter(part="stream").count() == 84
    assert payments_read_whole() - before < 5 * 2_000


def payments_read_whole() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'bookings_payment'")
        [number] = cursor.fetchone()
    return int(number)


def test_a_changed_price_is_counted_by_beat_and_the_page_says_so(school, staff_client):
    BookingFactory.create(course=Course.objects.get(pk=1), course_stream="8th_stream", confirmed=2, discount_percent=0)
    fold_money()
    Stream.objects.filter(course_id=1, code="8th_stream").update(price=20_000)

    page = staff_client.get(f"{OVERVIEW}?all=1")
    assertContains(page, "Цена изменилась: суммы пересчитываются.")
    assert page.context["totals"]["RUB"].expected == 15_000

    fold_money()
    page = staff_client.get(f"{OVERVIEW}?all=1")
    assert "Цена изменилась" not in page.content.decode()
    assert page.context["totals"]["RUB"].expected == 20_000


def test_a_payment_is_in_the_sums_at_once(school, staff_client):
    MoneyMark.objects.all().delete()
    PaymentFactory.create(booking=None, amount=41, received_at=datetime(2026, 11, 2, 12, tzinfo=UTC))

    assert kept_sums("stream", since=None, until=None, course=None, currency="USD")[None, None, "USD"].received == 41
    assert staff_client.get(f"{OVERVIEW}?all=1").context["totals"]["USD"].received == 41
    assert not MoneyMark.objects.exists()  # the page has summed the day for those that follow
    assert staff_client.get(f"{OVERVIEW}?all=1").context["totals"]["USD"].received == 41
    assert kept_sums("course", since=None, until=None, course=None, currency="EUR") == {}


@pytest.mark.owner
def test_an_emptied_table_is_counted_again(school):
    PaymentFactory.create(booking=None)
    fold_money()
    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("TRUNCATE bookings_payment CASCADE")
    fold_money()

    assert not MoneyDay.objects.exclude(payments=0).exists()
    assert list(money_differences()) == []


@pytest.mark.parametrize("group", ["stream", "course", "code"])
def test_the_sums_leave_as_a_file_with_their_period(staff_client, group):
    stream = StreamFactory.create(course=CourseFactory.create(), code="20th", name="20-й поток")
    booking = BookingFactory.create(course_id=stream.course_id, course_stream="20th", referral_code="=CODE")
    PaymentFactory.create(booking=booking, amount="12.50", received_at=datetime(2026, 11, 2, 12, tzinfo=UTC))

    answer = staff_client.get(f"{OVERVIEW}?by={group}&since=2026-11-01&until=2026-11-30&format=csv")

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert f"money-by-{group}-2026-11-01-2026-11-30.csv" in answer["Content-Disposition"]
    assert len(lines) == 2 and lines[0].count(";") == 9
    assert "12,50" in lines[1] or "12.50" in lines[1]
    assert lines[1].startswith("2026-11-01;2026-11-30;")
    assert not any(cell.startswith("=") for cell in lines[1].split(";"))
    assert Booking.objects.count() == 1


@pytest.mark.owner
def test_counts_of_bookings_are_put_together_found_wrong_and_counted_anew(school):
    course = Course.objects.get(pk=1)
    booking = BookingFactory.create(course=course, course_stream="8th_stream", referral_code="A", confirmed=0)
    for status in (1, 2, -1, 2):
        Booking.objects.filter(pk=booking.pk).update(confirmed=status)
    fold_booking_counts()
    assert set(BookingCount.objects.values_list("part", "key", "status", "number")) == {
        ("stream", "8th_stream", 2, 1),
        ("code", "A", 2, 1),
    }

    BookingCount.objects.filter(part="code").update(number=7)
    assert len(list(booking_count_differences())) == 2
    rebuild_booking_counts()
    assert list(booking_count_differences()) == []

    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("TRUNCATE bookings CASCADE")
    fold_booking_counts()
    assert not BookingCount.objects.exists()
