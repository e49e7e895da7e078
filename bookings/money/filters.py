"""What narrows the pages of money; every field is bounded."""

from datetime import date
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.labels import Labels
from bookings.lists.filters import NONE, course_choices, occurring_streams, stream_choices
from bookings.models import Booking, Currency, Payment
from hsl_dashboard.web.days import day_begins, day_ends
from hsl_dashboard.web.filters import DayFilter, ListFilter


class MoneyFilter(ListFilter):
    """Payments by their booking and by when they were received."""

    # The way from a row to its booking, its currency and its moment.
    booking, money, moment = "booking__", "currency", "received_at"

    course = django_filters.ChoiceFilter(method="filter_course", label=_("Course"), empty_label=_("All courses"))
    stream = django_filters.ChoiceFilter(method="filter_text", label=_("Stream"), empty_label=_("All streams"))
    code = django_filters.CharFilter(method="filter_text", label=_("Referral code"), max_length=100)
    currency = django_filters.ChoiceFilter(
        method="filter_currency", label=_("Currency"), empty_label=_("All currencies"), choices=Currency.choices
    )
    since = DayFilter(method="filter_since", label=_("Date from"))
    until = DayFilter(method="filter_until", label=_("Date to"))

    def __init__(self, data: QueryDict, *, queryset: "QuerySet[Any]", labels: Labels) -> None:
        super().__init__(data, queryset=queryset)
        self.form.fields["course"].choices = course_choices(labels)
        self.form.fields["stream"].choices = stream_choices(labels, occurring_streams())

    def filter_course(self, rows: "QuerySet[Any]", _name: str, course: str) -> "QuerySet[Any]":
        return rows.filter(**{f"{self.booking}course_id": None if course == NONE else int(course)})

    def filter_text(self, rows: "QuerySet[Any]", name: str, text: str) -> "QuerySet[Any]":
        column = self.booking + {"stream": "course_stream", "code": "referral_code"}[name]
        return rows.filter(Q(**{column: None}) | Q(**{column: ""}) if text == NONE else Q(**{column: text}))

    def filter_currency(self, rows: "QuerySet[Any]", _name: str, currency: str) -> "QuerySet[Any]":
        return rows.filter(**{self.money: currency})

    def filter_since(self, rows: "QuerySet[Any]", _name: str, day: date) -> "QuerySet[Any]":
        return rows.filter(**{f"{self.moment}__gte": day_begins(day)})

    def filter_until(self, rows: "QuerySet[Any]", _name: str, day: date) -> "QuerySet[Any]":
        return rows.filter(**{f"{self.moment}__lt": day_ends(day)})


class PaymentFilter(MoneyFilter):
    """The list of payments, which tells payments from refunds too."""

    kind = django_filters.ChoiceFilter(
        method="filter_kind",
        label=pgettext_lazy("of a payment", "Kind"),
        empty_label=_("Payments and refunds"),
        choices=[("payment", _("Payments only")), ("refund", _("Refunds only"))],
    )

    def filter_kind(self, rows: "QuerySet[Payment]", _name: str, kind: str) -> "QuerySet[Payment]":
        return rows.filter(amount__lt=0) if kind == "refund" else rows.filter(amount__gt=0)


class ExpectedFilter(MoneyFilter):
    """Confirmed bookings without a payment, by the moment at which they were confirmed."""

    booking, money, moment = "", "money__currency", "confirmation__confirmed_at"


def expected_bookings() -> "QuerySet[Booking]":
    """Give the confirmed bookings of which nobody has recorded a payment."""
    paid = Payment.objects.filter(booking=OuterRef("pk"))
    rows: QuerySet[Booking] = Booking.objects.confirmed().filter(~Exists(paid))
    return rows
