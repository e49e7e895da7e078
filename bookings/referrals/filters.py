"""What narrows the list of coupons."""

import django_filters
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import ReferralCoupon
from hsl_dashboard.web.filters import ListFilter, SearchFilter


class CouponFilter(ListFilter):
    """Coupons by code or name, and by whether they can be used."""

    q = SearchFilter(label=pgettext_lazy("field label", "Search"), placeholder=_("Code or name"))
    state = django_filters.ChoiceFilter(
        method="filter_state",
        label=pgettext_lazy("of a coupon", "State"),
        empty_label=_("All coupons"),
        choices=[("on", _("Switched on")), ("off", _("Switched off")), ("used", _("Used up"))],
    )

    def filter_search(self, rows: "QuerySet[ReferralCoupon]", _name: str, text: str) -> "QuerySet[ReferralCoupon]":
        return rows.filter(Q(code__icontains=text.strip()) | Q(name__icontains=text.strip()))

    def filter_state(self, rows: "QuerySet[ReferralCoupon]", _name: str, state: str) -> "QuerySet[ReferralCoupon]":
        if state == "used":
            return rows.filter(current_activations__gte=F("max_activations"))
        is_on = Q(is_active__isnull=False) & ~Q(is_active=0)
        return rows.filter(is_on if state == "on" else ~is_on)
