"""One-time codes that prove a Telegram account: drawn when the bot sends one, and kept as a hash alone.

Whoever asks for a code can read every row and page here, so the code itself stands on none of them.
"""

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _
from django.utils.translation import override

from messaging.models import TelegramLink

CODE_LIFE = timedelta(minutes=10)
MASK = "••••••"  # what the message's row says in place of the code


def words_with(code: str) -> str:
    """The message that brings a code, in the language of the bot."""
    with override("ru"):
        words = _("Code for linking this account to the school's dashboard: <code>%(code)s</code>")
    return words % {"code": code}


def draw_code(broadcast_id: int, *, at: datetime) -> str | None:
    """Draw the code for a message that is about to be sent, and give its words; None when nobody waits for it now.

    A message that is tried again brings another code: only the last one works.
    """
    code = f"{secrets.randbelow(1_000_000):06}"
    waiting = TelegramLink.objects.filter(
        code_broadcast=broadcast_id, linked_at=None, code_sent_at__gt=at - CODE_LIFE, attempts_left__gt=0
    )
    return words_with(code) if waiting.update(code_hash=make_password(code)) else None
