"""What became of «Отправить себе», for the page it was sent from."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from hsl_dashboard.availability.heartbeats import silences
from messaging.models import Broadcast, Recipient
from messaging.models.reasons import describe_reason
from messaging.models.recipient_types import RecipientType
from users.models import User

State = Recipient.State


@dataclass(frozen=True)
class OwnTest:
    """The result in words; ``waits`` while it is not known."""

    pk: int  # of the message
    words: str
    waits: bool = False
    arrived: bool = False


def result_of(test: Broadcast | None, *, by: User) -> OwnTest | None:
    """The result of a test message; None where ``by`` sent none."""
    if test is None or test.recipient_type != RecipientType.TEST or test.created_by_id != by.pk:
        return None
    recipient = Recipient.objects.filter(message=test).first()
    if recipient is None:
        return OwnTest(test.pk, _("It was sent to nobody: your account is not among the bot's people any more."))
    if recipient.state == State.SENT and recipient.sent_at:
        time = timezone.localtime(recipient.sent_at).strftime("%H:%M:%S")
        return OwnTest(test.pk, _("It arrived in your Telegram at %(time)s.") % {"time": time}, arrived=True)
    if recipient.state in {State.PENDING, State.SENDING}:
        return _waiting(test)
    return OwnTest(
        test.pk, _("It did not arrive: %(reason)s") % {"reason": recipient.why or recipient.get_state_display()}
    )


def _waiting(test: Broadcast) -> OwnTest:
    if test.state == Broadcast.State.PAUSED:
        return OwnTest(test.pk, _("It did not arrive: %(reason)s") % {"reason": describe_reason(test.state_reason)})
    if silences():
        return OwnTest(test.pk, _("It waits: nothing is being sent now. Tell an administrator."), waits=True)
    return OwnTest(test.pk, _("It is on its way to your Telegram…"), waits=True)
