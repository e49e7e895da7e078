"""Holds every message of a restored backup: nobody knows which of them were sent after it was made."""

from datetime import datetime

import pghistory
from django.db import transaction

from messaging.delivery.corrections import CorrectionQueue
from messaging.delivery.lifecycle import set_paused
from messaging.models import Automation, Broadcast, Correction, Outbox
from messaging.models.reasons import StateReason

State = Broadcast.State


def hold_everything(*, at: datetime) -> list[str]:
    """Hold what is scheduled, pause what is being sent, withdraw notices and switch the rules off; say so in sentences.

    A person starts each of them again, after a look at what students have got since.
    """
    with transaction.atomic(), pghistory.context(task="restore"):
        held = Broadcast.objects.scheduled().update(state=State.HELD, state_reason=StateReason.RESTORED)
        sending = list(Broadcast.objects.filter(state=State.SENDING).values_list("pk", flat=True))
        paused = sum(set_paused(pk, reason=StateReason.RESTORED, at=at) for pk in sending)
        running = list(Correction.objects.filter(state=Correction.State.RUNNING).values_list("pk", flat=True))
        stopped = sum(CorrectionQueue(pk).pause(StateReason.RESTORED) for pk in running)
        withdrawn = Outbox.objects.filter(state=Outbox.State.QUEUED).update(state=Outbox.State.CANCELLED, settled_at=at)
        switched_off = Automation.objects.filter(is_on=True).update(is_on=False)
    counts = {
        "Scheduled messages held": held,
        "Messages paused": paused,
        "Corrections stopped": stopped,
        "Notices to students withdrawn": withdrawn,
        "Automations switched off": switched_off,
    }
    return [f"{what}: {count}" for what, count in counts.items() if count]
