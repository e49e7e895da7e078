"""Change a rule by which students are told, and switch it on or off."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from messaging.content.check import check_message
from messaging.delivery.services import MessageRefused, recorded
from messaging.models import Automation, Broadcast
from users.models import User


@dataclass(frozen=True)
class RuleValues:
    """What staff edit in a rule."""

    template: str
    offset: int
    include_earlier: bool

    @classmethod
    def of(cls, rule: Automation) -> Self:
        return cls(rule.template, rule.offset, rule.include_earlier)


class RuleEdited(Exception):
    """Somebody else edited the rule first: ``theirs`` are its values now, ``yours`` the ones asked for."""

    def __init__(self, *, seen: RuleValues, theirs: RuleValues, yours: RuleValues) -> None:
        super().__init__(f"{theirs} instead of {seen}")
        self.seen, self.theirs, self.yours = seen, theirs, yours


class AlreadySwitched(Exception):
    """The rule is already on, or off: somebody else switched it first."""


def switch_automation(*, rule: Automation, on: bool, by: User, at: datetime) -> None:
    """Switch a rule on or off. What happened before it was switched on is never told.

    Raises:
        AlreadySwitched: it is so already.
    """
    with recorded(by):
        changes = {"is_on": on, "switched_on_at": at if on else None}
        if not Automation.objects.filter(pk=rule.pk, is_on=not on).update(**changes):
            raise AlreadySwitched
    rule.is_on, rule.switched_on_at = on, at if on else None


def change_automation(*, rule: Automation, to: RuleValues, seen: RuleValues, by: User) -> None:
    """Change the text and the time of a rule; messages already in the outbox keep theirs.

    ``seen`` are the values that ``by`` decided on.

    Raises:
        MessageRefused: Telegram would not take the text.
        RuleEdited: somebody else changed it first; nothing was written.
    """
    problems = check_message(kind=Broadcast.Kind.TEXT, text=to.template, buttons=[]).errors
    if problems:
        raise MessageRefused(problems)
    with recorded(by):
        # One conditional UPDATE: of two who edit the same words, the second is told.
        if not Automation.objects.filter(pk=rule.pk, **asdict(seen)).update(**asdict(to)):
            raise RuleEdited(seen=seen, theirs=RuleValues.of(Automation.objects.get(pk=rule.pk)), yours=to)
