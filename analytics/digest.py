"""The morning digest in Telegram: what waits on the page of today, and yesterday beside the same weekday before."""

import logging
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from analytics.today import numbers_of_day
from hsl_dashboard.web.days import school_day
from hsl_dashboard.web.today import TodayLine, today_lines
from messaging.delivery.services import send_to_staff
from messaging.models import Digest, StaffNotice, TelegramLink
from messaging.models.recipient_types import RecipientType
from users.models import User

logger = logging.getLogger(__name__)

SENT_AT, LATEST = time(10), time(13)  # Moscow; a digest that could not be sent by then is not sent at all
LONGEST = 4_000  # characters; Telegram takes 4,096
WEEK = timedelta(days=7)


def send_digests(*, at: datetime) -> list[int]:
    """Send today's digest to everybody who wants it and has not got it yet; return the numbers of the messages."""
    now = timezone.localtime(at)
    if not SENT_AT <= now.time() < LATEST:
        return []
    begins = now.replace(hour=SENT_AT.hour, minute=0, second=0, microsecond=0)
    # Those who switch it on later get their first one tomorrow.
    wanted = StaffNotice.objects.reachable().filter(subject=StaffNotice.Subject.DIGEST, told_until__lt=begins)
    waiting = wanted.exclude(user__digests__day=now.date()).select_related("user").order_by("user")
    # Yesterday's text goes, for those who have switched the digest off too: it may hold sums of money.
    Digest.objects.filter(day__lt=now.date()).exclude(words="").update(words="")
    sent = []
    for notice in waiting:
        try:
            if message := _send(notice.user, day=now.date(), at=at):
                sent.append(message)
        except Exception:  # the outermost loop of this task: one failure must not cost the others their digest
            logger.exception("The digest of account %s could not be sent", notice.user_id)
    return sent


def _send(user: User, *, day: date, at: datetime) -> int | None:
    with transaction.atomic():
        digest, is_new = Digest.objects.get_or_create(user=user, day=day, defaults={"words": ""})
        link = TelegramLink.objects.reachable().select_related("telegram_user").filter(user=user).first()
        if not is_new or link is None:
            return None
        digest.words = write_digest(user, at=at)
        with translation.override(settings.LANGUAGE_CODE):
            mask = _("Morning digest, %(day)s: ••••••") % {"day": date_format(day, "d.m.Y")}
        # Only its reader may see the text: others may read the row of the message, so the row does not hold it.
        digest.message = send_to_staff(mask, to=[link.telegram_user], sent_as=RecipientType.DIGEST, at=at)
        digest.save(update_fields=["words", "message"])
        return digest.message.pk


def write_digest(user: User, *, at: datetime) -> str:
    """Write the digest of one reader, as Telegram's HTML, in the language of the dashboard."""
    with translation.override(settings.LANGUAGE_CODE):
        yesterday = school_day(at) - timedelta(days=1)
        waits_for_you = _("Waiting for you")
        waits = [_line(line, at) for slow in (False, True) for line in today_lines(user, at, slow=slow)]
        numbers = [
            f"{escape(number.label)}: <b>{escape(number.value)}</b> ({escape(number.before)})"
            for number in numbers_of_day(user, yesterday, before=yesterday - WEEK)
        ]
        head = _("Yesterday, %(day)s, and in brackets the same weekday before") % {"day": date_format(yesterday, "j E")}
        return _fitting(
            [
                f"<b>{escape(waits_for_you)}</b>",
                *(waits or [escape(_("Nothing waits for you"))]),
                "",
                *([f"<b>{escape(head)}</b>", *numbers, ""] if numbers else []),
            ],
            foot=f"{settings.DASHBOARD_URL}/",
        )


def _line(line: TodayLine, at: datetime) -> str:
    # Without its note, which may name a person.
    words = f"• {escape(line.label)}: <b>{line.count}</b>"
    waits = f" ({escape(timesince(line.oldest, at, depth=1))})" if line.oldest and line.oldest < at else ""
    return f"{'❗ ' if line.urgent else ''}{words}{waits}"


def _fitting(lines: list[str], *, foot: str) -> str:
    """Leave out lines that Telegram would not take, and say so with an ellipsis."""
    room = LONGEST - len(foot)
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("…")
            break
        kept.append(line)
    return "\n".join([*kept, foot])
