"""The queue as the page shows it: its lists, its rows, and everything about the payment that is open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy

from bookings.labels import Labels
from bookings.lists.rows import stream_address
from bookings.models import Booking, Payment, PaymentRules, WaitingPayment
from bookings.models.waiting import PROOF_EVENTS, WaitingPaymentQuerySet
from bookings.payments.presence import opened_by_others
from bookings.payments.upkeep import BADGE_MOST, COUNT, OPEN, UNDATED, fold_some_payments
from bookings.services.places import Places
from hsl_dashboard.db import LARGEST_INTEGER, run_sql
from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.keyset import Slice, Sorting, slice_of
from hsl_dashboard.web.news import MOST
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from users.event_types import event_label
from users.models import BlockedUser, Event, User
from users.person.context import person_address
from users.privacy import masked_emails

SIZE = 50
OLDEST_FIRST = Sorting("since", descending=False)
TABS = {
    "waiting": gettext_lazy("To decide"),
    "mine": gettext_lazy("Mine"),
    "later": gettext_lazy("Put off"),
    "answered": gettext_lazy("Student asked"),
}
OTHERS = 5  # bookings of the same person
TEXTS = 8
WRITTEN_BEFORE = timedelta(days=1)  # what a student wrote so long before the receipt belongs to it
TOLD_BY_STUDENTS = (*PROOF_EVENTS, "student_response")
COUNTS = """
    SELECT EXISTS (SELECT FROM bookings_paymentmark)
        OR EXISTS (SELECT FROM counting_marks WHERE marks_of_payments(about)),
        (SELECT max(came_at) FROM bookings_waitingpayment), {}
"""
CONDITIONS = {
    "waiting": OPEN,
    "mine": f"{OPEN} AND w.assignee_id = %(user)s",
    "later": "w.put_off_until IS NOT NULL AND w.answered_at IS NULL",
    "answered": "w.answered_at IS NOT NULL",
}


@dataclass(frozen=True)
class QueueTab:
    """One of the lists, with how many stand in it."""

    name: str
    label: Any
    count: int
    address: str
    is_current: bool


@dataclass(frozen=True)
class WaitingRow:
    """A payment in the list."""

    waiting: WaitingPayment
    course: str
    stream: str
    address: str
    level: str  # how long it waits: "", "long", "late"
    opened_by: str = ""

    @property
    def booking(self) -> Booking:
        return self.waiting.booking

    @property
    def since(self) -> datetime | None:
        """Since when it waits; None where the bot's dates say nothing of use."""
        return self.waiting.since if self.waiting.since < UNDATED else None

    @property
    def place(self) -> tuple[datetime, int]:
        return self.waiting.since, self.waiting.pk


@dataclass(frozen=True)
class StudentWrote:
    """What a student sent with, or around, a receipt."""

    label: str
    at: datetime | None
    text: str


@dataclass(frozen=True)
class OtherBooking:
    """Another booking of the same person."""

    booking: Booking
    course: str
    stream: str


@dataclass(frozen=True)
class OpenPayment:
    """Everything that staff read before they decide."""

    row: WaitingRow
    person_address: str
    stream_address: str
    places: Places | None
    wrote: list[StudentWrote]
    others: list[OtherBooking]

    @property
    def booking(self) -> Booking:
        return self.row.booking

    @property
    def has_payment(self) -> bool:
        return bool(getattr(self.row.waiting, "has_payment", False))

    @property
    def places_left(self) -> int:
        return max(0, (self.places.stream.capacity or 0) - self.places.taken) if self.places else 0

    @property
    def is_full(self) -> bool:
        return bool(self.places and self.places.are_taken)


