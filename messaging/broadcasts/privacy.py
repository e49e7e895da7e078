"""Who may read messages to individuals, and whose approval a message waits for."""

from django.db.models import Q

from hsl_dashboard.folding import Folded, fold
from messaging.models import Broadcast, Draft
from messaging.models.recipient_types import RecipientType
from users.models import User
from users.people.search import with_all_words

TO_INDIVIDUALS = ~Q(recipient_type=RecipientType.GROUP) | Q(recipient_type=None)


def may_read_letters(staff: User) -> bool:
    """Say whether somebody may read messages to individuals; a viewer sees their counts only."""
    return staff.has_perm("messaging.add_broadcast") or staff.has_perm("messaging.send_broadcast")


def drafts_waiting_for(staff: User) -> int:
    """How many messages of others wait for this person's approval."""
    if not staff.has_perm("messaging.approve_broadcast"):
        return 0
    return Draft.objects.waiting_for(staff).count()


def found_in_texts(text: str, staff: User) -> Q:
    """The messages with every word of ``text`` in theirs or in their name, among those that one may read."""
    words = fold(text)
    found = with_all_words(words, Folded("message_text")) | with_all_words(words, Folded("name"))
    return found if may_read_letters(staff) else found & ~TO_INDIVIDUALS


def may_read(broadcast: Broadcast, staff: User) -> bool:
    return broadcast.recipient_type == RecipientType.GROUP or may_read_letters(staff)
