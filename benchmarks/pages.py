"""Every page that staff can open, at two sizes: time, queries, bytes. ``tests/test_benchmarks.py`` misses none."""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.test import Client

RUNS = 20
GOALS = "median at most 50 ms, at most 2 times the small school's, at most 12 queries"
MOST_MILLISECONDS, MOST_TIMES, MOST_QUERIES = 50, 2, 12
# Funnels and cohorts, and the lists behind them, read a row of each person in the period.
OF_PEOPLE = ("part=funnels", "part=cohorts", "/analytics/people/")
MOST_OF_PEOPLE, MOST_OF_A_YEAR = 300, 1_000  # milliseconds; of a period up to 90 days, and of a longer one
# What the composer counts arrives after its page, and the last page is exact: milliseconds for an audience of 100,000.
MOST_OF_COMPOSER = {"/counts/": 300, "/total/": 500, "/confirm/": 1_000}

# Addresses by the name of their page, with its usual filters. {person}: who has most events; {quiet}: one with few.
PAGES: dict[str, list[str]] = {
    "analytics:today": ["/", *(f"/?part={part}" for part in ("waiting", "quality", "figures", "streams", "events"))],
    "health_live": ["/health/live"],
    "jump": ["/jump/?q=анна", "/jump/?q=щукин"],
    "shortcuts_set": ["/shortcuts/"],
    "bookings:workshop_list": ["/workshops/"],
    "bookings:stream_detail": ["/workshops/stream/8th_stream/", "/workshops/stream/8th_stream/?status=2"],
    "bookings:booking_list": [
        "/bookings/",
        "/bookings/?stream=8th_stream",
        "/bookings/?status=2",
        "/bookings/?q=анна",
        "/bookings/?q=щукин",
    ],
    "bookings:booking_news": ["/bookings/news/?newer_than={booking}"],
    "bookings:booking_detail": ["/bookings/{booking}/"],
    "bookings:booking_status": ["/bookings/{booking}/status/"],
    "bookings:booking_new": ["/users/{person}/bookings/new/"],
    "bookings:booking_edit": ["/users/{booked}/bookings/{booking}/edit/"],
    "bookings:person_booking": ["/users/{booked}/bookings/{booking}/"],
    "bookings:person_stream": ["/users/{booked}/stream/"],
    "bookings:data_quality": ["/data-quality/"],
    "messaging:takeover": ["/data-quality/takeover/"],
    "users:person_list": [
        "/users/",
        "/users/?sort=-events",
        "/users/?stream=8th_stream",
        "/users/?lead=3",
        "/users/?status=5&language=ru",
        "/users/?q=анна",
        "/users/?q=щукин",
        "/users/?before=end",
    ],
    "users:person_block": ["/users/{person}/block/"],
    "users:person_detail": ["/users/{person}/", "/users/{quiet}/"],
    "system_detail": ["/system/"],
    "staff:staff_list": ["/staff/"],
    "staff:staff_detail": ["/staff/{colleague}/"],
    "staff:staff_new": ["/staff/new/"],
    "personal_data:personal_data_erase": ["/users/{quiet}/erase/"],
    "messaging:broadcast_list": ["/messages/"],
    "messaging:broadcast_detail": ["/messages/{broadcast}/"],
    "messaging:broadcast_progress": ["/messages/{broadcast}/progress/"],
    "messaging:broadcast_edit": ["/messages/{broadcast}/edit/"],
    "messaging:broadcast_delete": ["/messages/{broadcast}/delete/"],
    "messaging:broadcast_start": ["/messages/{broadcast}/start/"],
    "messaging:broadcast_cancel": ["/messages/{broadcast}/cancel/"],
    "messaging:broadcast_retry": ["/messages/{broadcast}/retry/"],
    "messaging:broadcast_schedule": ["/messages/{broadcast}/schedule/"],
    "messaging:person_unblock": ["/messages/blocked/{blocked}/"],
    "messaging:blocked_list": ["/messages/blocked/"],
    "messaging:conversation_list": ["/inbox/", "/inbox/?state=all", "/inbox/?q=анна"],
    "messaging:conversation_news": ["/inbox/news/?newer_than=1"],
    "messaging:conversation_detail": ["/inbox/{writer}/"],
    "messaging:conversation_live": ["/inbox/{writer}/live/"],
    "messaging:notice_settings": ["/accounts/notices/"],
    "messaging:template_list": ["/messages/templates/"],
    "messaging:automation_list": ["/messages/automations/"],
    "messaging:automation_edit": ["/messages/automations/{automation}/"],
    "messaging:compose_message": ["/messages/new/", "/messages/new/{draft}/"],
    "messaging:compose_confirm": ["/messages/new/{draft}/confirm/"],
    "messaging:compose_counts": [
        "/messages/new/counts/",
        "/messages/new/counts/?group=not_students",
        "/messages/new/counts/?group=free_lesson",
        "/messages/new/counts/?group=everyone",
    ],
    "messaging:draft_list": ["/messages/drafts/"],
    "messaging:draft_total": ["/messages/new/{draft}/total/"],
    "messaging:broadcast_expected": ["/messages/{broadcast}/expected/"],
    "analytics:analytics_overview": [
        "/analytics/",
        "/analytics/?period=90&part=growth",
        "/analytics/?period=90&part=daily",
        "/analytics/?period=90&part=funnels",
        "/analytics/?period=90&part=types",
        "/analytics/?period=90&part=cohorts",
        "/analytics/?period=90&part=leads",
        "/analytics/?period=90&part=hours",
        "/analytics/?period=365&part=growth",
        "/analytics/?period=365&part=funnels",
        "/analytics/?period=365&part=cohorts",
    ],
    "analytics:definition_list": ["/analytics/definitions/"],
    "analytics:people_behind": [
        "/analytics/people/?since=2026-11-01&until=2026-11-28",
        "/analytics/people/?funnel=course&step=2&since=2026-09-01&until=2026-11-28",
        "/analytics/people/?cohort=2026-11-09&week=2026-11-16",
    ],
    "bookings:booking_keep": ["/bookings/{booking}/keep/"],
    "bookings:booking_notify": ["/bookings/{booking}/notify/"],
    "bookings:payment_new": ["/bookings/{booking}/payments/new/"],
    "bookings:coupon_list": ["/referrals/"],
    "bookings:coupon_new": ["/referrals/new/"],
    "bookings:expected_list": ["/money/expected/"],
    "bookings:money_overview": ["/money/", "/money/?all=1"],
    "bookings:payment_list": ["/money/payments/"],
    "bookings:payment_queue": ["/payments/", "/payments/?tab=mine", "/payments/?before=end"],
    "bookings:payment_rules": ["/payments/rules/"],
    "bookings:incoming_list": ["/payments/unmatched/"],
    "bookings:incoming_match": ["/payments/unmatched/{notice}/"],
    "bookings:lesson_list": ["/free-lessons/", "/free-lessons/?q=анна"],
    "bookings:lesson_dates_list": ["/free-lessons/dates/"],
    "bookings:course_new": ["/workshops/courses/new/"],
    "bookings:course_edit": ["/workshops/courses/{course}/"],
    "bookings:stream_new": ["/workshops/streams/new/"],
    "bookings:stream_edit": ["/workshops/streams/{stream}/"],
    "bookings:stream_days": ["/workshops/streams/{stream}/days/"],
    "bookings:stream_viewed": ["/workshops/viewed/8th_stream/"],
    "users:audit_list": ["/audit/", "/audit/?what=bookings", "/audit/?q=221"],
    "users:lead_rules": ["/users/leads/"],
    "saved_view_list": ["/views/"],
    "saved_view_counts": ["/views/counts/"],
    "saved_view_new": ["/views/new/?address=/bookings/"],
    "token_list": ["/accounts/tokens/"],
    "api_docs": ["/api/docs"],
    "api:stats": ["/api/stats"],
    "api:courses": ["/api/courses"],
    "api:course_streams": ["/api/course-streams"],
    "api:events": ["/api/events", "/api/events?type=daily", "/api/events?type=recent"],
    "api:bookings": ["/api/bookings?limit=200"],
    "api:free_lessons": ["/api/free-lessons?limit=500"],
    "api:free_lessons_conversion": ["/api/free-lessons-conversion"],
    "api:user_growth": ["/api/user-growth?days=365"],
    "api:user_activity": ["/api/user-activity"],
    "api:api_health": ["/api/health"],
    "api:stream_students": [
        "/api/stream-students?stream=8th_stream&limit=200",
        "/api/stream-students?stream=8th_stream&limit=200&cursor=viewed.",
        "/api/stream-students?stream=8th_stream",
    ],
    "api:users_list": ["/api/users/list", "/api/users/list?search=анна", "/api/users/list?stream=8th_stream&status=2"],
    "api:users_search": ["/api/users/search?q=анна", "/api/users/search?stats=true"],
    "api:users_by_stream": [
        "/api/users/by-stream?stream=8th_stream&limit=200",
        "/api/users/by-stream?stream=8th_stream",
    ],
    "api:users_non_course": ["/api/users/non-course?limit=200", "/api/users/non-course"],
    "api:users_hackathon": ["/api/users/hackathon"],
    "api:user_detail": ["/api/users/{person}", "/api/users/{quiet}"],
    "api:user_bookings": ["/api/users/{booked}/bookings"],
    "api:message_detail": ["/api/messages/{broadcast}"],
    "api:message_recipients": [
        "/api/messages/{broadcast}/recipients?limit=200",
        "/api/messages/{broadcast}/recipients",
    ],
    "api:messages_history": ["/api/messages/history"],
    "api:debug_events": ["/api/debug-events", "/api/debug-events?user_id={person}&event_type=session_reset"],
    "api:payments": ["/api/payments?limit=200"],
    "api:payment_detail": ["/api/payments/{payment}"],
}
# Names whose addresses are not measured, and why.
NOT_MEASURED: dict[str, str] = {
    "icon_sprite": "a file",
    "health_ready": "the balancer's; it asks the broker too, which the benchmark does not start",
    "set_language": "leads on",
    "staff_link": "opened once by each member of staff, with a key",
    "bookings:bulk_prepare": "leads on",
    "bookings:bulk_change": "as long as the choice that it shows, at most 500 rows",
    "personal_data:personal_data_export": "a file",
    "messaging:compose_link": "leads on",
    "messaging:broadcast_outcome": "asks before it acts on one recipient, as the others that act do",
    "users:note_delete": "asks before it deletes one note",
    "analytics:chart_file": "a file",
    "analytics:table_export": "a file",
    "messaging:broadcast_file": "a file",
    "messaging:draft_file": "a file",
    "messaging:own_test": "what became of one message to oneself",
    "bookings:coupon_edit": "one coupon",
    "bookings:coupon_limit": "one coupon",
    "openapi_json": "the same at any size",
    "saved_view_edit": "one's own, as short as the new one's",
    "feed_csv": "a file",
    "api:test_db": "asks the database how quick it is",
    "api:db_schema": "the same at any size",
    "api:user_bookings_change": "the address of api:user_bookings, which answers",
    "api_unknown_address": "nothing is there",
}


