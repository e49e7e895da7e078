"""The lists of this app that staff can save, read as feeds, and write to."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404, QueryDict
from django.utils.translation import gettext_lazy as _

from bookings.labels import Labels
from bookings.lessons.exports import lessons_sheet
from bookings.lessons.filters import LessonFilter
from bookings.lessons.views import count_waiting_lessons
from bookings.lists.chips import STREAM_LABELS, VIEWED
from bookings.lists.exports import booking_sheet, student_sheet, viewer_sheet
from bookings.lists.filters import BookingFilter
from bookings.lists.students import StudentFilter
from bookings.models import Booking, LessonSteps, Payment, ReferralCoupon
from bookings.money.filters import ExpectedFilter, PaymentFilter, expected_bookings
from bookings.referrals.filters import CouponFilter
from bookings.views.streams import choose_stream
from hsl_dashboard.web.saved_lists import Reader, SavedList
from hsl_dashboard.web.spreadsheets import Sheet
from users.models import User
from users.privacy import VIEW_EMAIL

VIEW_BOOKINGS = "bookings.view_booking"
VIEW_MONEY = "bookings.view_payment"


def _booking_filter(query: QueryDict, *, with_emails: bool = False) -> BookingFilter:
    return BookingFilter(query, queryset=Booking.objects.with_person(), labels=Labels.read(), with_emails=with_emails)


def _bookings(query: QueryDict, reader: Reader) -> "QuerySet[Any] | None":
    narrowed = _booking_filter(query, with_emails=reader.has_perm(VIEW_EMAIL))
    return narrowed.qs if narrowed.is_valid() else None


def _bookings_in_words(query: QueryDict) -> list[str]:
    return _booking_filter(query).in_words()


def _booking_sheet(query: QueryDict, user: User, *, with_emails: bool) -> Sheet:
    found = _bookings(query, user)
    return booking_sheet(Booking.objects.none() if found is None else found, Labels.read())


def _students(query: QueryDict, reader: Reader, *, code: str) -> "QuerySet[Any] | None":
    """The bookings of the chip of a stream's page, or those who viewed the programme."""
    try:
        chosen = choose_stream(code, query)
    except Http404:
        return None
    narrowed = StudentFilter(query, queryset=chosen.bookings.with_person(), with_emails=reader.has_perm(VIEW_EMAIL))
    if not narrowed.is_valid():
        return None
    if narrowed.chip == VIEWED:
        return narrowed.viewers(chosen.people_who_viewed(chosen.campaign_start))
    return narrowed.bookings()


def _students_in_words(query: QueryDict) -> list[str]:
    course = query.get("course", "")
    course_id = int(course) if course.isdecimal() and len(course) < 10 else None
    narrowed = StudentFilter(query, queryset=Booking.objects.all(), with_emails=False)
    chip = [str(STREAM_LABELS[narrowed.chip])] if narrowed.chip in STREAM_LABELS else []
    return [Labels.read().stream(course_id, query.get("code", "")), *chip, *narrowed.in_words()]


def _student_sheet(query: QueryDict, user: User, *, with_emails: bool, code: str) -> Sheet:
    found = _students(query, user, code=code)
    if found is None:
        return student_sheet(Booking.objects.none())
    if found.model is Booking:
        return student_sheet(found)
    chosen = choose_stream(code, query)
    return viewer_sheet(found, since=chosen.campaign_start, course_id=chosen.course_id)


def _lesson_filter(query: QueryDict, *, with_emails: bool = False) -> LessonFilter:
    return LessonFilter(query, queryset=LessonSteps.objects.all(), with_emails=with_emails)


def _lessons(query: QueryDict, reader: Reader) -> "QuerySet[Any] | None":
    narrowed = _lesson_filter(query, with_emails=reader.has_perm(VIEW_EMAIL))
    return narrowed.qs.order_by(*narrowed.sorting.order()) if narrowed.is_valid() else None


def _all_lessons(query: QueryDict, reader: Reader) -> "QuerySet[Any] | None":
    count_waiting_lessons()
    return _lessons(query, reader)


def _lessons_in_words(query: QueryDict) -> list[str]:
    return _lesson_filter(query).in_words()


def _lesson_sheet(query: QueryDict, user: User, *, with_emails: bool) -> Sheet:
    found = _all_lessons(query, user)
    rows = LessonSteps.objects.none() if found is None else found
    people = rows.select_related("registration__telegram_user")
    return lessons_sheet(
        people.defer("registration__registered_at", "registration__lesson_date"), with_emails=with_emails
    )


def _payments(query: QueryDict, _reader: Reader) -> "QuerySet[Any] | None":
    narrowed = PaymentFilter(query, queryset=Payment.objects.newest_first(), labels=Labels.read())
    return narrowed.qs if narrowed.is_valid() else None


def _expected(query: QueryDict, _reader: Reader) -> "QuerySet[Any] | None":
    narrowed = ExpectedFilter(query, queryset=expected_bookings(), labels=Labels.read())
    return narrowed.qs if narrowed.is_valid() else None


def _coupon_filter(query: QueryDict) -> CouponFilter:
    return CouponFilter(query, queryset=ReferralCoupon.objects.order_by(F("created_at").desc(nulls_last=True)))


def _coupons(query: QueryDict, _reader: Reader) -> "QuerySet[Any] | None":
    narrowed = _coupon_filter(query)
    return narrowed.qs if narrowed.is_valid() else None


def _coupons_in_words(query: QueryDict) -> list[str]:
    return _coupon_filter(query).in_words()


SAVED_LISTS = (
    SavedList(
        "bookings:booking_list",
        _("Bookings"),
        (VIEW_BOOKINGS,),
        _bookings,
        _booking_sheet,
        words=_bookings_in_words,
    ),
    SavedList(
        "bookings:stream_detail", _("Stream"), (VIEW_BOOKINGS,), _students, _student_sheet, words=_students_in_words
    ),
    SavedList(
        "bookings:lesson_list",
        _("Free lessons"),
        ("bookings.view_freelessonregistration",),
        _lessons,
        _lesson_sheet,
        whole=_all_lessons,
        words=_lessons_in_words,
    ),
    SavedList("bookings:payment_list", _("Payments"), (VIEW_BOOKINGS, VIEW_MONEY), _payments),
    SavedList("bookings:expected_list", _("Confirmed without a payment"), (VIEW_BOOKINGS, VIEW_MONEY), _expected),
    SavedList(
        "bookings:coupon_list",
        _("Referrals"),
        ("bookings.view_referralcoupon",),
        _coupons,
        words=_coupons_in_words,
    ),
)
