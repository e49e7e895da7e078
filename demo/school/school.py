"""The school while it is being invented: its rows in memory, its dice and its clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any, TypeVar

from bookings.models import (
    Booking,
    Course,
    FreeLessonRegistration,
    HackathonRegistration,
    Payment,
    ReferralCoupon,
    ReferralUsage,
    Stream,
)
from messaging.models import Broadcast, Draft, Recipient
from users.models import BlockedUser, Event, TelegramUser

T = TypeVar("T")

ORDINARY_SIZE = 1200  # people; capacities and groups are given for a school of this size


@dataclass
class StatusChange:
    """A booking's status from a moment on; ``reason`` only where staff had to give one."""

    at: datetime
    to: int
    reason: str = ""


@dataclass
class School:
    """Everything that the demo school will hold. The same seed and clock give the same school."""

    dice: Random
    now: datetime
    people_wanted: int
    courses: dict[int, Course] = field(default_factory=dict)
    streams: dict[str, Stream] = field(default_factory=dict)
    people: list[TelegramUser] = field(default_factory=list)
    taken_ids: set[int] = field(default_factory=set)
    registered: set[tuple[int, str | None, date | None]] = field(default_factory=set)  # free lessons, once each
    events: list[Event] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    lessons: list[FreeLessonRegistration] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    coupons: list[ReferralCoupon] = field(default_factory=list)
    coupon_usages: list[ReferralUsage] = field(default_factory=list)
    hackathon: list[HackathonRegistration] = field(default_factory=list)
    blocked: list[BlockedUser] = field(default_factory=list)
    broadcasts: list[Broadcast] = field(default_factory=list)
    recipients: list[Recipient] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    # Bookings get their numbers only when all are known, in the order in which they were made.
    changes: list[tuple[Booking, StatusChange]] = field(default_factory=list)
    details_of_bookings: list[tuple[dict[str, Any], Booking]] = field(default_factory=list)

    @property
    def scale(self) -> float:
        return self.people_wanted / ORDINARY_SIZE

    def scaled(self, number: float) -> int:
        """A number given for a school of ordinary size, for a school of this one; at least 1."""
        return max(1, round(number * self.scale))

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    def pick(self, weighted: Sequence[tuple[T, float]]) -> T:
        """Choose one of ``(thing, weight)``."""
        return self.dice.choices([thing for thing, _ in weighted], [weight for _, weight in weighted])[0]

    def happened(self, at: datetime) -> bool:
        return at <= self.now

    def record(
        self,
        person: TelegramUser,
        event_type: str,
        at: datetime,
        details: dict[str, Any] | None = None,
        *,
        booking: Booking | None = None,
    ) -> None:
        """Note what a person did, as the bot would."""
        if details is not None and booking is not None:
            self.details_of_bookings.append((details, booking))
        self.events.append(Event(telegram_user=person, event_type=event_type, created_at=at, details=details))

    def change_status(self, booking: Booking, to: int, at: datetime, *, reason: str = "") -> None:
        """Move a booking on and remember when, for its history."""
        booking.confirmed = to
        self.changes.append((booking, StatusChange(at, to, reason)))
