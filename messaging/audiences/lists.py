"""«Написать этим»: the people of a list as its address filters it, asked again for every count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.signing import Signer
from django.db.models import QuerySet
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from bookings.labels import Labels
from bookings.lessons.filters import LessonFilter
from bookings.lessons.steps import fold_some, some_wait
from bookings.lists.chips import STREAM_LABELS, VIEWED
from bookings.lists.filters import BookingFilter
from bookings.lists.students import StudentFilter
from bookings.models import Booking, LessonSteps, ReferralCoupon
from bookings.referrals.filters import CouponFilter
from bookings.referrals.statistics import spellings
from bookings.views.streams import choose_stream
from hsl_dashboard.web.addresses import POSITIONS, ActiveFilter, tidy_query
from hsl_dashboard.web.filters import ListFilter
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from messaging.audiences.criteria import Criterion
from users.models import PersonTotals, TelegramUser
from users.people.filters import PeopleFilter
from users.people.listing import people_list

LONGEST_QUERY = 1000  # characters: what a criterion may hold
_signer = Signer(salt="messaging.audiences.lists")


@dataclass(frozen=True)
class AudienceList:
    """A list of people, or of what people did. ``find`` and ``describe`` take its query.

    ``find`` gives the ids of its people as a query; none where the query is not understood. Its second argument says
    whether the list's search looks into e-mails.
    """

    label: Any
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
        return bool(self.seal) and self.seal == _seal(self.name, self.query)

    @classmethod
    def _of(cls, values: dict[str, Any]) -> "OfList":
        found = super()._of(values)
        if found.name not in _lists:
            raise ValueError(found.name)
        return found


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


def in_words(filters: Sequence[ActiveFilter]) -> list[str]:
    """What narrows a list, as the list's page says it."""
    return [f"{active.label}: {active.value}" for active in filters]


# The lists of people and bookings -------------------------------------------------------------------------------------


def _people(query: QueryDict, emails: bool) -> QuerySet[Any, Any]:
    return people_list(query, with_emails=emails, folded=True).people.order_by().values("pk")


def _people_in_words(query: QueryDict) -> list[str]:
    return in_words(
        PeopleFilter(query, queryset=PersonTotals._default_manager.all(), with_emails=False).active_filters("")
    )


def _booking_filter(query: QueryDict, *, emails: bool = False) -> BookingFilter:
    return BookingFilter(query, queryset=Booking.objects.all(), labels=Labels.read(), with_emails=emails)


def _bookings(query: QueryDict, emails: bool) -> QuerySet[Any, Any]:
    return _found(_booking_filter(query, emails=emails), Booking.objects.none()).values("telegram_user_id")


def _bookings_in_words(query: QueryDict) -> list[str]:
    return in_words(_booking_filter(query).active_filters(""))


def _found(narrowed: ListFilter, nothing: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return narrowed.qs.order_by() if narrowed.is_valid() else nothing


def _students(query: QueryDict, emails: bool) -> QuerySet[Any, Any]:
    """The people of a stream's page: the bookings of its chip, or those who viewed the programme."""
    try:
        chosen = choose_stream(query.get("code", ""), query)
    except Http404:  # the stream is gone
        return TelegramUser.objects.none().values("pk")
    narrowed = StudentFilter(query, queryset=chosen.bookings, with_emails=emails)
    if not narrowed.is_valid():
        return TelegramUser.objects.none().values("pk")
    if narrowed.chip == VIEWED:
        viewers = narrowed.viewers(chosen.people_who_viewed(chosen.campaign_start))
        return viewers.order_by().values("pk")
    return narrowed.bookings().order_by().values("telegram_user_id")


def _students_in_words(query: QueryDict) -> list[str]:
    labels = Labels.read()
    course = query.get("course", "")
    stream = labels.stream(int(course) if course.isdecimal() and len(course) < 10 else None, query.get("code", ""))
    narrowed = StudentFilter(query, queryset=Booking.objects.all(), with_emails=False)
    chip = [str(STREAM_LABELS[narrowed.chip])] if narrowed.chip in STREAM_LABELS else []
    return [stream, *chip, *in_words(narrowed.active_filters(""))]


def _lesson_filter(query: QueryDict, *, emails: bool) -> LessonFilter:
    return LessonFilter(query, queryset=LessonSteps.objects.all(), with_emails=emails)


def _lessons(query: QueryDict, emails: bool) -> QuerySet[Any, Any]:
    if some_wait():
        write_beside(SideWrite.LESSONS_COUNTED, fold_some)
    return _found(_lesson_filter(query, emails=emails), LessonSteps.objects.none()).values("user_id")


def _lessons_in_words(query: QueryDict) -> list[str]:
    return in_words(_lesson_filter(query, emails=False).active_filters(""))


def _coupon_filter(query: QueryDict) -> CouponFilter:
    return CouponFilter(query, queryset=ReferralCoupon.objects.all())


def _coupons(query: QueryDict, _emails: bool) -> QuerySet[Any, Any]:
    """Whoever booked with one of these coupons, as the list counts its bookings."""
    codes = _found(_coupon_filter(query), ReferralCoupon.objects.none()).values_list("code", flat=True)
    counted = {spelling for code in codes for spelling in spellings(code)}
    return Booking.objects.filter(referral_code__in=counted).values("telegram_user_id")


def _coupons_in_words(query: QueryDict) -> list[str]:
    return in_words(_coupon_filter(query).active_filters(""))


register_audience_list("people", AudienceList(gettext_lazy("People"), _people, _people_in_words))
register_audience_list("bookings", AudienceList(gettext_lazy("Bookings"), _bookings, _bookings_in_words))
register_audience_list(
    "stream", AudienceList(pgettext_lazy("audience", "People of a stream"), _students, _students_in_words)
)
register_audience_list("lessons", AudienceList(gettext_lazy("Free lessons"), _lessons, _lessons_in_words))
register_audience_list(
    "coupons", AudienceList(pgettext_lazy("audience", "People who booked with coupons"), _coupons, _coupons_in_words)
)