@dataclass(frozen=True)
class Measured:
    """One address: milliseconds of the runs, queries and bytes of one."""

    address: str
    status: int
    median: float
    worst: float
    queries: int
    size: int


def measure(under: str = "/") -> list[Measured]:
    """Measure the addresses that begin with ``under``."""
    from django.contrib import admin

    from benchmarks.people import staff_client

    client, about = staff_client(), samples()
    addresses = [address.format(**about) for of_page in PAGES.values() for address in of_page]
    addresses += sorted(
        f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        for model in admin.site._registry
        if model._meta.managed
    )
    return [_measured(client, address) for address in addresses if address.startswith(under)]


def _measured(client: "Client", address: str) -> Measured:
    from django.core.cache import cache
    from django.db import connection

    from benchmarks.people import headers_of

    # A program may call 300 times a minute, and this one calls more often; what is kept is kept anew by the first call.
    cache.clear()
    queries: list[str] = []
    headers = headers_of(address)

    def count(execute: Any, sql: str, *call: Any) -> Any:
        queries.append(sql)
        return execute(sql, *call)

    client.get(address, headers=headers)
    with connection.execute_wrapper(count):
        response = client.get(address, headers=headers)
    took = []
    for _run in range(RUNS):
        started = time.perf_counter()
        client.get(address, headers=headers)
        took.append((time.perf_counter() - started) * 1000)
    size = len(response.content) if not response.streaming else 0
    return Measured(address, response.status_code, statistics.median(took), max(took), len(queries), size)


