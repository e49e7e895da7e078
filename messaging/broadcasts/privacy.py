"""Who may read messages to individuals: staff who write or send messages, not everyone who sees the counts."""

from django.db.models import Q

from hsl_dashboard.folding import Folded, fold
from messaging.models import Broadcast
from messaging.models.recipient_types import RecipientType
from users.models import User
from users.people.search import with_all_words

TO_INDIVIDUALS = ~Q(recipient_type=RecipientType.GROUP) | Q(recipient_type=None)


def may_read_letters(staff: User) -> bool:
    """Say whether somebody may read messages to individuals; a viewer sees their counts only."""
    return staff.has_perm("messaging.add_broadcast") or staff.has_perm("messaging.send_broadcast")


def found_in_texts(text: str, staff: User) -> Q:
    """The messages with every word of ``text`` in theirs; a search must not tell what one may not read."""
    found = with_all_words(fold(text), Folded("message_text"))
    return found if may_read_letters(staff) else found & ~TO_INDIVIDUALS


def may_read(broadcast: Broadcast, staff: User) -> bool:
    return broadcast.recipient_type == RecipientType.GROUP or may_read_letters(staff)
