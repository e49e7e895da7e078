"""Who may read messages to individuals: staff who write or send messages, not everyone who sees the counts."""

from django.db.models import Q

from messaging.models import Broadcast
from messaging.models.recipient_types import RecipientType
from users.models import User

TO_INDIVIDUALS = ~Q(recipient_type=RecipientType.GROUP) | Q(recipient_type=None)


def may_read_letters(staff: User) -> bool:
    """Say whether somebody may read messages to individuals; a viewer sees their counts only."""
    return staff.has_perm("messaging.add_broadcast") or staff.has_perm("messaging.send_broadcast")


def found_in_texts(text: str, staff: User) -> Q:
    """The messages that have ``text`` in theirs; a search must not tell what one may not read."""
    found = Q(message_text__icontains=text.strip())
    return found if may_read_letters(staff) else found & ~TO_INDIVIDUALS


def may_read(broadcast: Broadcast, staff: User) -> bool:
    return broadcast.recipient_type == RecipientType.GROUP or may_read_letters(staff)