def samples() -> dict[str, int | str]:
    """What the addresses are about; a message to everybody and a draft are made once."""
    from bookings.models import Booking, Course, Stream
    from messaging.models import Automation, Conversation, Draft
    from users.models import BlockedUser, PersonTotals, User

    course, stream = Course.objects.order_by("pk").first(), Stream.objects.order_by("pk").first()
    busiest = PersonTotals.objects.order_by("-events").values_list("pk", flat=True)[0]
    quiet = PersonTotals.objects.filter(events=1).values_list("pk", flat=True).first() or busiest
    booking = Booking.objects.order_by("-id").first()
    assert booking is not None
    # One that can be sent: without recipients the last page leads back to the form.
    chosen = {"include": [{"kind": "stream", "code": stream.code if stream else "", "statuses": [2]}]}
    content = {"text": "Привет, {first_name|друг}!", "name": "benchmark", "audience": chosen}
    draft = Draft.objects.filter(broadcast=None, content=content).first() or Draft.objects.create(content=content)
    blocked = BlockedUser.objects.order_by("pk").first()
    writer = Conversation.objects.order_by("-texts").first()
    automation = Automation.objects.order_by("kind").first()
    return {
        "person": busiest,
        "quiet": quiet,
        "booking": booking.pk,
        "booked": booking.telegram_user_id,
        "broadcast": _message_to_everybody(),
        "draft": draft.pk,
        "blocked": blocked.pk if blocked else 1,
        "writer": writer.pk if writer else 1,
        "automation": automation.kind if automation else "",
        "notice": _unmatched_notice(),
        "payment": _payment_of(booking),
        "course": course.pk if course else 1,
        "stream": stream.pk if stream else 1,
        "colleague": User.objects.order_by("pk").values_list("pk", flat=True)[0],
    }


