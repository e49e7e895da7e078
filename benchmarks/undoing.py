"""How long undoing a bulk change of 5,000 bookings takes: the time that somebody waits for the page."""

import time
from datetime import timedelta

import psutil

ROWS = 5_000
TARGET = 5.0  # seconds


def main() -> int:
    """Print how long each kind takes; the number of those that miss the target."""
    from benchmarks import school

    school.build(school.prepare())
    print(
        "| a bulk change of 5,000 | made in, s | undone in, s | of it at work, s | target, s |\n|---|--:|--:|--:|--:|"
    )
    return sum(_measure(kind, value) for kind, value in (("status", "2"), ("stream", "9th_stream"), ("tag", "bench")))


def _measure(kind: str, value: str) -> bool:
    from django.utils import timezone

    from bookings.models import Booking
    from bookings.services import bulk_changes
    from bookings.services.bulk_making import Terms, make_bulk_change
    from users.models import User
    from users.undo.services import undo_act

    staff, _created = User.objects.get_or_create(
        username="benchmark", defaults={"is_staff": True, "is_superuser": True}
    )
    bookings = Booking.objects.filter(confirmed=1).exclude(course_stream="9th_stream").with_person().order_by("pk")
    targets = bulk_changes.targets_of_bookings(bookings[:ROWS])
    at = timezone.now()
    change = bulk_changes.prepare_bulk_change(kind=kind, value=value, targets=targets, by=staff, at=at)
    act = make_bulk_change(change=change, terms=Terms(by=staff, at=at, notify=False))
    made = timezone.now() - at
    began, worked = time.perf_counter(), _work()
    said = undo_act(act=act, by=staff, at=act.expires_at - timedelta(seconds=1))
    took, worked = time.perf_counter() - began, _work() - worked
    late = " ✗" if took > TARGET else ""
    print(f"| {kind} | {made.total_seconds():.1f} | {took:.2f} | {worked:.2f} | {TARGET:.0f} |{late}", flush=True)
    assert f"{len(act.done['rows'])}" in said.replace("\u00a0", ""), said
    return took > TARGET


def _work() -> float:
    """Processor seconds of this process and of its session in the database: what a busy machine does not stretch."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = psutil.Process(cursor.fetchone()[0]).cpu_times()
    return time.process_time() + float(session.user + session.system)


if __name__ == "__main__":
    main()
