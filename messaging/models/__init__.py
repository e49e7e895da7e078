"""Broadcasts, their recipients, and everything that is kept around them; one noun per module."""

from messaging.models.automations import Automation
from messaging.models.broadcasts import Broadcast
from messaging.models.conversations import Conversation, StudentText
from messaging.models.corrections import CorrectedMessage, Correction
from messaging.models.drafts import Draft
from messaging.models.former_texts import FormerText
from messaging.models.incidents import Incident
from messaging.models.links import TelegramLink
from messaging.models.notices import Digest, StaffNotice
from messaging.models.outbox import Outbox
from messaging.models.recipient_counts import RecipientCount
from messaging.models.recipients import Recipient
from messaging.models.reports import Report
from messaging.models.rules import SendingRules
from messaging.models.runners import Runner
from messaging.models.templates import MessageTemplate, Segment, TemplateVersion
from messaging.models.updates import ReceivedUpdate

__all__ = [
    "Automation",
    "Broadcast",
    "Conversation",
    "CorrectedMessage",
    "Correction",
    "Digest",
    "Draft",
    "FormerText",
    "Incident",
    "MessageTemplate",
    "Outbox",
    "ReceivedUpdate",
    "Recipient",
    "RecipientCount",
    "Report",
    "Runner",
    "Segment",
    "SendingRules",
    "StaffNotice",
    "StudentText",
    "TelegramLink",
    "TemplateVersion",
]
