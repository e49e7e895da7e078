"""Link a member of staff to their own Telegram account: the bot brings a one-time code there, they type it here."""

from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password
from django.db.models import F

from messaging.audiences.criteria import individuals
from messaging.content.content import Content
from messaging.delivery.codes import CODE_LIFE, MASK, words_with
from messaging.delivery.services import create_broadcast, recorded
from messaging.models import Broadcast, TelegramLink
from messaging.models.recipient_types import RecipientType
from users.models import TelegramUser, User

NEXT_CODE_AFTER = timedelta(minutes=1)
DAY = timedelta(days=1)
CODES_A_DAY = 5  # that one member of staff has sent, and that one person gets
ATTEMPTS = 5


class CodeRefused(Exception):
    """The code is wrong, old, or was guessed at too often."""


class CodeTooSoon(Exception):
    """A code went out a moment ago."""


class TooManyCodes(Exception):
    """So many codes were asked for, or went to this person, that none goes out today any more."""


def send_link_code(*, user: User, to: TelegramUser, at: datetime) -> TelegramLink:
    """Have the bot bring a one-time code to the account that shall be linked; it lives CODE_LIFE.

    The code is drawn when the message goes out: nothing here, and no row, ever holds it.

    Raises:
        CodeTooSoon: the last one is younger than NEXT_CODE_AFTER.
        TooManyCodes: CODES_A_DAY went out by this member of staff, or to this person.
    """
    content = Content(text=words_with(MASK), audience=individuals([to.pk]).as_json(), link_preview=False)
    with recorded(user):
        # Of requests at once each counts what the others have sent.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        _require_few(user, to, at=at)
        broadcast = create_broadcast(content=content, by=user, at=at, sent_as=RecipientType.LINK_CODE)
        fresh = {
            "telegram_user": to,
            "linked_at": None,
            "code_hash": "",
            "code_sent_at": at,
            "attempts_left": ATTEMPTS,
            "code_broadcast": broadcast,
        }
        link, _new = TelegramLink.objects.update_or_create(user=user, defaults=fresh)
    return link


def _require_few(user: User, to: TelegramUser, *, at: datetime) -> None:
    # By the messages, which stay when a link is taken away.
    codes = Broadcast.objects.filter(recipient_type=RecipientType.LINK_CODE, sent_at__gt=at - DAY)
    sent = list(codes.filter(created_by=user).order_by("sent_at").values_list("sent_at", flat=True))
    if sent and sent[-1] and at - sent[-1] < NEXT_CODE_AFTER:
        raise CodeTooSoon
    if len(sent) >= CODES_A_DAY or codes.filter(recipients__telegram_user=to).count() >= CODES_A_DAY:
        raise TooManyCodes


def confirm_link(*, user: User, code: str, at: datetime) -> TelegramLink:
    """Link the account that the code came to.

    Raises:
        CodeRefused: it is not that code, or not any more.
    """
    waiting = TelegramLink.objects.filter(
        user=user, linked_at=None, attempts_left__gt=0, code_sent_at__gt=at - CODE_LIFE
    )
    # Counted before it is looked at: guesses made at once are as many as guesses made one by one.
    if not waiting.update(attempts_left=F("attempts_left") - 1):
        raise CodeRefused
    link = TelegramLink.objects.get(user=user)
    if not check_password("".join(code.split()), link.code_hash):
        raise CodeRefused
    TelegramLink.objects.filter(pk=link.pk).update(linked_at=at, code_hash="", attempts_left=0)
    link.refresh_from_db()
    return link


def unlink(*, user: User) -> None:
    """Take the link away."""
    TelegramLink.objects.filter(user=user).delete()


def choose_reports(*, user: User, wanted: bool) -> None:
    """Have the bot tell how one's messages ended, or not."""
    TelegramLink.objects.filter(user=user).update(wants_reports=wanted)
