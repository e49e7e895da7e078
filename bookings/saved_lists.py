"""The lists of this app that staff can save, and read as feeds."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404, QueryDict
from django.utils.translation import gettext_lazy as _

from bookings.labels import Labels
from bookings.lessons.exports import lessons_sheet
from bookings.lessons.filters import LessonFilter
from bookings.lessons.views import count_waiting_lessons
from bookings.lists.chips import VIEWED
from bookings.lists.exports import booking_sheet, student_sheet, viewer_sheet
from bookings.lists.filters import BookingFilter
from bookings.lists.students import StudentFilter
from bookings.models import Booking, LessonSteps, Payment, ReferralCoupon
from bookings.money.filters import ExpectedFilter, PaymentFilter, expected_bookings
from bookings.referrals.filters import CouponFilter
from bookings.views.streams import choose_stream
from hsl_dashboard.web.saved_lists import SavedList
from hsl_dashboard.web.spreadsheets import Sheet
from users.models import User
from users.privacy import VIEW_EMAIL

VIEW_BOOKINGS = "bookings.view_booking"
VIEW_MONEY = "bookings.view_payment"


def _bookings(query: QueryDict, user: User) -> "QuerySet[Any] | None":
    narrowed = BookingFilter(
        query,
        queryset=Booking.objects.with_person(),
        labels=Labels.read(),
        with_emails=user.has_perm(VIEW_EMAIL),
    )
    return narrowed.qs if narrowed.is_valid() else None


def _booking_sheet(query: QueryDict, user: User, *, with_emails: bool) -> Sheet:
    found = _bookings(query, user)
    return booking_sheet(Booking.objects.none() if found is None else found, Labels.read())


def _students(query: QueryDict, user: User, *, code: str) -> "QuerySet[Any] | None":
    try:
        chosen = choose_stream(code, query)
    except Http404:
        return None
    narrowed = StudentFilter(query, queryset=chosen.bookings.with_person(), with_emails=user.has_perm(VIEW_EMAIL))
    if not narrowed.is_valid():
        return None
    if narrowed.chip == VIEWED:
        return narrowed.viewers(chosen.people_who_viewed(chosen.campaign_start))
    return narrowed.bookings()


def _student_sheet(query: QueryDict, user: User, *, with_emails: bool, code: str) -> Sheet:
    found = _students(query, user, code=code)
    if found is None:
        return student_sheet(Booking.objects.none())
    if found.model is Booking:
        return student_sheet(found)
    chosen = choose_stream(code, query)
    return viewer_sheet(found, since=chosen.campaign_start, course_id=chosen.course_id)


def _lessons(query: QueryDict, user: User) -> "QuerySet[Any] | None":
    narrowed = LessonFilter(query, queryset=LessonSteps.objects.all(), with_emails=user.has_perm(VIEW_EMAIL))
    return narrowed.qs.order_by(*narrowed.sorting.order()) if narrowed.is_valid() else None


def _lesson_sheet(query: QueryDict, user: User, *, with_emails: bool) -> Sheet:
    count_waiting_lessons()
    found = _lessons(query, user)
    rows = LessonSteps.objects.none() if found is None else found
    people = rows.select_related("registration__telegram_user")
    return lessons_sheet(
        people.defer("registration__registered_at", "registration__lesson_date"), with_emails=with_emails
    )


def _payments(query: QueryDict, _user: User) -> "QuerySet[Any] | None":
    narrowed = PaymentFilter(query, queryset=Payment.objects.newest_first(), labels=Labels.read())
    return narrowed.qs if narrowed.is_valid() else None


def _expected(query: QueryDict, _user: User) -> "QuerySet[Any] | None":
    narrowed = ExpectedFilter(query, queryset=expected_bookings(), labels=Labels.read())
    return narrowed.qs if narrowed.is_valid() else None


def _coupons(query: QueryDict, _user: User) -> "QuerySet[Any] | None":
    narrowed = CouponFilter(query, queryset=ReferralCoupon.objects.order_by(F("created_at").desc(nulls_last=True)))
    return narrowed.qs if narrowed.is_valid() else None


SAVED_LISTS = (
    SavedList("bookings:booking_list", _("Bookings"), (VIEW_BOOKINGS,), _bookings, _booking_sheet),
    SavedList("bookings:stream_detail", _("Stream"), (VIEW_BOOKINGS,), _students, _student_sheet),
    SavedList(
        "bookings:lesson_list", _("Free lessons"), ("bookings.view_freelessonregistration",), _lessons, _lesson_sheet
    ),
    SavedList("bookings:payment_list", _("Payments"), (VIEW_BOOKINGS, VIEW_MONEY), _payments),
    SavedList("bookings:expected_list", _("Confirmed without a payment"), (VIEW_BOOKINGS, VIEW_MONEY), _expected),
    SavedList("bookings:coupon_list", _("Referrals"), ("bookings.view_referralcoupon",), _coupons),
)
