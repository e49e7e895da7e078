"""The pages of money: sums, the list of payments, the confirmed bookings without one, and recording a payment."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.forms.payments import PaymentForm
from bookings.labels import Labels
from bookings.lists.filters import NONE
from bookings.lists.rows import stream_address
from bookings.models import Booking, Payment
from bookings.models.payments import OF_A_FORM
from bookings.money.exports import expected_sheet, payment_sheet
from bookings.money.filters import ExpectedFilter, MoneyFilter, PaymentFilter, expected_bookings
from bookings.money.kept import count_waiting_money, is_kept, is_recounted, kept_sums
from bookings.money.statistics import DEFINITIONS, GROUPS, Key, MoneyLine, Sums, lines_of, money_by, totals_of
from bookings.services.payments import PaymentKnown, PaymentRefused, account_of, record_payment
from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.pages import SeeOther, StaffRequest, page_of, render_list
from hsl_dashboard.web.spreadsheets import Sheet, file_response
from users.people.downloads import EXPORT_PEOPLE, list_as_file
from users.person.context import person_address

VIEW_BOOKINGS = "bookings.view_booking"
VIEW_MONEY = "bookings.view_payment"
ADD_PAYMENT = "bookings.add_payment"
GROUP_LABELS = {
    "stream": gettext_lazy("By stream"),
    "course": gettext_lazy("By course"),
    "code": gettext_lazy("By referral code"),
}
USUAL_DAYS = 28
PERIODS = {
    7: gettext_lazy("7 days"),
    28: gettext_lazy("28 days"),
    90: gettext_lazy("90 days"),
    365: gettext_lazy("A year"),
}


@require_safe
@permission_required([VIEW_BOOKINGS, VIEW_MONEY], raise_exception=True)
def money_overview(request: StaffRequest) -> HttpResponseBase:
    """Show the sums, or give them as a file with ``?format=``."""
    labels = Labels.read()
    query = _with_period(request.GET)
    payments = MoneyFilter(query, queryset=Payment.objects.all(), labels=labels)
    expected = ExpectedFilter(query, queryset=expected_bookings(), labels=labels)
    is_valid = payments.is_valid()
    group = request.GET.get("by", "")
    group = group if group in GROUPS else "stream"
    sums = _sums(group, payments, expected) if is_valid else {}
    lines = lines_of(group, sums, labels=labels, query=query)
    if request.GET.get("format") in {"csv", "xlsx"} and is_valid:
        return _sums_as_file(request.GET["format"], group, lines, payments)
    context = {
        "form": payments.form,
        "active_filters": payments.active_filters(request.path),
        "clear_address": request.path,
        "group": group,
        "groups": [
            {"label": label, "address": _address(request, by=name), "is_current": name == group}
            for name, label in GROUP_LABELS.items()
        ],
        "periods": _periods(request, query),
        "totals": totals_of(sums),
        "lines": lines,
        "files": [(kind.upper(), _address(request, format=kind)) for kind in ("csv", "xlsx")],
        "is_recounted": is_recounted(),
        "definitions": DEFINITIONS,
        "updated_at": timezone.now(),
    }
    return render_list(request, "bookings/money_overview.html", context, partial="money", is_valid=is_valid)


def _sums(group: str, payments: MoneyFilter, expected: ExpectedFilter) -> dict[Key, Sums]:
    """Take the sums of the days; from the rows where these do not know what is asked for."""
    asked = payments.values()
    if "stream" in asked or "code" in asked or not is_kept():
        return money_by(group, payments=payments.qs, expected=expected.qs)
    count_waiting_money()
    course = asked.get("course")
    sums = kept_sums(
        group,
        since=asked.get("since"),
        until=asked.get("until"),
        course="" if course == NONE else int(course) if course else None,
        currency=asked.get("currency", ""),
    )
    # A day keeps more than its money: a line of what was all paid in another currency says nothing.
    return {key: line for key, line in sums.items() if line.payments or line.bookings}


def _sums_as_file(kind: str, group: str, lines: list[MoneyLine], asked: MoneyFilter) -> HttpResponseBase:
    """Give the table as a file, with its period in the name and in each line."""
    since, until = asked.values().get("since"), asked.values().get("until")
    sheet = Sheet(
        title=_("Money"),
        headings=[
            _("Date from"),
            _("Date to"),
            str(GROUP_LABELS[group]),
            _("Currency"),
            pgettext("of money", "Received"),
            _("Refunded"),
            _("Left after refunds"),
            _("Payments"),
            _("By price, not recorded"),
            _("Such bookings"),
        ],
        rows=[
            [
                since,
                until,
                line.label,
                line.currency,
                line.sums.received,
                line.sums.refunded,
                line.sums.net,
                line.sums.payments,
                line.sums.expected,
                line.sums.bookings,
            ]
            for line in lines
        ],
    )
    span = "-".join(str(day) for day in (since, until) if day)
    return file_response(sheet, name=f"money-by-{group}{span and '-'}{span}", file_format=kind)


@require_safe
@permission_required([VIEW_BOOKINGS, VIEW_MONEY], raise_exception=True)
def payment_list(request: StaffRequest) -> HttpResponse:
    labels = Labels.read()
    narrowed = _payments(request, labels)
    is_valid = narrowed.is_valid()
    page = page_of(narrowed.qs if is_valid else narrowed.queryset.none(), request)
    context = {
        **_around(request, narrowed),
        "page": page,
        "rows": [_payment_row(payment, labels) for payment in page],
    }
    return render_list(request, "bookings/payment_list.html", context, partial="payment-table", is_valid=is_valid)


@require_safe
@permission_required([VIEW_BOOKINGS, VIEW_MONEY], raise_exception=True)
def expected_list(request: StaffRequest) -> HttpResponse:
    labels = Labels.read()
    narrowed = _expected(request, labels)
    is_valid = narrowed.is_valid()
    page = page_of(narrowed.qs if is_valid else narrowed.queryset.none(), request)
    context = {
        **_around(request, narrowed),
        "page": page,
        "rows": [_booking_row(booking, labels) for booking in page],
        "may_add": request.user.has_perm(ADD_PAYMENT),
        "definitions": DEFINITIONS,
    }
    return render_list(request, "bookings/expected_list.html", context, partial="expected-table", is_valid=is_valid)


@require_POST
@permission_required([VIEW_BOOKINGS, VIEW_MONEY, EXPORT_PEOPLE], raise_exception=True)
def payment_export(request: StaffRequest) -> HttpResponseBase:
    """Export the whole filtered list; by POST, because the export is recorded."""
    labels = Labels.read()
    sheet_of = partial(payment_sheet, labels=labels)
    return _list_as_file(request, _payments(request, labels), sheet_of, page="payment_list", name="payments")


@require_POST
@permission_required([VIEW_BOOKINGS, VIEW_MONEY, EXPORT_PEOPLE], raise_exception=True)
def expected_export(request: StaffRequest) -> HttpResponseBase:
    """Export the whole filtered list, as above."""
    labels = Labels.read()
    sheet_of = partial(expected_sheet, labels=labels)
    return _list_as_file(request, _expected(request, labels), sheet_of, page="expected_list", name="expected")


def _payments(request: StaffRequest, labels: Labels) -> PaymentFilter:
    rows = Payment.objects.select_related("booking__telegram_user", "recorded_by").newest_first()
    return PaymentFilter(request.GET, queryset=rows, labels=labels)


def _expected(request: StaffRequest, labels: Labels) -> ExpectedFilter:
    rows = expected_bookings().select_related("telegram_user", "money", "confirmation").order_by("-id")
    return ExpectedFilter(request.GET, queryset=rows, labels=labels)


def _list_as_file(
    request: StaffRequest, narrowed: MoneyFilter, sheet_of: Callable[["QuerySet[Any]"], Sheet], *, page: str, name: str
) -> HttpResponseBase:
    is_valid = narrowed.is_valid()
    rows = narrowed.qs if is_valid else narrowed.queryset.none()
    return list_as_file(
        request,
        sheet=sheet_of(rows),
        rows=rows,
        name=f"{name}-{timezone.localdate():%Y-%m-%d}",
        list_address=tidy_address(reverse(f"bookings:{page}"), request.GET),
        is_valid=is_valid,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW_BOOKINGS, VIEW_MONEY, ADD_PAYMENT], raise_exception=True)
def payment_new(request: StaffRequest, pk: int) -> HttpResponse:
    """Record a payment of a booking, or with ``?refund=1`` a refund."""
    booking = get_object_or_404(Booking.objects.with_person(), pk=pk)
    account = account_of(booking)
    refund = request.GET.get("refund") == "1"
    form = PaymentForm(request.POST or None, refund=refund, initial=_first_values(account, refund=refund))
    if request.method == "POST" and form.is_valid() and _record(request, booking, form, refund=refund):
        return SeeOther(reverse("bookings:booking_detail", args=[pk]))
    context = {"booking": booking, "account": account, "form": form, "refund": refund}
    return render(request, "bookings/payment_new.html", context, status=422 if form.errors else 200)


def _record(request: StaffRequest, booking: Booking, form: PaymentForm, *, refund: bool) -> bool:
    asked = form.cleaned_data
    try:
        payment = record_payment(
            booking=booking,
            amount=-asked["amount"] if refund else asked["amount"],
            currency=asked["currency"],
            by=request.user,
            received_at=asked["received_at"],
            source=Payment.Source(asked["source"]),
            external_id=form.number,
            note=asked["note"],
        )
    except PaymentKnown as known:
        if not form.number.startswith(OF_A_FORM):
            form.add_error("external_id", str(known))
            return False
        payment = known.payment  # the same form, sent twice
    except PaymentRefused as refused:
        form.add_error("amount", str(refused))
        return False
    said = _("Refund recorded: %(amount)s") if refund else _("Payment recorded: %(amount)s")
    messages.success(request, said % {"amount": f"{abs(payment.amount):.2f} {payment.currency}"})
    return True


def _first_values(account: Any, *, refund: bool) -> dict[str, Any]:
    """Begin a form with what is most likely: all that is left, or the price."""
    now = timezone.localtime().replace(second=0, microsecond=0)
    if refund and account.balance:
        currency, amount = next(iter(account.balance.items()))
        return {"amount": amount, "currency": currency, "received_at": now}
    amount = account.worth.expected if account.worth.expected and not account.payments else None
    return {"amount": amount, "currency": account.worth.currency, "received_at": now}


def _payment_row(payment: Payment, labels: Labels) -> dict[str, Any]:
    booking = payment.booking
    return {
        "payment": payment,
        "booking": booking,
        "person_address": person_address(booking.telegram_user_id) if booking else "",
        "stream": labels.stream(booking.course_id, booking.course_stream) if booking else "",
    }


def _booking_row(booking: Booking, labels: Labels) -> dict[str, Any]:
    code = booking.course_stream
    return {
        "booking": booking,
        "person_address": person_address(booking.telegram_user_id),
        "course": labels.course(booking.course_id),
        "stream": labels.stream(booking.course_id, code),
        "stream_address": stream_address(booking.course_id, code) if code else "",
    }


def _around(request: StaffRequest, narrowed: MoneyFilter) -> dict[str, Any]:
    return {
        "form": narrowed.form,
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": request.path,
        "query": tidy_address("", request.GET),
        "may_export": request.user.has_perm(EXPORT_PEOPLE),
        "updated_at": timezone.now(),
    }


def _with_period(query: QueryDict) -> QueryDict:
    """Give the last 28 days to an address that names no period; ``?all=1`` asks for everything."""
    if any(query.get(name) for name in ("since", "until", "all")):
        return query
    asked = query.copy()
    asked["since"], asked["until"] = _last_days(USUAL_DAYS)
    return asked


def _last_days(days: int) -> tuple[str, str]:
    today = timezone.localdate()
    return (today - timedelta(days=days - 1)).isoformat(), today.isoformat()


def _periods(request: StaffRequest, query: QueryDict) -> list[dict[str, Any]]:
    """Offer the last so many days, today included, and all time."""
    asked = query.get("since", ""), query.get("until", "")
    offered = [(label, *_last_days(days), "") for days, label in PERIODS.items()]
    return [
        {
            "label": label,
            "address": _address(request, since=since, until=until, all=everything),
            "is_current": asked == (since, until),
        }
        for label, since, until, everything in [*offered, (_("All time"), "", "", "1")]
    ]


def _address(request: StaffRequest, **values: str) -> str:
    query: QueryDict = request.GET.copy()
    for name, value in values.items():
        query[name] = value
    return tidy_address(request.path, query)
