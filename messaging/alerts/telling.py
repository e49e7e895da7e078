"""Who is told, and how: by the bot at once, past all queues, and by e-mail. Both work without worker and database."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from smtplib import SMTPException
from zlib import crc32

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from hsl_dashboard.availability import heartbeats
from hsl_dashboard.web.system import SEE_SYSTEM
from messaging.alerts.kinds import sentence
from messaging.delivery.bot import Letter, Verdict, WrongToken, connect_bot
from messaging.models import TelegramLink
from users.models import User

UNANSWERED = 600.0  # seconds in which an alert is sent twice at most when Telegram does not answer

logger = logging.getLogger(__name__)


def accounts_to_tell() -> list[int]:
    """Telegram accounts of those who may see the page of the system and have linked one."""
    links = TelegramLink.objects.reachable().filter(user__in=User.objects.with_perm(SEE_SYSTEM))
    return list(links.order_by("telegram_user_id").values_list("telegram_user_id", flat=True).distinct())


def tell_beginning(kind: str, value: str, *, began_at: datetime, accounts: Sequence[int]) -> bool:
    """Say that something is wrong; False when nobody could be reached, so that it is said again."""
    with translation.override(settings.LANGUAGE_CODE):
        words = sentence(kind, value)
        since = _("Since %(time)s") % {"time": _clock(began_at)}
        return _tell(_("Alert"), words, since, accounts)


def tell_end(kind: str, value: str, *, began_at: datetime, ended_at: datetime, accounts: Sequence[int]) -> bool:
    """Say that it is over."""
    with translation.override(settings.LANGUAGE_CODE):
        lasted = _("From %(begin)s to %(end)s, %(time)s") % {
            "begin": _clock(began_at),
            "end": _clock(ended_at),
            "time": timesince(began_at, ended_at),
        }
        return _tell(_("It is over"), sentence(kind, value), lasted, accounts)


def _tell(head: str, words: str, when: str, accounts: Sequence[int]) -> bool:
    page = settings.DASHBOARD_URL + reverse("system_detail")
    reached = []
    if accounts:
        text = "\n".join([f"<b>{escape(head)}</b>: {escape(words)}", escape(when), page])
        verdicts = asyncio.run(_send(text, accounts))
        reached.append(Verdict.SENT in verdicts or (Verdict.UNCERTAIN in verdicts and _is_repeated(head + words)))
    if settings.HAS_EMAIL and settings.ALERT_EMAILS:
        reached.append(_mail(f"{head}: {words}", f"{words}\n{when}\n{page}"))
    return any(reached) or not reached


async def _send(text: str, accounts: Sequence[int]) -> set[Verdict]:
    try:
        bot = connect_bot()
    except WrongToken:
        logger.exception("No alert reaches Telegram: BOT_TOKEN is wrong")
        return set()
    try:
        letters = [Letter(chat_id=account, text=text, link_preview=False) for account in accounts]
        # Together: one call that hangs takes the time of all.
        outcomes = await asyncio.gather(*(bot.send(letter) for letter in letters))
    finally:
        await bot.close()
    verdicts = {outcome.verdict for outcome in outcomes}
    if Verdict.SENT not in verdicts:
        logger.error("No alert reaches Telegram: %s", ", ".join(sorted(verdicts)))
    return verdicts


def _is_repeated(words: str) -> bool:
    """Say whether the same alert got no answer a short time ago. It may have arrived, so it is sent twice at most."""
    return not heartbeats.is_first_within(f"alerts-unanswered-{crc32(words.encode())}", UNANSWERED)


def _mail(subject: str, body: str) -> bool:
    try:
        return bool(send_mail(subject, body, None, settings.ALERT_EMAILS))
    except (OSError, SMTPException):
        logger.exception("No alert leaves by e-mail")
        return False


def _clock(at: datetime) -> str:
    return f"{timezone.localtime(at):%d.%m.%Y %H:%M}"