def _unmatched_notice() -> int:
    from bookings.models import IncomingPayment

    fields = {"kind": "payment.received", "amount": 100, "currency": "USD", "state": "unmatched", "why": "booking"}
    return IncomingPayment.objects.get_or_create(source="webhook", event_id="benchmark", defaults=fields)[0].pk


def _payment_of(booking: Any) -> int:
    from django.utils import timezone

    from bookings.models import Payment

    fields = {"booking": booking, "amount": 100, "currency": "USD", "received_at": timezone.now()}
    return Payment.objects.get_or_create(source="bank", external_id="benchmark", defaults=fields)[0].pk


def _message_to_everybody() -> int:
    from django.db import connection

    from messaging.models import Broadcast

    if found := Broadcast.objects.filter(message_text="Всем").first():
        return found.pk
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO message_history (message_text, total_recipients, successful_deliveries, state, frozen_at,"
            " started_at, finished_at) SELECT 'Всем', count(*), count(*), 'finished', now(), now(), now() FROM users"
            " RETURNING id"
        )
        number = int(cursor.fetchone()[0])
        cursor.execute(
            "INSERT INTO message_recipients (message_id, user_id, state, attempt, sent_at, telegram_message_id)"
            " SELECT %s, user_id, CASE WHEN user_id %% 50 = 0 THEN 'failed' ELSE 'sent' END, 1, now(), 1 FROM users",
            [number],
        )
        cursor.execute("ANALYZE message_recipients")
    return number


def report(large: list[dict[str, Any]], small: list[dict[str, Any]]) -> tuple[str, int]:
    """Write the table, the pages that miss a goal with a mark; give how many there are."""
    lines = [
        "| page | median, ms | worst, ms | queries | KB | small, ms | large / small |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    missed = 0
    for page, other in zip(large, small, strict=True):
        times = page["median"] / other["median"]
        most = _most_milliseconds(page["address"])
        late = page["median"] > most or page["queries"] > MOST_QUERIES or _failed(page)
        # A page within the goal may be twice as quick without people: what counts is what grows.
        late = late or (times > MOST_TIMES and page["median"] > most / 2)
        missed += late
        name = page["address"] + (" ✗" if late else "")
        cells = [f"{page['median']:.1f}", f"{page['worst']:.1f}", str(page["queries"]), f"{page['size'] / 1024:.0f}"]
        lines.append(f"| {' | '.join([name, *cells, format(other['median'], '.1f'), format(times, '.1f')])} |")
    lines.append(f"\n{missed} of {len(large)} miss a goal: {GOALS}.")
    lines.append(f"Funnels, cohorts and their people: {MOST_OF_PEOPLE} ms, of more than 90 days {MOST_OF_A_YEAR:,}.")
    lines.append("Counts of the composer 300 ms, the chosen audience 500, the page before sending 1,000.")
    return "\n".join(lines), missed


def _most_milliseconds(address: str) -> int:
    if address.startswith("/messages/new/"):
        return next((most for part, most in MOST_OF_COMPOSER.items() if part in address), MOST_MILLISECONDS)
    if not any(part in address for part in OF_PEOPLE):
        return MOST_MILLISECONDS
    return MOST_OF_A_YEAR if "period=365" in address else MOST_OF_PEOPLE


def _failed(page: dict[str, Any]) -> bool:
    """Whether it answered otherwise than it should; health is told apart, since no worker runs beside the benchmark."""
    return page["status"] >= 300 and not (page["address"] == "/api/health" and page["status"] == 503)


def run(people: int, under: str) -> list[dict[str, Any]]:
    """Measure a school of this size in a process of its own, whose settings name its database."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.pages", "--people", str(people), "--json", under],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(under: str = "/") -> None:
    """Print the table of the addresses that begin with ``under``: all of them, or ``/api/``."""
    from benchmarks import school

    people = school.prepare()
    if "--json" not in sys.argv:
        print(report(run(people, under), run(max(people // 100, 1_000), under))[0])
        return
    school.build(people)
    from django.conf import settings

    settings.DEBUG = False  # or Django would keep every query
    print(json.dumps([asdict(page) for page in measure(sys.argv[-1])]))


if __name__ == "__main__":
    main()
