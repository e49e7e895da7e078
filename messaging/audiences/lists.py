"""«Написать этим людям»: the people of a list as its address filters it, asked again for every count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.signing import Signer
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from bookings.models import Booking
from bookings.referrals.statistics import spellings
from hsl_dashboard.web.addresses import POSITIONS, tidy_query
from hsl_dashboard.web.saved_lists import saved_list
from messaging.audiences.criteria import Criterion
from users.models import TelegramUser, User
from users.privacy import VIEW_EMAIL

LONGEST_QUERY = 1000  # characters: what a criterion may hold
_signer = Signer(salt="messaging.audiences.lists")


@dataclass(frozen=True)
class AudienceList:
    """A list of people, or of what people did, and who may see it. ``find`` and ``describe`` take its query.

    ``find`` gives the ids of its people as a query; none where the query is not understood. Its second argument says
    whether the list's search looks into e-mails.
    """

    label: Any
    may_be_seen: Callable[[User], bool]
    find: Callable[[QueryDict, bool], QuerySet[Any, Any]]
    describe: Callable[[QueryDict], Sequence[str]]


_lists: dict[str, AudienceList] = {}


def register_audience_list(name: str, audience_list: AudienceList) -> None:
    """Called once for each list whose people can be written to."""
    _lists[name] = audience_list


@dataclass(frozen=True)
class OfList(Criterion):
    """The people of a list with its filter; ``seal`` says that who chose them may search in e-mails."""

    kind = "list"
    name: str
    query: str = ""
    seal: str = ""

    def people(self, *, at: datetime) -> QuerySet[Any, Any]:
        return _lists[self.name].find(QueryDict(self.query), self._sees_emails)

    def in_words(self) -> str:
        """The list and its filter, as the list itself names them."""
        audience_list = _lists[self.name]
        words = ", ".join(audience_list.describe(QueryDict(self.query)))
        label = str(audience_list.label)
        return _("%(list)s — %(filters)s") % {"list": label, "filters": words} if words else label

    @property
    def _sees_emails(self) -> bool:
        return constant_time_compare(self.seal, _seal(self.name, self.query))

    @classmethod
    def _of(cls, values: dict[str, Any]) -> "OfList":
        found = super()._of(values)
        if found.name not in _lists:
            raise ValueError(found.name)
        return found


def may_write_to(name: str, by: User) -> bool:
    """Say whether somebody may see a list, and so write to its people; nobody may where there is none."""
    return name in _lists and _lists[name].may_be_seen(by)


def of_list(name: str, query: str, *, sees_emails: bool) -> OfList | None:
    """Make the criterion of a list as somebody sees it; None where there is no such list, or the filter is too long."""
    tidy = tidy_query(QueryDict(query.removeprefix("?")))
    for position in (*POSITIONS, "sort"):
        tidy.pop(position, None)
    text = tidy.urlencode()
    if name not in _lists or len(text) > LONGEST_QUERY:
        return None
    criterion = OfList(name, text)
    return replace(criterion, seal=_seal(name, text)) if sees_emails else criterion


def _seal(name: str, query: str) -> str:
    return _signer.signature(f"{name}?{query}")


@dataclass(frozen=True)
class SealedReader:
    """Whoever chose the list, as the seal remembers them."""

    sees_emails: bool

    def has_perm(self, perm: str) -> bool:
        return self.sees_emails and perm == VIEW_EMAIL


# The lists that staff see and save, as audiences ----------------------------------------------------------------------


def _of_saved(
    view_name: str, label: Any, person: str | Callable[[QuerySet[Any]], QuerySet[Any, Any]], *path: str
) -> AudienceList:
    """Make an audience of a saved list: ``person`` is the column of its rows with the person, or finds them.

    ``path`` names what the list's address has in its path, and the criterion in its query.
    """

    def find(query: QueryDict, emails: bool) -> QuerySet[Any, Any]:
        saved = saved_list(view_name)
        of_path = {name: query.get(name, "") for name in path}
        rows = (saved.whole or saved.rows)(query, SealedReader(emails), **of_path)
        if not isinstance(rows, QuerySet):
            return TelegramUser.objects.none().values("pk")
        return rows.order_by().values(person) if isinstance(person, str) else person(rows.order_by())

    def describe(query: QueryDict) -> Sequence[str]:
        words = saved_list(view_name).words
        return words(query) if words else ()

    return AudienceList(label, lambda user: saved_list(view_name).may_be_seen(user), find, describe)


def _person_of_student(rows: QuerySet[Any]) -> QuerySet[Any, Any]:
    """A stream's page shows bookings, or people who viewed the programme."""
    return rows.values("telegram_user_id" if rows.model is Booking else "pk")


def _booked_with(coupons: QuerySet[Any]) -> QuerySet[Any, Any]:
    """Whoever booked with one of these coupons, as the list counts its bookings."""
    counted = {spelling for code in coupons.values_list("code", flat=True) for spelling in spellings(code)}
    return Booking.objects.filter(referral_code__in=counted).values("telegram_user_id")


register_audience_list("people", _of_saved("users:person_list", gettext_lazy("People"), "pk"))
register_audience_list("bookings", _of_saved("bookings:booking_list", gettext_lazy("Bookings"), "telegram_user_id"))
register_audience_list(
    "stream",
    _of_saved("bookings:stream_detail", pgettext_lazy("audience", "People of a stream"), _person_of_student, "code"),
)
register_audience_list("lessons", _of_saved("bookings:lesson_list", gettext_lazy("Free lessons"), "user_id"))
register_audience_list(
    "coupons",
    _of_saved("bookings:coupon_list", pgettext_lazy("audience", "People who booked with coupons"), _booked_with),
)
