"""Sums of money by stream, course or referral code: received apart from «по расчёту», never across currencies."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.labels import Labels
from bookings.lists.filters import NONE
from bookings.models import Booking, Payment

# How each number is counted, as the pages say it.
DEFINITIONS = {
    "received": gettext_lazy("Recorded payments received in the period, before refunds."),
    "refunded": gettext_lazy("Recorded refunds given back in the period."),
    "net": gettext_lazy("Received less refunded."),
    "expected": gettext_lazy(
        "Bookings confirmed in the period for which nobody has recorded a payment, at their price: that of the stream,"
        " else of the course in US dollars, less the discount. Not received money."
    ),
}
# What ?by= says, and the columns of a booking that make a line.
GROUPS: dict[str, tuple[str, ...]] = {
    "stream": ("course_id", "course_stream"),
    "course": ("course_id",),
    "code": ("referral_code",),
}
Key = tuple[Any, ...]


@dataclass
class Sums:
    """Money in one currency."""

    received: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)  # positive
    payments: int = 0  # rows, refunds among them
    expected: Decimal = Decimal(0)
    bookings: int = 0  # confirmed ones without a payment
    unpriced: int = 0  # of these: without any price
    # What discounts took off the prices of all confirmed bookings; the sums of days know it, those of rows do not.
    discount: Decimal = field(default=Decimal(0), compare=False)

    @property
    def net(self) -> Decimal:
        return self.received - self.refunded

    def add(self, other: "Sums") -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class MoneyLine:
    """A stream, course or code in one currency, with the addresses of its rows."""

    label: str
    currency: str
    sums: Sums
    payments_address: str
    expected_address: str


def money_by(group: str, *, payments: "QuerySet[Payment]", expected: "QuerySet[Booking]") -> dict[Key, Sums]:
    """Sum by the columns of a group and the currency, which stands last in the key (two queries)."""
    columns = GROUPS[group]
    sums: dict[Key, Sums] = {}
    paid = payments.order_by().values_list(*(f"booking__{column}" for column in columns), "currency")
    for *key, received, refunded, count in paid.annotate(
        plus=Sum("amount", filter=Q(amount__gt=0)), minus=Sum("amount", filter=Q(amount__lt=0)), number=Count("pk")
    ):
        there = sums.setdefault(_tidy(key), Sums())
        there.add(Sums(received or Decimal(0), -(refunded or Decimal(0)), count))
    priced = expected.order_by().values_list(*columns, "money__currency")
    for *key, amount, count, with_price in priced.annotate(
        amount=Sum("money__expected"), number=Count("pk"), with_price=Count("money__expected")
    ):
        there = sums.setdefault(_tidy(key), Sums())
        there.add(Sums(expected=amount or Decimal(0), bookings=count, unpriced=count - with_price))
    return sums


def totals_of(sums: dict[Key, Sums]) -> dict[str, Sums]:
    """Add the lines up, each currency by itself."""
    totals: dict[str, Sums] = {}
    for key, part in sorted(sums.items(), key=lambda item: str(item[0][-1])):
        totals.setdefault(key[-1], Sums()).add(part)
    return totals


def lines_of(group: str, sums: dict[Key, Sums], *, labels: Labels, query: QueryDict) -> list[MoneyLine]:
    """Name the lines and lead to their rows; the largest first."""
    period = {name: query[name] for name in ("since", "until") if query.get(name)}
    lines = []
    for key, part in sums.items():
        asked = urlencode({**_asked(GROUPS[group], key), "currency": key[-1], **period})
        lines.append(
            MoneyLine(
                label=_label(group, key, labels),
                currency=key[-1],
                sums=part,
                payments_address=f"{reverse('bookings:payment_list')}?{asked}",
                expected_address=f"{reverse('bookings:expected_list')}?{asked}",
            )
        )
    return sorted(lines, key=lambda line: (line.currency, -line.sums.net - line.sums.expected, line.label))


def _tidy(key: Iterable[Any]) -> Key:
    """An empty text is none, as the pages say it."""
    return tuple(None if part == "" else part for part in key)


def _asked(columns: tuple[str, ...], key: Key) -> dict[str, str]:
    words = {"course_id": "course", "course_stream": "stream", "referral_code": "code"}
    return {words[column]: NONE if part is None else str(part) for column, part in zip(columns, key[:-1], strict=True)}


def _label(group: str, key: Key, labels: Labels) -> str:
    if group == "code":
        return key[0] or _("Without a code")
    course = _("No course") if key[0] is None else labels.course(key[0])
    if group == "course":
        return course
    stream = labels.stream(key[0], key[1]) if key[1] else _("No stream")
    return f"{course} — {stream}"
