"""When people do things: evenings more than mornings, hardly at night, weekdays more than Saturdays. Moscow time."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # what a bot writes that lost its clock

# How much happens in each hour of a day, relative to the others.
HOURS = (4, 2, 1, 1, 1, 1, 2, 5, 9, 14, 20, 23, 24, 24, 22, 21, 22, 25, 31, 40, 44, 41, 28, 13)
# Monday to Sunday.
WEEKDAYS = (1.0, 1.05, 1.05, 1.0, 0.75, 0.55, 0.8)
BUSIEST = max(WEEKDAYS)
SOON = 3 * 60  # minutes: what follows within them is the same visit


def or_epoch(at: datetime | None) -> datetime:
    """Give a moment to sort by, also where the bot has none."""
    return at or EPOCH


def moment_on(dice: Random, day: date) -> datetime:
    """Choose a moment of a day, by the hours people are awake."""
    hour = dice.choices(range(24), HOURS)[0]
    at = time(hour, dice.randrange(60), dice.randrange(60), dice.randrange(1_000_000), tzinfo=MOSCOW)
    return datetime.combine(day, at)


def day_between(dice: Random, first: date, last: date, *, late: float = 0.5) -> date:
    """Choose a day of a campaign: many at its opening and many before its end.

    ``late`` is the share of the rush before the end; weekends are thinned out.
    """
    length = max((last - first).days, 1)
    for _ in range(8):
        share = dice.betavariate(4, 1.4) if dice.random() < late else dice.betavariate(1.1, 2.6)
        day = first + timedelta(days=round(share * length))
        if dice.random() * BUSIEST < WEEKDAYS[day.weekday()]:
            break
    return day


def later(dice: Random, at: datetime, *, minutes: float) -> datetime:
    """Choose a moment about ``minutes`` after ``at``: hours later means some waking hour of that day."""
    then = at + timedelta(minutes=dice.expovariate(1 / minutes), seconds=dice.uniform(2, 9))
    if minutes < SOON:
        return then
    day = then.astimezone(MOSCOW).date()
    waking = moment_on(dice, day)
    return waking if waking > at else moment_on(dice, day + timedelta(days=1))