@dataclass
class WaitingList:
    """What the address asks for: one list, its page, and which payment is open."""

    query: QueryDict
    user: User
    at: datetime
    tab: str = ""
    # The moment up to which an open page knows the payments: a list that refreshes itself leaves out later ones.
    drawn: datetime | None = None
    newest: datetime | None = None  # when the last one came, as the counts found it
    labels: Labels = field(default_factory=Labels.read)
    rules: PaymentRules = field(default_factory=PaymentRules.read)

    def __post_init__(self) -> None:
        asked = self.query.get("tab", "")
        self.tab = asked if asked in TABS else "waiting"

    def tabs(self) -> list[QueueTab]:
        """Count the lists (one query). People who are marked are looked at first, as many as take only a moment."""
        marked, self.newest, *counts = self._count()
        if marked and write_beside(SideWrite.PAYMENTS_LOOKED_AT, fold_some_payments):
            _marked, self.newest, *counts = self._count()
        address = reverse("bookings:payment_queue")
        return [
            QueueTab(name, label, count, address if name == "waiting" else f"{address}?tab={name}", name == self.tab)
            for (name, label), count in zip(TABS.items(), counts, strict=True)
        ]

    def _count(self) -> Sequence[Any]:
        counts = ", ".join(COUNT.format(CONDITIONS[name]) for name in TABS)
        [row] = run_sql(COUNTS.format(counts), {"most": BADGE_MOST, "user": self.user.pk})
        return row

    def payments(self) -> "QuerySet[WaitingPayment]":
        rows = self._listed()
        return rows.filter(came_at__lte=self.drawn) if self.drawn else rows

    def news(self) -> int:
        """Count what has come since the open page was drawn, up to one more than MOST (one query)."""
        if self.drawn is None:
            return 0
        return len(self._listed().filter(came_at__gt=self.drawn).order_by().values_list("pk")[: MOST + 1])

    def _listed(self) -> WaitingPaymentQuerySet:
        rows = _with_facts()
        match self.tab:
            case "mine":
                return rows.open().filter(assignee=self.user)
            case "later":
                return rows.put_off()
            case "answered":
                return rows.answered()
            case _:
                return rows.open()

    def page(self) -> "Slice[WaitingPayment]":
        """Cut the page (one query); where it has been worked through, the first one."""
        page = self._page()
        if not page.rows and self.drawn:
            # The list was worked through, so new payments cannot move a row from under somebody's hands: show them.
            self.drawn = None
            page = self._page()
        return page

    def _page(self) -> "Slice[WaitingPayment]":
        before, after = self.query.get("before", ""), self.query.get("after", "")
        page: Slice[WaitingPayment] = slice_of(
            self.payments(), sorting=OLDEST_FIRST, size=SIZE, listed=0, before=before, after=after
        )
        if not page.rows and (before or after):
            return slice_of(self.payments(), sorting=OLDEST_FIRST, size=SIZE, listed=0, before="", after="")
        return page

    def rows(self, page: "Slice[WaitingPayment]") -> list[WaitingRow]:
        others = opened_by_others([waiting.pk for waiting in page.rows], self.user)
        return [self.row(waiting, opened_by=others.get(waiting.pk, "")) for waiting in page.rows]

    def row(self, waiting: WaitingPayment, *, opened_by: str) -> WaitingRow:
        booking = waiting.booking
        return WaitingRow(
            waiting=waiting,
            course=self.labels.course(booking.course_id),
            stream=self.labels.stream(booking.course_id, booking.course_stream),
            address=self.address(open=str(waiting.pk)),
            level=wait_level(waiting.since, rules=self.rules, at=self.at),
            opened_by=opened_by,
        )

    def address(self, **values: str) -> str:
        """The address of this list; ``open=""`` opens the first payment."""
        query = self.query.copy()
        for name in [*query]:
            if name not in {"tab", "before", "after"}:
                del query[name]
        query.update(values)
        return tidy_address(reverse("bookings:payment_queue"), query)

    def choose(
        self, rows: list[WaitingRow], *, asked: int | None, behind: tuple[datetime, int] | None
    ) -> WaitingRow | None:
        """Open what was asked for, else what follows the one just decided, passing over what others have open."""
        found = next((row for row in rows if row.waiting.pk == asked), None)
        if found or asked:
            return found or self._elsewhere(asked or 0)
        free = [row for row in rows if not row.opened_by and row.waiting.assignee in {None, self.user}] or rows
        following = [row for row in free if behind is None or row.place > behind]
        return next(iter(following or free), None)

    def _elsewhere(self, asked: int) -> WaitingRow | None:
        """Find a payment that is on another page or in another list."""
        waiting = _with_facts().filter(pk=asked).first() if asked <= LARGEST_INTEGER else None
        if waiting is None:
            return None
        return self.row(waiting, opened_by=opened_by_others([asked], self.user).get(asked, ""))

    def read(self, row: WaitingRow) -> OpenPayment:
        """Read all about a payment (four queries)."""
        booking, person = row.booking, row.booking.telegram_user
        others = Booking.objects.filter(telegram_user=person).exclude(pk=booking.pk).newest_first()[:OTHERS]
        code = booking.course_stream
        return OpenPayment(
            row=row,
            person_address=person_address(person.pk),
            stream_address=stream_address(booking.course_id, code) if code else "",
            places=Places.around(booking),
            wrote=what_students_wrote(row.waiting),
            others=[self._other(other) for other in others],
        )

    def _other(self, booking: Booking) -> OtherBooking:
        return OtherBooking(
            booking,
            self.labels.course(booking.course_id),
            self.labels.stream(booking.course_id, booking.course_stream),
        )


def _with_facts() -> WaitingPaymentQuerySet:
    """Payments with all that a row needs, and two facts about the one that is opened."""
    rows = WaitingPayment.objects.still().select_related("booking__telegram_user", "booking__money", "assignee")
    # EXISTS would be answered out of a hash of all payments, which is made for fifty rows.
    payments, blocked = Payment.objects.filter(booking=OuterRef("booking")), BlockedUser.objects
    return rows.annotate(
        has_payment=Subquery(payments.values("pk")[:1]),
        is_blocked=Subquery(blocked.filter(pk=OuterRef("booking__telegram_user")).values("pk")[:1]),
    )


def drawn_moment(text: str) -> datetime | None:
    """Read until when an open page has the payments; None for anything that no page of ours says."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and timezone.is_aware(moment) else None


def wait_level(since: datetime, *, rules: PaymentRules, at: datetime) -> str:
    """Say whether a payment waits longer than staff have set: "long", "late", or ""."""
    hours = (at - since).total_seconds() / 3600
    return "late" if hours >= rules.late_hours else "long" if hours >= rules.long_hours else ""


def what_students_wrote(waiting: WaitingPayment) -> list[StudentWrote]:
    """Read what a student sent around a receipt, newest first (one query)."""
    events = Event.objects.filter(telegram_user_id=waiting.user_id, event_type__in=TOLD_BY_STUDENTS)
    if waiting.since < UNDATED:
        events = events.filter(created_at__gte=waiting.since - WRITTEN_BEFORE)
    newest = events.newest_first()[:TEXTS]
    return [StudentWrote(event_label(event.event_type), event.created_at, _text_of(event)) for event in newest]


def _text_of(event: Event) -> str:
    details = event.details if isinstance(event.details, dict) else {}
    text = masked_emails(details.get("message_text"))
    return text.strip() if isinstance(text, str) else ""
