"""Bookings by number, and streams by name or code, as the jump finds them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, unquote

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.labels import Labels
from bookings.models import Booking, ReferralCoupon, Stream
from hsl_dashboard.db import LARGEST_INTEGER
from hsl_dashboard.web.jump import AT_MOST, Destination, JumpSource, Typed, has_words, words_of
from hsl_dashboard.web.mentions import read_number
from users.models import User

BOOKING = re.compile(r"/bookings/(\d{1,10})/")
COUPON = re.compile(r"/referrals/\?q=([^&]{1,300})")


def _find_bookings(user: User, typed: Typed) -> list[Destination]:
    number = read_number(typed)
    return list(_bookings([number])) if number is not None else []


def _name_bookings(user: User, addresses: Sequence[str]) -> list[Destination]:
    return list(_bookings(int(match[1]) for address in addresses if (match := BOOKING.fullmatch(address))))


def _bookings(numbers: Iterable[int]) -> Iterator[Destination]:
    wanted = [number for number in numbers if number <= LARGEST_INTEGER]
    if not wanted:
        return
    labels = Labels.read()
    for booking in Booking.objects.filter(pk__in=wanted).select_related("telegram_user"):
        stream = labels.stream(booking.course_id, booking.course_stream)
        yield Destination(
            _("Booking № %(number)s") % {"number": booking.pk},
            reverse("bookings:booking_detail", args=[booking.pk]),
            f"{booking.telegram_user.full_name} · {stream}",
            icon="clipboard-document-list",
        )


def _find_streams(user: User, typed: Typed) -> list[Destination]:
    words = words_of(typed)
    return [one for one in _streams() if has_words(words, one.label, one.note, one.address)][:AT_MOST]


def _name_streams(user: User, addresses: Sequence[str]) -> list[Destination]:
    wanted = {address for address in addresses if "/stream/" in address}
    return [destination for destination in _streams() if destination.address in wanted] if wanted else []


def _streams() -> Iterator[Destination]:
    """Every described stream, the newest first: a school has some dozens."""
    for stream in Stream.objects.select_related("course").order_by("-is_current", "-starts_on", "-pk"):
        yield Destination(stream.name, reverse("bookings:stream_detail", args=[stream.code]), stream.course.name)


def _find_coupons(user: User, typed: Typed) -> list[Destination]:
    found = Q(code__icontains=typed) | Q(name__icontains=typed)
    return _coupons(ReferralCoupon.objects.filter(found).order_by("-is_active", "code")[:AT_MOST])


def _name_coupons(user: User, addresses: Sequence[str]) -> list[Destination]:
    codes = [unquote(match[1]) for address in addresses if (match := COUPON.fullmatch(address))]
    codes = [code for code in codes if "\x00" not in code]
    return _coupons(ReferralCoupon.objects.filter(code__in=codes)) if codes else []


def _coupons(coupons: Iterable[ReferralCoupon]) -> list[Destination]:
    page = reverse("bookings:coupon_list")
    return [
        Destination(one.code, f"{page}?q={quote(one.code, safe='')}", one.name or "", icon="gift") for one in coupons
    ]


BOOKINGS = JumpSource(gettext_lazy("Bookings"), 20, "bookings.view_booking", _find_bookings, _name_bookings)
COUPONS = JumpSource(gettext_lazy("Referrals"), 35, "bookings.view_referralcoupon", _find_coupons, _name_coupons)
STREAMS = JumpSource(gettext_lazy("Streams"), 30, "bookings.view_booking", _find_streams, _name_streams)
