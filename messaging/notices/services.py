"""Choosing notices, and sending those that are due: at most one of each subject in 15 minutes."""

import logging
from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.html import escape

from messaging.delivery.services import recorded, send_to_staff
from messaging.models import StaffNotice, TelegramLink
from messaging.models.recipient_types import RecipientType
from messaging.notices.topics import BY_SUBJECT, Novelty, topics_for
from messaging.quiet_hours import is_quiet
from users.models import User

logger = logging.getLogger(__name__)


def chosen_notices(user: User) -> set[str]:
    """The subjects that are switched on."""
    return set(StaffNotice.objects.filter(user=user, is_on=True).values_list("subject", flat=True))


def choose_notices(*, user: User, wanted: Collection[str], at: datetime) -> None:
    """Switch on the wanted notices that ``user`` may have, and all others off; only what comes from now on is told."""
    with recorded(user):
        StaffNotice.objects.bulk_create(
            [
                StaffNotice(user=user, subject=topic.subject, is_on=False, told_until=at)
                for topic in topics_for(user)
                if topic.subject in wanted
            ],
            ignore_conflicts=True,
        )
        offered = StaffNotice.objects.filter(user=user, subject__in=[topic.subject for topic in topics_for(user)])
        offered.filter(subject__in=wanted, is_on=False).update(is_on=True, told_until=at)
        offered.filter(is_on=True).exclude(subject__in=wanted).update(is_on=False)


def send_notices(*, at: datetime) -> list[int]:
    """Tell everybody who wants it what is new; return the numbers of the messages. News of the night waits."""
    if is_quiet(at):
        return []
    people: dict[int, User] = {}
    sent = []
    for notice in StaffNotice.objects.due(at).select_related("user").order_by("user", "subject"):
        # One instance for each of them: it remembers its permissions.
        user = people.setdefault(notice.user_id, notice.user)
        try:
            if message := _look(notice, user, at=at):
                sent.append(message)
        except Exception:  # the outermost loop of this task: one failure must not silence the others
            logger.exception("Notice %s could not be told", notice.pk)
    return sent


def _look(notice: StaffNotice, user: User, *, at: datetime) -> int | None:
    topic = BY_SUBJECT[notice.subject]
    if topic.read is None or not topic.is_for(user):
        return None
    with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
        novelty = topic.read(user, notice.told_until, at)
    return _tell(notice, novelty, at=at) if novelty else None


def _tell(notice: StaffNotice, novelty: Novelty, *, at: datetime) -> int | None:
    with recorded(None):
        # One conditional UPDATE: of two ticks one tells.
        unsaid = StaffNotice.objects.filter(pk=notice.pk, is_on=True, told_until=notice.told_until)
        if not unsaid.update(told_until=novelty.until, sent_at=at):
            return None
        link = TelegramLink.objects.reachable().select_related("telegram_user").filter(user=notice.user_id).first()
        if link is None:
            return None
        text = f"<b>{escape(novelty.words)}</b>\n{settings.DASHBOARD_URL}{novelty.address}"
        return send_to_staff(text, to=[link.telegram_user], sent_as=RecipientType.NOTICE, at=at).pk
