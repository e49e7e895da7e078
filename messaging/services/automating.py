"""Change a rule by which students are told, and switch it on or off."""

from datetime import datetime

from messaging.automation import Automation
from messaging.markup import check_message
from messaging.models import Broadcast
from messaging.services.common import MessageRefused, recorded
from users.models import User


class AlreadySwitched(Exception):
    """The rule is on, or off, already: somebody else was quicker."""


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


def change_automation(*, rule: Automation, template: str, offset: int, include_earlier: bool, by: User) -> None:
    """Change the words and the time of a rule; letters that are in the outbox already keep theirs.

    Raises:
        MessageRefused: Telegram would not take the text.
    """
    problems = check_message(kind=Broadcast.Kind.TEXT, text=template, buttons=[]).errors
    if problems:
        raise MessageRefused(problems)
    rule.template, rule.offset, rule.include_earlier = template, offset, include_earlier
    with recorded(by):
        rule.save(update_fields=["template", "offset", "include_earlier"])
