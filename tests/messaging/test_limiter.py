"""Slots of all processes hold one rate; a 429 stops everyone; a Redis that forgets is not trusted at once."""

import asyncio
import itertools
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from messaging.delivery.limiter import Limiter, LimiterForgot, LimiterUnavailable, Slot, _Clock


def run(scenario, *, per_second: float = 100.0, warm: bool = True):
    """Run ``scenario(limiter)`` on a loop of its own, with an empty Redis; ``warm``: with a second that is past."""

    async def main():
        redis = Redis.from_url(settings.REDIS_URL)
        limiter = Limiter(redis, token="1:a", per_second=per_second)
        await redis.delete(*limiter.keys)
        if warm:
            await redis.set(limiter.keys[0], int((time.time() - 5) * 1e6))
        try:
            return await scenario(limiter)
        finally:
            await redis.delete(*limiter.keys)
            await redis.aclose()

    return asyncio.run(main())


async def collect(limiter: Limiter, seconds: float, *, want: int = 50) -> list[int]:
    """Marks of all slots that one process gets in ``seconds``."""
    marks: list[int] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        grant = await limiter.reserve(want)
        marks += [slot.mark for slot in grant.slots]
        await asyncio.sleep(max(grant.wait, 0.001))
    return marks


def most_in_a_second(marks: list[int]) -> int:
    return max(sum(1 for mark in marks if start <= mark < start + 1_000_000) for start in marks)


def least_apart(marks: list[int]) -> int:
    return min(later - earlier for earlier, later in itertools.pairwise(marks))


@pytest.mark.parametrize("per_second", [30.0, 1000.0])
def test_three_processes_together_hold_the_rate_and_never_exceed_it(per_second):
    async def scenario(first):
        others = [Limiter(first.redis, token="1:a", per_second=per_second) for _ in range(2)]
        return await asyncio.gather(*(collect(limiter, 2.2, want=20) for limiter in [first, *others]))

    marks = sorted(itertools.chain(*run(scenario, per_second=per_second)))

    assert most_in_a_second(marks) <= per_second
    span = (marks[-1] - marks[0]) / 1e6
    assert (len(marks) - 1) / span == pytest.approx(per_second, rel=0.05)  # of a loaded machine


def test_slots_are_even_from_the_first_on():
    marks = run(lambda limiter: collect(limiter, 1.5), per_second=100.0)

    assert least_apart(marks) >= 10_150 - 1


def test_what_was_lost_in_a_pause_is_not_caught_up():
    async def scenario(limiter):
        before = await collect(limiter, 0.6)
        await asyncio.sleep(0.3)  # the horizon, and a pause behind it
        return before, await collect(limiter, 1.2)

    before, after = run(scenario, per_second=100.0)

    assert after[0] - before[-1] > 100_000
    assert least_apart(before + after) >= 10_150 - 1


def test_slots_given_back_at_random_leave_no_second_with_more_than_the_rate():
    chance = random.Random(7)

    async def scenario(limiter):
        used: list[int] = []
        back: list[Slot] = []
        end = time.monotonic() + 2
        while time.monotonic() < end:
            grant = await limiter.reserve(50, give_back=back)
            back = [slot for slot in grant.slots if chance.random() < 0.1]
            used += [slot.mark for slot in grant.slots if slot not in back]
            await asyncio.sleep(max(grant.wait, 0.001))
        return used

    used = sorted(run(scenario, per_second=200.0))

    assert most_in_a_second(used) <= 200
    assert least_apart(used) >= 5_075 - 1


def test_slots_of_another_who_gives_back_are_given_out_once():
    async def scenario(first):
        second = Limiter(first.redis, token="1:a", per_second=40.0)
        mine, theirs = (await first.reserve(2)).slots, (await second.reserve(2)).slots
        kept, back = mine[:1], mine[1:] + theirs
        again = (await second.reserve(3, give_back=back)).slots
        return [[slot.mark for slot in slots] for slots in (kept, back, again)]

    kept, back, again = run(scenario, per_second=40.0)

    assert len(again) == 3
    assert again[-1] < back[-1] + 25_375  # not behind those that were given back
    assert least_apart(kept + again) >= 25_375 - 1


