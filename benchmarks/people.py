"""How long the pages of people take with half a million of them: one client, warm, through Django's test client."""

import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.test import Client

RUNS = 9  # the median of so many, after two that warm up


@dataclass(frozen=True)
class Measured:
    """One page: medians in milliseconds, and the number of queries."""

    name: str
    milliseconds: float
    least: float  # the quickest run: what is left of the others' noise on a shared machine
    database: float  # of the median, waiting for the database
    queries: int


FILTERS = {
    "stream": "stream=8th_stream",
    "a rare stream": "stream=9th_stream",
    "no stream": "stream=none",
    "status confirmed": "status=5",
    "status unknown": "status=2",
    "no bookings": "status=0",
    "two statuses": "status=4&status=5",
    "lead hot": "lead=3",
    "lead warm or hot": "lead=3&lead=2",
    "lead cold": "lead=0",
    "blocked": "blocked=yes",
    "not blocked": "blocked=no",
    "has an active booking": "booking=active",
    "has none": "booking=no",
    "language kk": "language=kk",
    "language ru": "language=ru",
    "registered for a lesson": "lesson=cursor_lesson",
    "registered for a lesson of a day": "lesson=cursor_lesson&lesson_on=2026-05-05",
    "first seen in a month": "since=2026-03-01&until=2026-03-31",
    "first seen in two years": "since=2024-06-01&until=2026-05-31",
    "six at once": "stream=8th_stream&status=5&blocked=no&language=ru&since=2026-01-01&booking=active",
}
SORTS = ["name", "id", "stream", "status", "bookings", "events", "lessons", "lead", "activity", "seen", "blocked"]
SEARCHES = {
    "rare name": "эйхенбаум кирилл",
    "common name": "анна",
    "surname": "щукин",
    "1 letter": "а",
    "2 letters, common": "ан",
    "2 letters, rare": "щу",
    "2 letters, nobody": "ъы",
    "username": "@user_1a2b",
    "t.me link": "https://t.me/user_1a2b3c4d",
    "id": "1007919",
    "part of an e-mail": "1a2b3@mail",
    "nobody": "zzzzqq",
    "common, with a filter": "анна&blocked=yes",
    "common, with a wide filter": "анна&stream=8th_stream",
}


BOOKINGS = {
    "/bookings/": "",
    "bookings: a stream": "?stream=8th_stream",
    "bookings: confirmed": "?status=2",
    "bookings: a common name": "?q=анна",
    "bookings: a surname": "?q=щукин",
    "bookings: page 200": "?page=200",
}


def staff_client() -> "Client":
    """A client that somebody who may do everything has signed in with."""
    from django.test import Client

    from users.models import User

    staff, _created = User.objects.get_or_create(
        username="benchmark", defaults={"is_staff": True, "is_superuser": True}
    )
    client = Client(headers={"host": "localhost"})
    client.force_login(staff)
    # Exports ask for the password again, unless it was given a moment ago.
    session = client.session
    session.update(
        {
            "account_authentication_methods": [{"method": "password", "at": time.time(), "reauthenticated": True}],
            "account_authentication_methods_user": str(staff.pk),
        }
    )
    session.save()
    return client


def measure() -> list[Measured]:
    """Ask for every page; the first result is a page that only says SELECT 1."""
    client = staff_client()
    results = [timed_page(client, "/health/ready", name="SELECT 1 (/health/ready)")]
    results += [timed_page(client, address, name=name) for name, address in _addresses(client).items()]
    return results


def timed_page(client: "Client", address: str, *, name: str = "") -> Measured:
    """Ask for a page some times."""

    def get() -> None:
        response = client.get(address, headers=headers_of(address))
        assert response.status_code == 200, (address, response.status_code)

    return _timed(name or address, get)


