"""People as the jump finds them: by what the list of people is searched by, who was active last first."""

import re
from collections.abc import Iterable, Iterator, Sequence

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from hsl_dashboard.db import LARGEST_BIGINT
from hsl_dashboard.web.jump import AT_MOST, Destination, JumpSource, Typed
from users.models import ERASED_FROM, PersonTotals, TelegramUser, User
from users.people.search import search_condition, search_text
from users.person.context import person_address
from users.privacy import VIEW_EMAIL

# People: a handful is shown. Beyond this many matches, a walk from who was active last meets a handful sooner.
LISTED = 1_000
ADDRESS = re.compile(r"/users/(\d{1,19})/")


def people_found(user: User, typed: Typed) -> "QuerySet[PersonTotals]":
    """Find people once for all sources that look for them (one query)."""
    if "people" not in typed.asked:
        found, _common = search_condition(search_text(typed), with_emails=user.has_perm(VIEW_EMAIL), at_most=LISTED)
        typed.asked["people"] = PersonTotals.objects.filter(found, pk__lt=ERASED_FROM)
    people: QuerySet[PersonTotals] = typed.asked["people"]
    return people


def _find(user: User, typed: Typed) -> list[Destination]:
    people = people_found(user, typed).order_by(F("last_activity_at").desc(), "-pk")
    return list(_destinations([row.telegram_user for row in people.prefetch_related("telegram_user")[:AT_MOST]]))


def _name(user: User, addresses: Sequence[str]) -> list[Destination]:
    numbers = [int(match[1]) for address in addresses if (match := ADDRESS.fullmatch(address))]
    wanted = [number for number in numbers if number <= LARGEST_BIGINT]
    return list(_destinations(TelegramUser.objects.filter(pk__in=wanted, pk__lt=ERASED_FROM))) if wanted else []


def _destinations(people: Iterable[TelegramUser]) -> Iterator[Destination]:
    for person in people:
        note = f"@{person.username}" if person.username else f"ID {person.pk}"
        yield Destination(person.full_name, person_address(person.pk), note, icon="user")


PEOPLE = JumpSource(_("People"), 10, "users.view_telegramuser", _find, _name)
