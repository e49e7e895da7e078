"""Reports to authors in Telegram about how a broadcast ended, each sent once through the engine."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.broadcasts.rows import first_words
from messaging.broadcasts.statistics import Numbers, Tally, numbers_of
from messaging.delivery.services import send_to_staff
from messaging.models import Broadcast, Recipient, Report, TelegramLink
from messaging.models.recipient_types import RecipientType
from users.models import BlockedUser, TelegramUser, User

AT_ONCE = 20  # reports of one tick; the rest follow in the next


@dataclass(frozen=True)
class BroadcastEnd:
    """The duration of a finished broadcast, and how many recipients have been blocked since it began."""

    lasted: timedelta
    newly_blocked: int

    @property
    def words(self) -> str:
        """The duration in words."""
        minutes, seconds = divmod(round(self.lasted.total_seconds()), 60)
        hours, minutes = divmod(minutes, 60)
        if hours:
            return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
        if minutes:
            return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds}
        return _("%(seconds)d s") % {"seconds": seconds}


def ending_of(broadcast: Broadcast) -> BroadcastEnd | None:
    """Say how long it took, and how many of its people are blocked since then; None while it is not over."""
    if broadcast.started_at is None or broadcast.finished_at is None:
        return None
    failed = Recipient.objects.failed().filter(message=broadcast).values("telegram_user")
    blocked = BlockedUser.objects.filter(pk__in=failed, blocked_at__gte=broadcast.started_at)
    return BroadcastEnd(broadcast.finished_at - broadcast.started_at, blocked.count())


def send_reports(*, at: datetime) -> list[int]:
    """Send the waiting reports, each in the transaction that settles it; returns the ids of the new messages.

    If a process dies in between, nothing was sent and the next tick does it. Two processes take different reports.
    """
    under_way = Recipient.objects.unfinished().filter(message=OuterRef("broadcast"))
    with transaction.atomic():
        waiting = Report.objects.unsettled().filter(~Exists(under_way)).order_by("queued_at")
        reports = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("broadcast")[:AT_ONCE]
        return [message for report in reports if (message := _settle(report, at=at))]


def _settle(report: Report, *, at: datetime) -> int | None:
    broadcast = report.broadcast
    author = _account_of(broadcast)
    numbers = numbers_of([broadcast])[broadcast.pk]
    # A delivered message to one person needs no report, and neither does a test, which the author receives.
    is_test = broadcast.recipient_type == RecipientType.TEST
    if author is not None and not is_test and (numbers.total, numbers.sent) != (1, 1):
        words = write_report(broadcast, numbers)
        report.message = send_to_staff(words, to=[author], sent_as=RecipientType.REPORT, at=at)
    report.settled_at = at
    report.save(update_fields=["message", "settled_at"])
    return report.message_id


def will_be_told(user: User, *, about: Broadcast) -> bool | None:
    """Whether this person will get a report; None when they are not the author or there is none to send."""
    if about.created_by_id != user.pk or about.audience is None:
        return None
    return _account_of(about) is not None


def _account_of(broadcast: Broadcast) -> TelegramUser | None:
    """The author's own account, if they linked one and want reports; None where the bot cannot reach it."""
    links = TelegramLink.objects.filter(user=broadcast.created_by_id, wants_reports=True).exclude(linked_at=None)
    link = links.select_related("telegram_user").first()
    if link is None or BlockedUser.objects.filter(pk=link.telegram_user_id).exists():
        return None
    return link.telegram_user


def write_report(broadcast: Broadcast, numbers: Numbers) -> str:
    """Write how it ended, as Telegram's HTML, in the language of the dashboard."""
    with translation.override(settings.LANGUAGE_CODE):
        return "\n".join([*_head(broadcast), "", *_outcome(broadcast, numbers), "", *_foot(broadcast)])


def _head(broadcast: Broadcast) -> list[str]:
    cancelled = broadcast.state == Broadcast.State.CANCELLED
    words = _("Message № %(number)d was cancelled") if cancelled else _("Message № %(number)d has been sent")
    lines = [f"<b>{words % {'number': broadcast.pk}}</b>"]
    # What was written to one person stays between them and their letter.
    if broadcast.recipient_type == RecipientType.GROUP and (quote := broadcast.name or first_words(broadcast)):
        lines.append(f"<i>{escape(quote)}</i>")
    return lines


def _outcome(broadcast: Broadcast, numbers: Numbers) -> list[str]:
    if not numbers.total:
        return [_("The list of recipients was empty: the message was sent to nobody.")]
    lines = [_("Delivered: %(sent)d of %(total)d") % {"sent": numbers.sent, "total": numbers.total}]
    counts = (
        (_("Not delivered"), numbers.failed, Recipient.State.FAILED),
        (_("Unknown whether it arrived"), numbers.uncertain, None),
        (_("Cancelled before sending"), numbers.cancelled, None),
        (_("Skipped"), numbers.skipped, Recipient.State.SKIPPED),
    )
    causes = Tally.read(broadcast, at=timezone.now()).causes(retryable={})
    for name, count, state in counts:
        if count:
            lines.append(f"{name}: {count}")
            lines += [f"   {cause.label} — {cause.count}" for cause in causes if cause.state == state]
    return lines


def _foot(broadcast: Broadcast) -> list[str]:
    lines = []
    if ending := ending_of(broadcast):
        if ending.newly_blocked:
            blocked = ngettext(
                "%(count)d person has been blocked since then and gets no more messages.",
                "%(count)d people have been blocked since then and get no more messages.",
                ending.newly_blocked,
            )
            lines.append(blocked % {"count": ending.newly_blocked})
        lines.append(_("It took %(time)s") % {"time": ending.words})
    lines.append(settings.DASHBOARD_URL + reverse("messaging:broadcast_detail", args=[broadcast.pk]))
    return lines
