"""A walk: one person's steps through the bot, one after another, never past the present."""

from datetime import datetime
from typing import Any

from bookings.models import Booking
from demo.school.rhythm import later
from demo.school.school import School
from users.models import TelegramUser


class Walk:
    """Steps of one person. Once a step would lie in the future, that step and all after it do not happen."""

    def __init__(self, school: School, person: TelegramUser, at: datetime) -> None:
        self.school = school
        self.person = person
        self.at = at
        self.ended = False

    def waits(self, minutes: float) -> bool:
        """Let about so many minutes pass; say whether that moment has come yet."""
        if not self.ended:
            then = later(self.school.dice, self.at, minutes=minutes)
            self.ended = not self.school.happened(then)
            self.at = self.at if self.ended else then
        return not self.ended

    def waits_until(self, moment: datetime) -> bool:
        """Let the time pass until ``moment``, if it is ahead; say whether it has come yet."""
        if not self.ended and moment > self.at:
            self.ended = not self.school.happened(moment)
            self.at = self.at if self.ended else moment
        return not self.ended

    def does(self, event_type: str, *, after: float = 1, booking: Booking | None = None, **details: Any) -> bool:
        """Take a step about ``after`` minutes from the last one; say whether it happened."""
        if not self.waits(after):
            return False
        if self.school.chance(0.45):
            details = {"username": self.person.username, "first_name": self.person.first_name, **details}
        self.school.record(self.person, event_type, self.at, details, booking=booking)
        return True
