"""What students write to the bot: which events have words, and how the conversation with each person stands."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from hsl_dashboard.db import DatabaseForeignKey
from users.models import Event
from users.models.keys import person_constraint, person_key, person_primary_key


class StudentText(models.Model):
    """That an event has words of a student; the words stay in the event. A trigger of ``events`` adds the row."""

    # No key to the event: deleting many events must not look for each of them here.
    event = models.OneToOneField(
        Event,
        models.DO_NOTHING,
        primary_key=True,
        db_constraint=False,
        related_name="student_text",
        verbose_name=_("event"),
    )
    telegram_user = person_key(related_name="texts", db_index=False)
    written_at = models.DateTimeField(_("written"))  # never in the future, whatever the event says
    # Whether the conversation knows of it; ``conversations_fold`` tells it.
    folded = models.BooleanField(_("counted"), db_default=False)

    class Meta:
        verbose_name = _("text of a student")
        verbose_name_plural = _("texts of students")
        default_permissions = ()
        indexes = [
            # A conversation, newest first.
            models.Index("telegram_user", "written_at", "event", name="messaging_studenttext_person"),
            # What came in since the last look; nearly always empty.
            models.Index("event", name="messaging_studenttext_new", condition=Q(folded=False)),
        ]
        constraints = [person_constraint("messaging_studenttext")]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def open(self) -> Self:
        """Students who wait for somebody."""
        return self.filter(state__in=OPEN_STATES)

    def with_people(self) -> Self:
        return self.select_related("telegram_user", "assignee", "answered_by", "opened_by")


class Conversation(models.Model):
    """How it stands with what one person has written to us."""

    class State(models.TextChoices):
        UNREAD = "unread", _("Unread")
        WAITING = "waiting", pgettext_lazy("a conversation", "Waiting for an answer")
        ANSWERED = "answered", pgettext_lazy("a conversation", "Answered")
        SNOOZED = "snoozed", _("Snoozed")
        CLOSED = "closed", pgettext_lazy("a conversation", "Closed")

    telegram_user = person_primary_key(related_name="conversation")
    state = models.CharField(_("state"), max_length=20, choices=State, db_default=State.UNREAD)
    texts = models.PositiveIntegerField(_("texts"), db_default=0)
    last_text_at = models.DateTimeField(_("last text"))
    # Their first text that nobody has answered yet.
    waiting_since = models.DateTimeField(_("waits since"), null=True)
    last_answer_at = models.DateTimeField(_("last answer"), null=True)
    # The message of that answer: what became of it stands with its one recipient.
    last_answer = models.ForeignKey(
        "messaging.Broadcast",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("message of the last answer"),
    )
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("answered by"),
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="conversations",
        db_index=False,
        verbose_name=_("who answers"),
    )
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True)
    # Who has the page open, and when it last said so.
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("opened by"),
    )
    opened_at = models.DateTimeField(_("opened"), null=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        default_permissions = ("view",)
        permissions = [("answer_students", "Can read what students write, and answer")]
        indexes = [
            models.Index("last_text_at", "telegram_user", name="messaging_conversation_all"),
            models.Index("state", "last_text_at", "telegram_user", name="messaging_conversation_state"),
            # What the page opens with, in its order.
            models.Index(
                "last_text_at",
                "telegram_user",
                name="messaging_conversation_open",
                condition=Q(state__in=["unread", "waiting"]),
            ),
            models.Index("assignee", "last_text_at", "telegram_user", name="messaging_conversation_of"),
            # Whose answer may still turn out not to have arrived.
            models.Index("last_answer_at", name="messaging_conversation_told", condition=Q(state="answered")),
            models.Index("snoozed_until", name="messaging_conversation_wakes", condition=Q(state="snoozed")),
        ]
        constraints = [
            person_constraint("messaging_conversation"),
            DatabaseForeignKey(
                field="last_answer", on_delete="SET NULL", name="messaging_conversation_last_answer_id_fkey"
            ),
        ]

    def __str__(self) -> str:
        return f"№\u00a0{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def is_seen_by_another(self, staff_id: int, *, since: datetime) -> bool:
        """Whether somebody else has had the page open since then."""
        return self.opened_by_id not in {None, staff_id} and self.opened_at is not None and self.opened_at >= since

    def is_seen_by(self, staff_id: int, *, since: datetime) -> bool:
        """Whether they are the last who had the page open, since then."""
        return self.opened_by_id == staff_id and self.opened_at is not None and self.opened_at >= since


OPEN_STATES = (Conversation.State.UNREAD, Conversation.State.WAITING)
