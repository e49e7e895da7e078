"""What our middleware promises and no page shows."""

import resource

from django.http import HttpResponse

from hsl_dashboard.web.middleware import room_for_frames

CALLS = 500


def nothing() -> None:
    pass


def call_often_at(depth: int) -> None:
    """Call something again and again with so many frames above."""
    if depth:
        call_often_at(depth - 1)
        return
    for _ in range(CALLS):
        nothing()


def page_faults_at(depth: int, faults: list[int]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    call_often_at(depth)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)


def test_no_depth_of_calls_takes_memory_from_the_system_again_and_again(rf):
    faults: list[int] = []

    def page(_request) -> HttpResponse:
        for depth in range(400):
            page_faults_at(depth, faults)
        return HttpResponse("")

    room_for_frames(page)(rf.get("/"))

    assert len(faults) == 400
    assert max(faults) < CALLS / 2
