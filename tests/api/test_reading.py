"""The contracts of the previous dashboard's GET routes: shapes, types, order, limits and errors, on the dump."""

import re
from datetime import date
from itertools import pairwise
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.db import ProgrammingError, connection
from django.db.models import Count
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.charts import growth_chart, read_daily
from analytics.models import Refresh
from analytics.periods import Period
from analytics.queries import Freshness, events_by_type, numbers_by_day
from analytics.rollups import FIRST_DAY, refresh_numbers
from bookings.models import Booking, Payment
from bookings.statistics import remember_viewed_of_streams
from hsl_dashboard.api.routes import description_of_api
from hsl_dashboard.web.days import Days, school_day
from messaging.models import Broadcast, Recipient
from tests import bot_database
from tests.api.conftest import client_of
from tests.api.contracts import (
    BOOKING,
    BUDGETS,
    ERRORS,
    FAILURES,
    LESSON,
    MOMENT,
    PERSON_ROW,
    PLAIN,
    SHAPES,
    WITH_SUCCESS,
    mismatch,
)
from tests.factories import PaymentFactory, UserFactory
from users.models import Event, PersonTotals, TelegramUser

TABLES = (
    "courses", "users", "bookings", "events", "free_lesson_registrations", "hackathon_registrations",
    "message_history", "message_recipients", "blocked_users",
)  # fmt: skip
MINUTE = re.compile(rb'"lastUpdate":"[^"]*"')  # now, and the next one may begin between two answers


