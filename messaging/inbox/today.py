"""What conversations add to the page of today and to the navigation: how many students wait for an answer."""

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from hsl_dashboard.web.today import TodayCount, TodayLine, TodayLines
from messaging.inbox.filters import COUNTED
from messaging.models import Conversation
from users.models import User

SEE = "messaging.view_conversation"
# The words, and the name beside them, are for who may do all of this.
MAY_ANSWER = (SEE, "messaging.answer_students", "users.view_telegramuser")


def conversation_lines(_user: User, _at: datetime) -> list[TodayCount]:
    """Students who wait for an answer, out of an index that holds only these."""
    address = reverse("messaging:conversation_list")
    line = TodayLine("conversations", _("Students who wait for an answer"), 0, address)
    return [TodayCount(line, Conversation.objects.open(), "waiting_since")]


def waiting_for(staff: User) -> int:
    """How many conversations wait for us, as the first tab of the page counts them; up to COUNTED."""
    if not staff.has_perms(MAY_ANSWER):
        return 0
    return Conversation.objects.open().order_by()[:COUNTED].count()


LINES = TodayLines("conversations", SEE, 12, conversation_lines)
