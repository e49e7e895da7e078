"""What each coupon brought: uses, bookings, confirmed ones, money and discount."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.apps import apps
from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, BookingCount, Payment, ReferralCoupon
from bookings.money.filters import expected_bookings
from bookings.money.kept import count_waiting_money, is_recounted, kept_sums
from bookings.money.statistics import Key, money_by
from bookings.money.statistics import Sums as MoneySums
from bookings.referrals.services import MADE_HERE
from users.models import TelegramUser, User

Sums = dict[str, Decimal]  # by currency

# How each number is counted, as the page says it.
DEFINITIONS = {
    "used": _(
        "Activations that the bot has counted, of those allowed. It counts when somebody books, and gives none back"
        " when the booking is cancelled."
    ),
    "bookings": _("Bookings with this code, whatever their status; an administrator may have entered it too."),
    "confirmed": _("Of these bookings: confirmed ones."),
    "received": _("Recorded payments of these bookings less refunds, per currency."),
    "expected": _(
        "Confirmed bookings with this code and without a recorded payment, at their price less the discount."
    ),
    "discount": _("What the discount took off the price of the confirmed bookings with this code."),
}


@dataclass
class CouponNumbers:
    """A coupon, and what it brought."""

    coupon: ReferralCoupon
    made_by: TelegramUser | None = None  # who made it in the bot
    made_by_staff: User | None = None
    bookings: int = 0
    confirmed: int = 0
    received: Sums = field(default_factory=dict)
    expected: Sums = field(default_factory=dict)
    discount: Sums = field(default_factory=dict)

    @property
    def used(self) -> int:
        return self.coupon.current_activations or 0

    @property
    def left(self) -> int:
        """Activations left; negative when more got in than were allowed."""
        return self.coupon.max_activations - self.used

    @property
    def over(self) -> int:
        """Activations beyond the limit."""
        return max(0, -self.left)

    @property
    def link(self) -> str:
        """The address that starts the bot with the code; '' until the bot's name is known."""
        return start_link(self.coupon.code)


def start_link(code: str) -> str:
    """Give the link; '' for a code that Telegram would not pass on."""
    passes = re.fullmatch(r"[A-Za-z0-9_-]{1,60}", code)
    return f"https://t.me/{settings.BOT_USERNAME}?start=ref_{code}" if settings.BOT_USERNAME and passes else ""


def _makers(coupons: list[ReferralCoupon]) -> dict[int, User]:
    """Find who made coupons here: history has it (two queries, or none)."""
    here = [coupon.pk for coupon in coupons if coupon.created_by == MADE_HERE]
    if not here:
        return {}
    history = apps.get_model("bookings", "ReferralCouponEvent")
    made = dict(
        history.objects.filter(pgh_obj_id__in=here, pgh_label="insert").values_list(
            "pgh_obj_id", "pgh_context__metadata__user"
        )
    )
    staff = User.objects.in_bulk([number for number in made.values() if isinstance(number, int)])
    return {pk: staff[number] for pk, number in made.items() if number in staff}


def spellings(code: str) -> set[str]:
    """Give the spellings of a code that count as it, as the filter of the bookings' list has them."""
    return {code, code.upper(), code.lower()}


def coupon_numbers(coupons: Iterable[ReferralCoupon], *, with_money: bool) -> list[CouponNumbers]:
    """Count for these coupons: two queries, and with money four more at most."""
    coupons = list(coupons)
    makers = TelegramUser.objects.in_bulk([coupon.created_by for coupon in coupons])
    here = _makers(coupons)
    numbers = [CouponNumbers(coupon, makers.get(coupon.created_by), here.get(coupon.pk)) for coupon in coupons]
    by_spelling: dict[str, list[CouponNumbers]] = {}
    for each in numbers:
        for spelling in spellings(each.coupon.code):
            by_spelling.setdefault(spelling, []).append(each)
    counted = BookingCount.objects.of_codes(by_spelling).values_list("key", "status").annotate(sum=Sum("number"))
    for code, status, number in counted:
        for each in by_spelling[code]:
            each.bookings += number
            each.confirmed += number if status == Booking.Status.CONFIRMED else 0
    if with_money:
        _add_money(by_spelling)
    return numbers


def _add_money(by_spelling: dict[str, list[CouponNumbers]]) -> None:
    for (code, currency), sums in _money_by_code(list(by_spelling)).items():
        for each in by_spelling.get(code, []):
            _add(each.received, currency, sums.net)
            _add(each.expected, currency, sums.expected)
            _add(each.discount, currency, sums.discount)


def _money_by_code(codes: list[str]) -> dict[Key, MoneySums]:
    """Take the sums of the days; from the rows while those are counted again."""
    if not is_recounted():
        count_waiting_money()
        return kept_sums("code", since=None, until=None, course=None, currency="")
    sums = money_by(
        "code",
        payments=Payment.objects.filter(booking__referral_code__in=codes),
        expected=expected_bookings().filter(referral_code__in=codes),
    )
    confirmed = Booking.objects.confirmed().filter(referral_code__in=codes).order_by()
    taken_off = confirmed.values_list("referral_code", "money__currency").annotate(total=Sum("money__discount"))
    for code, currency, total in taken_off:
        sums.setdefault((code, currency), MoneySums()).add(MoneySums(discount=total or Decimal(0)))
    return sums


def _add(sums: Sums, currency: str, amount: Decimal | None) -> None:
    if amount:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