def _addresses(client: "Client") -> dict[str, str]:
    people = {"/users/": "/users/"}
    people |= {f"filter: {name}": f"/users/?{query}" for name, query in FILTERS.items()}
    people |= {f"sort: {sign}{name}": f"/users/?sort={sign}{name}" for name in SORTS for sign in ("", "-")}
    people |= {f"search: {name}": f"/users/?q={text}" for name, text in SEARCHES.items()}
    for query in ("stream=8th_stream", "blocked=yes", "lead=3", "status=0", "lesson=cursor_lesson", "language=kk"):
        for sort in SORTS:
            for sign in ("", "-"):
                people[f"{query}, sort {sign}{sort}"] = f"/users/?{query}&sort={sign}{sort}"
    for name, query in {"all": "", "stream": "stream=8th_stream&", "search": "q=анна&"}.items():
        people[f"the page in the middle of {name}"] = f"/users/?{query}after={_deep_place()}"
        people[f"last page of {name}"] = f"/users/?{query}before=end"
    person = _busiest_person()
    people["the page of the person with most events"] = f"/users/{person}/"
    return (
        people
        | {name: f"/bookings/{query}" for name, query in BOOKINGS.items()}
        | {"/workshops/": "/workshops/"}
        | _messages()
    )


def _messages() -> dict[str, str]:
    """The pages of messages: the form, what fills in after it, the last page, one message and the lists."""
    from messaging.audiences.choices import GROUPS
    from messaging.audiences.criteria import Audience, InStream
    from messaging.content.content import Content
    from messaging.models import Broadcast, Draft

    audience = Audience(include=(InStream("8th_stream", None, (2, 1, 0)),))
    content = Content(text="Привет, {first_name}! " + "Слово " * 600, audience=audience.as_json())
    draft = Draft.objects.create(content=content.as_json())
    sent = Broadcast.objects.create(message_text="Привет", audience=audience.as_json(), state="scheduled")
    form, fragments = f"/messages/new/{draft.pk}", {f"count of {group}": f"?group={group}" for group in GROUPS}
    return {
        "/messages/new/": "/messages/new/",
        "a draft to a stream": f"{form}/",
        "its total": f"{form}/total/",
        "its last page": f"{form}/confirm/",
        "counts of streams": "/messages/new/counts/",
        **{name: f"/messages/new/counts/{query}" for name, query in fragments.items()},
        "/messages/": "/messages/",
        "/messages/drafts/": "/messages/drafts/",
        "a scheduled message": f"/messages/{sent.pk}/",
        "who is expected": f"/messages/{sent.pk}/expected/",
        "/messages/automations/": "/messages/automations/",
        "/messages/templates/": "/messages/templates/",
    }


# Brought by htmx after the page: without its header they only lead back.
FRAGMENTS = re.compile(r".*/(total|counts|expected|progress)/|/users/[0-9]+/bookings/[0-9]+/")


def headers_of(address: str) -> dict[str, str]:
    return {"HX-Request": "true"} if FRAGMENTS.fullmatch(address.partition("?")[0]) else {}


def _deep_place() -> str:
    from hsl_dashboard.web.keyset import Sorting
    from users.models import PersonTotals

    middle = PersonTotals.objects.count() // 2
    row = PersonTotals.objects.order_by("-last_activity_at", "-pk")[middle]
    return Sorting("last_activity_at", descending=True).place_of(row, middle // 50).encode()


def _busiest_person() -> int:
    from users.models import PersonTotals

    return PersonTotals.objects.order_by("-events").values_list("pk", flat=True)[0]


def _timed(name: str, ask: Callable[[], None]) -> Measured:
    from django.db import connection

    waits: list[float] = []

    def watch(execute: Any, *call: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*call)
        finally:
            waits.append((time.perf_counter() - started) * 1000)

    ask()
    ask()
    whole, waited = [], []
    with connection.execute_wrapper(watch):
        for _run in range(RUNS):
            waits.clear()
            started = time.perf_counter()
            ask()
            whole.append((time.perf_counter() - started) * 1000)
            waited.append(sum(waits))
    return Measured(name, statistics.median(whole), min(whole), statistics.median(waited), len(waits))


def report(results: list[Measured]) -> str:
    """Write the table, each page beside the page of SELECT 1 of the same run."""
    least = results[0].milliseconds
    lines = ["| page | median, ms | least, ms | database, ms | of SELECT 1 | queries |", "|---|--:|--:|--:|--:|--:|"]
    lines += [
        f"| {r.name} | {r.milliseconds:.1f} | {r.least:.1f} | {r.database:.1f} | {r.milliseconds / least:.1f}×"
        f" | {r.queries} |"
        for r in results
    ]
    return "\n".join(lines)


def main() -> None:
    from benchmarks import school

    school.build(school.prepare())
    from django.conf import settings

    settings.DEBUG = False  # or Django would keep every query
    print(report(measure()))


if __name__ == "__main__":
    main()