class ReadingTests(TestCase):
    api: Client

    @classmethod
    def setUpTestData(cls):
        bot_database.load(*TABLES)
        refresh_numbers(timezone.now())
        cls.staff = UserFactory.create(username="anna", is_superuser=True)
        cls.api = client_of(cls.staff)

    def test_every_route_has_its_fields_and_types(self):
        for path, shape in SHAPES.items():
            with self.subTest(path):
                response = self.api.get(path)
                assert response.status_code == 200, response.content
                assert mismatch(shape, response.json()) == ""

    def test_every_error_has_its_status_words_and_shape(self):
        for path, status, words, beside in ERRORS:
            with self.subTest(path):
                response = self.api.get(path)
                assert (response.status_code, response.json()) == (status, {**beside, "error": words})

    def test_of_parameters_with_one_name_the_first_counts_and_unknown_ones_are_ignored(self):
        assert len(self.api.get("/api/bookings?limit=3&limit=5&no=1").json()) == 3

    def test_days_are_one_more_than_asked_and_in_their_order(self):
        daily = [row["date"] for row in self.api.get("/api/events?type=daily&days=7").json()]
        growth = [row["date"] for row in self.api.get("/api/user-growth?days=7").json()]

        assert len(daily) == 8 and daily == sorted(daily, reverse=True)
        assert growth == sorted(daily)

    def test_growth_ends_with_everybody(self):
        rows = self.api.get("/api/user-growth?days=365").json()

        assert rows[-1]["totalUsers"] == TelegramUser.objects.count() == self.api.get("/api/stats").json()["totalUsers"]
        assert all(after["totalUsers"] - before["totalUsers"] == after["newUsers"] for before, after in pairwise(rows))

    def test_totals_count_unknown_statuses_as_active(self):
        stats = self.api.get("/api/stats").json()

        assert stats["activeBookings"] == sum(booking.confirmed != -1 for booking in Booking.objects.only("confirmed"))
        assert stats["confirmedPayments"] == Booking.objects.filter(confirmed=2).count()

    def test_streams_stand_by_their_raw_code_and_add_up_to_the_course(self):
        streams = self.api.get("/api/course-streams").json()
        codes = [row["courseStreamRaw"] for row in streams]
        without = Booking.objects.filter(course_id=1, course_stream=None).count()

        assert codes == sorted(codes) and "" in codes
        assert sum(row["total"] for row in streams) + without == self.api.get("/api/courses").json()[0]["total"]
        assert next(row["courseStream"] for row in streams if row["courseStreamRaw"] == "8th_stream") == "8-й поток"

    def test_recent_events_name_nobody_more_than_twice(self):
        people = [row["user_id"] for row in self.api.get("/api/events?type=recent&limit=200").json()]

        assert max(people.count(person) for person in people) <= 2

    def test_bookings_can_be_walked_through_to_the_last_one_each_once(self):
        found, address = [], "/api/bookings?limit=200"
        while address:
            response = self.api.get(address)
            assert response.status_code == 200, (address, response.content)
            found += response.json()
            address = response.get("Link", "").partition("<")[2].partition(">")[0]

        moments = [row["created_at"] for row in found]
        dated = [moment for moment in moments if moment]
        assert len({row["id"] for row in found}) == len(found) == Booking.objects.count()
        assert moments == [None] * (len(moments) - len(dated)) + sorted(dated, reverse=True)

    def test_the_list_of_people_turns_pages_and_narrows(self):
        first = self.api.get("/api/users/list?limit=100").json()
        second = self.api.get("/api/users/list?limit=100&page=2").json()
        confirmed = self.api.get("/api/users/list?status=2&limit=200").json()
        odd = self.api.get("/api/users/list?status=7&limit=200").json()

        assert first["totalPages"] == -(-first["total"] // 100) and first["total"] == TelegramUser.objects.count()
        assert not {row["user_id"] for row in first["users"]} & {row["user_id"] for row in second["users"]}
        assert {row["latest_payment_status"] for row in confirmed["users"]} == {2}
        assert {row["latest_payment_status"] for row in odd["users"]} <= {7}

    def test_a_person_answers_whoever_they_are(self):
        shape = {"success": "bool", "user": PERSON_ROW, "bookings": "any", "events": "any", "freeLessons": "any"}
        booking = Booking.objects.exclude(telegram_user__free_lessons=None).first()
        answer = self.api.get(f"/api/users/{booking.telegram_user_id}").json()
        nobody = TelegramUser.objects.filter(bookings=None, events=None, free_lessons=None).first()

        assert mismatch(shape, answer) == ""
        assert mismatch([BOOKING], answer["bookings"]) == mismatch([LESSON], answer["freeLessons"]) == ""
        assert self.api.get(f"/api/users/{booking.telegram_user_id}/bookings").json() == {
            "success": True, "bookings": answer["bookings"],
        }  # fmt: skip
        assert nobody is None or self.api.get(f"/api/users/{nobody.pk}").status_code == 200
        assert self.api.get("/api/users/1/bookings").json() == {"success": True, "bookings": []}

    def test_people_and_messages_are_walked_by_cursor_in_the_order_of_their_pages(self):
        people = self.walk("/api/users/list?limit=200", lambda answer: [row["user_id"] for row in answer["users"]])
        turned = [
            row["user_id"]
            for page in range(1, len(people) // 200 + 2)
            for row in self.api.get(f"/api/users/list?limit=200&page={page}").json()["users"]
        ]
        messages = self.walk("/api/messages/history?limit=7", lambda answer: [row["id"] for row in answer])
        skipped = [row["id"] for row in self.api.get("/api/messages/history?offset=3&limit=100").json()]

        assert people == turned and len(set(people)) == len(people) == TelegramUser.objects.count()
        assert messages[3:103] == skipped and len(set(messages)) == len(messages) == Broadcast.objects.count()

    def test_whole_lists_are_given_piece_by_piece_too_each_row_once(self):
        message = Recipient.objects.order_by("-message_id")[0].message_id
        for address, size in (
            ("/api/users/by-stream?stream=4th_stream", 7),
            ("/api/users/non-course?x=1", 97),
            ("/api/users/hackathon?x=1", 3),
            (f"/api/messages/{message}/recipients?x=1", 5),
        ):
            with self.subTest(address):
                whole = self.api.get(address).json()

                assert self.walk(f"{address}&limit={size}", list) == whole and len(whole) > size

    def test_people_of_a_stream_come_in_pieces_bookings_before_those_who_viewed(self):
        whole = self.api.get("/api/stream-students?stream=8th_stream").json()
        pieces = self.walk("/api/stream-students?stream=8th_stream&limit=7", lambda answer: answer["students"])
        first = self.api.get("/api/stream-students?stream=8th_stream&limit=1").json()

        def key(row: dict[str, Any]) -> tuple[str, str, str]:
            return row["source"], row["user_id"], str(row["created_at"])

        assert sorted(pieces, key=key) == sorted(whole["students"], key=key)
        assert whole["total"] == first["total"] == len(pieces)
        sources = [row["source"] for row in pieces]
        assert sources == sorted(sources) and set(sources) == {"booking", "viewed"}
        booked = [row for row in whole["students"] if row["source"] == "booking"]
        assert [key(row) for row in pieces if row["source"] == "booking"] == [key(row) for row in booked]

    def test_who_viewed_is_found_by_a_walk_too(self):
        self.addCleanup(cache.clear)
        few = self.walk("/api/stream-students?stream=8th_stream&limit=50", lambda answer: answer["students"])
        with mock.patch("bookings.statistics.MANY_VIEWS", 0):
            many = self.walk("/api/stream-students?stream=8th_stream&limit=50", lambda answer: answer["students"])
            remember_viewed_of_streams()
            total = self.api.get("/api/stream-students?stream=8th_stream&limit=1").json()["total"]

        assert many == few and total == len(few)

    def test_what_is_much_is_counted_once_in_a_while_and_says_when(self):
        addresses = [
            "/api/stats", "/api/free-lessons-conversion", "/api/user-growth", "/api/users/list",
            "/api/users/list?search=а", "/api/users/search?stats=true",
        ]  # fmt: skip
        self.addCleanup(cache.clear)
        exactly = [self.api.get(address) for address in addresses]
        with mock.patch("hsl_dashboard.web.remembered.MANY", 1):
            counted = [self.api.get(address) for address in addresses]
            asked = []
            for address in addresses:
                with CaptureQueriesContext(connection) as queries:
                    asked.append((self.api.get(address), len(queries)))

        assert not any(answer.has_header("X-Counted-At") for answer in exactly)
        for once, first, (again, _queries) in zip(exactly, counted, asked, strict=True):
            contents = {MINUTE.sub(b"", answer.content) for answer in (once, first, again)}
            assert len(contents) == 1
            assert re.fullmatch(MOMENT, again["X-Counted-At"]) and again["X-Counted-At"] == first["X-Counted-At"]

    def test_numbers_are_those_of_the_pages(self):
        today = school_day(timezone.now())
        days, fresh = Days.until(today, count=31), Freshness.read()
        growth = self.api.get("/api/user-growth").json()
        daily = {date.fromisoformat(row["date"]): row for row in self.api.get("/api/events?type=daily").json()}
        drawn = growth_chart(read_daily(Period(days, None, unfinished=False), fresh)).series[0].values
        found = numbers_by_day(days, ["new", "booking", "event"], fresh)
        shares = events_by_type(Days(FIRST_DAY, today), fresh)

        assert [row["totalUsers"] for row in growth] == list(drawn)
        assert all(
            (daily[day]["newUsers"], daily[day]["bookings"], daily[day]["events"])
            == tuple(found[kind].get(day, 0) for kind in ("new", "booking", "event"))
            for day in days
        )
        assert [row["count"] for row in self.api.get("/api/events").json()] == [share.number for share in shares[:10]]

    def test_before_the_first_count_numbers_by_day_ask_to_come_again(self):
        Refresh.objects.all().delete()
        for address in ("events", "events?type=daily", "user-growth", "free-lessons-conversion"):
            response = self.api.get(f"/api/{address}")

            assert response.status_code == 503 and response["Retry-After"]
            assert response.json()["error"] == "The numbers are being counted for the first time"

    def walk(self, address: str, rows_of: Any) -> list[Any]:
        found = []
        while address:
            response = self.api.get(address)
            found += rows_of(response.json())
            address = response.get("Link", "").partition("<")[2].partition(">")[0]
        return found

    def test_everything_of_a_person_is_newest_first(self):
        people = Event.objects.order_by().values("telegram_user").annotate(number=Count("*"))
        busiest = people.order_by("-number")[0]
        answer = self.api.get(f"/api/users/{busiest['telegram_user']}").json()
        moments = {"bookings": "created_at", "events": "created_at", "freeLessons": "registered_at"}

        assert len(answer["events"]) == min(50, busiest["number"]) > 10
        for part, moment in moments.items():
            dated = [row[moment] for row in answer[part] if row[moment]]
            assert dated == sorted(dated, reverse=True)

    def test_who_registered_for_the_hackathon_has_no_first_name(self):
        assert {row["first_name"] for row in self.api.get("/api/users/hackathon").json()} == {None}

    def test_a_fault_says_the_documented_words_and_nothing_of_the_database(self):
        def breaks(execute: Any, sql: str, *call: Any) -> Any:
            if any(table in sql for table in ("users_apitoken", "staff_user", "auth_", "SAVEPOINT", "set_config")):
                return execute(sql, *call)
            raise ProgrammingError('relation "secret" does not exist')

        for address, words in FAILURES.items():
            with self.subTest(address), connection.execute_wrapper(breaks):
                response = self.api.get(address)
                shape = WITH_SUCCESS if address.startswith(("/api/users/list", "/api/users/1")) else PLAIN
                answer = response.json()
                assert answer.pop("request_id") == response["X-Request-ID"] != ""
                assert (response.status_code, answer) == (500, {**shape, "error": words})

    def test_search_finds_what_begins_so_and_drops_a_leading_at(self):
        person = TelegramUser.objects.exclude(username=None).exclude(username="").first()
        found = self.api.get("/api/users/search", {"q": f"@{str(person and person.username)[:6].upper()}"}).json()

        assert str(person.pk) in [row["user_id"] for row in found] and len(found) <= 50
        assert self.api.get("/api/users/search?q=%20").json() == []

    def test_students_of_a_stream_are_each_there_once(self):
        found = [row["user_id"] for row in self.api.get("/api/users/by-stream?stream=4th_stream").json()]
        expected = Booking.objects.filter(course_stream="4th_stream", confirmed=2)

        assert sorted(found) == sorted({str(pk) for pk in expected.values_list("telegram_user", flat=True)})

    def test_students_and_the_others_are_everybody(self):
        others = {row["user_id"] for row in self.api.get("/api/users/non-course").json()}
        students = set(Booking.objects.filter(confirmed=2).values_list("telegram_user", flat=True))

        assert others | {str(pk) for pk in students} == {
            str(pk) for pk in TelegramUser.objects.values_list("pk", flat=True)
        }
        assert not others & {str(pk) for pk in students}

    def test_conversion_counts_people_and_is_never_over_a_hundred(self):
        rows = self.api.get("/api/free-lessons-conversion").json()

        assert all(0 <= row["attendances"] <= row["registrations"] for row in rows)
        assert all(row["conversion_rate"] <= 100 for row in rows) and any(row["attendances"] for row in rows)

    def test_an_unknown_stream_is_told_all_that_there_are(self):
        answer = self.api.get("/api/stream-students?stream=99th")

        assert answer.status_code == 400
        assert answer.json()["error"].startswith("Invalid stream. Available: , ")

    def test_lists_are_not_sent_again_while_nothing_changes(self):
        first = self.api.get("/api/bookings")
        again = self.api.get("/api/bookings", headers={"If-None-Match": first["ETag"]})

        assert first["Cache-Control"] == "private, no-cache"
        assert (again.status_code, again.content) == (304, b"")

    def test_what_is_long_is_compressed_for_who_takes_it(self):
        packed = self.api.get("/api/bookings?limit=100", headers={"Accept-Encoding": "gzip"})
        short = self.api.get("/api/stats", headers={"Accept-Encoding": "gzip"})

        assert packed["Content-Encoding"] == "gzip" and "Content-Encoding" not in short

    def test_every_route_that_reads_answers_304_and_compresses_what_is_long(self):
        for address in SHAPES.keys() - {"/api/test-db"}:  # it answers otherwise each time
            with self.subTest(address):
                first = self.api.get(address, headers={"Accept-Encoding": "gzip"})
                again = self.api.get(address, headers={"If-None-Match": first["ETag"]})
                is_long = len(self.api.get(address).content) >= 1_024

                assert (again.status_code, again.content) == (304, b"")
                assert first.has_header("Content-Encoding") == is_long

    def test_head_answers_as_get_without_a_body(self):
        response = self.api.head("/api/bookings")

        assert (response.status_code, response.content) == (200, b"")

    def test_a_wrong_method_is_405_in_json(self):
        response = self.api.post("/api/bookings")

        assert (response.status_code, response.json()) == (405, {"error": "Method not allowed"})
        assert response["Allow"] == "GET, HEAD"

    def test_no_route_asks_more_often_because_there_are_more_rows(self):
        PaymentFactory.create_batch(5)
        busiest = PersonTotals.objects.order_by("-bookings")[0].pk
        message = Recipient.objects.order_by("-message_id")[0].message_id
        self.api.get("/api/stats")  # writes down that the token is used, once a minute
        asked = {}
        for address, most in BUDGETS.items():
            path = address.format(user_id=busiest, message_id=message, payment_id=Payment.objects.latest("pk").pk)
            with CaptureQueriesContext(connection) as queries:
                response = self.api.get(path)
            assert response.status_code == 200, path
            asked[address] = len(queries), most

        assert {address: number for address, number in asked.items() if number[0] > number[1]} == {}

    def test_every_route_that_reads_has_a_budget(self):
        paths = description_of_api()["paths"]

        assert {address.partition("?")[0] for address in BUDGETS} == {
            path for path, methods in paths.items() if "get" in methods and path != "/api/health"
        }


@pytest.mark.django_db
def test_without_a_booking_the_first_course_is_no_row(api):
    assert api.get("/api/courses").json() == []
