"""What staff can do with messages: write, schedule, start, pause, take back, try again, decide."""

from messaging.services.common import BroadcastMoved, MessageRefused, TooLate
from messaging.services.correcting import delete_for_everyone, edit_for_everyone
from messaging.services.sending import (
    RETRYABLE,
    cancel_broadcast,
    count_as_delivered,
    pause_broadcast,
    resume_broadcast,
    retry_failed,
    retryable_counts,
    send_to_people,
    send_uncertain_again,
    start_broadcast,
)
from messaging.services.writing import (
    clone_broadcast,
    create_broadcast,
    edit_broadcast,
    resend_to_missed,
    schedule_broadcast,
)

__all__ = [
    "RETRYABLE",
    "BroadcastMoved",
    "MessageRefused",
    "TooLate",
    "cancel_broadcast",
    "clone_broadcast",
    "count_as_delivered",
    "create_broadcast",
    "delete_for_everyone",
    "edit_broadcast",
    "edit_for_everyone",
    "pause_broadcast",
    "resend_to_missed",
    "resume_broadcast",
    "retry_failed",
    "retryable_counts",
    "schedule_broadcast",
    "send_to_people",
    "send_uncertain_again",
    "start_broadcast",
]
