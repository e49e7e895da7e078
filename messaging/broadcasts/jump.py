"""Messages as the jump finds them: by number or by a part of the text, the newest first."""

import re
from collections.abc import Iterable, Sequence

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hsl_dashboard.db import LARGEST_INTEGER
from hsl_dashboard.web.jump import AT_MOST, Destination, JumpSource, Typed
from hsl_dashboard.web.mentions import read_number
from messaging.broadcasts.privacy import found_in_texts, may_read
from messaging.broadcasts.rows import first_words
from messaging.models import Broadcast
from messaging.models.recipient_types import NO_MESSAGES
from users.models import User

ADDRESS = re.compile(r"/messages/(\d{1,10})/")


def _find(user: User, typed: Typed) -> list[Destination]:
    found = found_in_texts(typed, user)
    if (number := read_number(typed)) is not None:
        found |= Q(pk=number)
    rows = Broadcast.objects.filter(found).exclude(recipient_type__in=NO_MESSAGES).order_by("-pk")
    return _destinations(rows[:AT_MOST], user)


def _name(user: User, addresses: Sequence[str]) -> list[Destination]:
    wanted = _held([match[1] for address in addresses if (match := ADDRESS.fullmatch(address))])
    return _destinations(Broadcast.objects.filter(pk__in=wanted), user) if wanted else []


def _held(numbers: Iterable[str]) -> list[int]:
    """Numbers that the column can hold."""
    return [int(number) for number in numbers if int(number) <= LARGEST_INTEGER]


def _destinations(broadcasts: Iterable[Broadcast], user: User) -> list[Destination]:
    return [
        Destination(
            _label(broadcast, user),
            reverse("messaging:broadcast_detail", args=[broadcast.pk]),
            f"№ {broadcast.pk} · {broadcast.get_state_display()}",
            icon="paper-airplane",
        )
        for broadcast in broadcasts
    ]


def _label(broadcast: Broadcast, user: User) -> str:
    words = (broadcast.name or first_words(broadcast)) if may_read(broadcast, user) else ""
    return words or _("Message № %(number)s") % {"number": broadcast.pk}


MESSAGES = JumpSource(gettext_lazy("Messages"), 40, "messaging.view_broadcast", _find, _name)