def test_slots_come_one_after_the_other_and_not_further_ahead_than_the_horizon():
    async def scenario(limiter):
        asked = time.monotonic()
        return asked + limiter.ahead, await limiter.reserve(500)

    end, grant = run(scenario, per_second=100)

    moments = [slot.at for slot in grant.slots]
    assert moments == sorted(moments)
    assert moments[-1] < end + 0.05
    assert all(later - earlier >= 0.0089 for earlier, later in itertools.pairwise(moments))


def test_slots_given_back_are_given_out_again():
    async def scenario(limiter):
        first = await limiter.reserve(50)
        again = await limiter.reserve(50, give_back=first.slots)
        nothing_left = await limiter.reserve(50)
        return [len(grant.slots) for grant in (first, again, nothing_left)]

    first, again, nothing_left = run(scenario, per_second=100)

    assert (first >= 8, again >= 8) == (True, True)
    assert nothing_left <= 1


def test_a_429_stops_everyone_and_a_shorter_one_does_not_free_them():
    async def scenario(limiter):
        other = Limiter(limiter.redis, token="1:a", per_second=100)
        await limiter.halt(30)
        await limiter.halt(1)
        return await other.reserve(1)

    grant = run(scenario)

    assert grant.halted
    assert grant.slots == ()
    assert 28 < grant.wait <= 30


def test_another_bot_is_not_stopped():
    async def scenario(limiter):
        await limiter.halt(30)
        other = Limiter(limiter.redis, token="2:b", per_second=100)
        await other.redis.set(other.keys[0], 1)
        try:
            return await other.reserve(1)
        finally:
            await other.redis.delete(*other.keys)

    assert len(run(scenario).slots) == 1


def test_a_redis_that_forgot_gives_no_slot_for_a_second_and_keeps_the_halt_it_is_told():
    async def scenario(limiter):
        with pytest.raises(LimiterForgot):
            await limiter.reserve(1)
        await limiter.begin(halted_until=None)
        fresh = await limiter.reserve(1)
        await limiter.redis.flushdb()
        await limiter.begin(halted_until=datetime.now(UTC) + timedelta(seconds=40))
        await limiter.begin(halted_until=None)
        return fresh, await limiter.reserve(1)

    fresh, halted = run(scenario, warm=False)

    assert fresh.slots == ()
    assert 0.9 < fresh.wait < 1.2
    assert halted.halted
    assert 38 < halted.wait <= 40


def test_without_redis_nothing_is_granted():
    async def scenario(_limiter):
        nobody = Limiter(Redis(port=9, socket_connect_timeout=1), token="1:a", per_second=30)
        with pytest.raises(LimiterUnavailable):
            await nobody.reserve(1)

    run(scenario)


def test_a_rate_below_one_gives_a_slot_now_and_the_next_after_its_time():
    async def scenario(limiter):
        return await limiter.reserve(5), await limiter.reserve(5)

    now, later = run(scenario, per_second=0.5)

    assert len(now.slots) == 1
    assert later.slots == ()
    assert 1.7 < later.wait < 2.1


def test_the_token_is_not_in_the_keys():
    async def scenario(limiter):
        return limiter.keys

    assert not any("1:a" in key for key in run(scenario))


@given(st.lists(st.tuples(st.floats(0.0001, 0.5), st.floats(0, 1)), min_size=1, max_size=20))
def test_the_clock_is_off_by_at_most_half_of_the_quickest_trip(trips):
    clock, redis_ahead, moment = _Clock(), 1_000.0, 10.0

    for trip, share in trips:
        redis_now = (moment + trip * share + redis_ahead) * 1e6
        clock.note(asked=moment, answered=moment + trip, redis_now=round(redis_now))
        moment += 0.5

    error = clock.local(round((moment + redis_ahead) * 1e6)) - moment
    assert abs(error) <= min(trip for trip, _ in trips) / 2 + 1e-5


def test_a_slot_is_late_after_some_milliseconds():
    assert not Slot(at=time.monotonic(), mark=0).late()
    assert Slot(at=time.monotonic() - 0.02, mark=0).late()
