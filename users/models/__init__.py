"""Staff accounts, the bot's people, and what is known about them; one noun per module."""

from users.models.audit import AuditEntry
from users.models.blocks import BlockedUser
from users.models.emails import EmailDisclosure
from users.models.events import Event
from users.models.exports import PeopleExport
from users.models.leads import LeadRules
from users.models.marks import NumberMark
from users.models.notes import Note, PersonTag, Tag
from users.models.people import ERASED_FROM, TelegramUser
from users.models.saved_views import SavedView
from users.models.seals import SealedDay
from users.models.staff import User
from users.models.today import TodayVisit
from users.models.tokens import ApiAnswer, ApiToken
from users.models.totals import (
    LEAD_THRESHOLDS,
    LEAD_WINDOW,
    CountingMark,
    LatestStatus,
    LeadTemperature,
    LivePersonTotals,
    PersonCounts,
    PersonTotals,
)
from users.models.undo import UndoableAct

__all__ = [
    "ERASED_FROM",
    "LEAD_THRESHOLDS",
    "LEAD_WINDOW",
    "ApiAnswer",
    "ApiToken",
    "AuditEntry",
    "BlockedUser",
    "CountingMark",
    "EmailDisclosure",
    "Event",
    "LatestStatus",
    "LeadRules",
    "LeadTemperature",
    "LivePersonTotals",
    "Note",
    "NumberMark",
    "PeopleExport",
    "PersonCounts",
    "PersonTag",
    "PersonTotals",
    "SavedView",
    "SealedDay",
    "Tag",
    "TelegramUser",
    "TodayVisit",
    "UndoableAct",
    "User",
]
