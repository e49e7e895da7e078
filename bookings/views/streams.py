"""The page of one stream: its people by status, and those who viewed the programme without booking."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings import statistics
from bookings.forms.bookings import bulk_bar
from bookings.labels import Labels
from bookings.lists.chips import STREAM_LABELS, VIEWED, chosen_chip, counts_by_chip, status_chips
from bookings.lists.filters import NONE
from bookings.lists.rows import people_rows_of, rows_of
from bookings.lists.students import StudentFilter
from bookings.models import BookingCount, Stream
from bookings.models.bookings import BookingQuerySet
from hsl_dashboard.web.addresses import address_without, tidy_address
from hsl_dashboard.web.pages import StaffRequest, page_of, render_list
from hsl_dashboard.web.remembered import Remembered
from users.models import TelegramUser
from users.people.downloads import EXPORT_PEOPLE
from users.privacy import VIEW_EMAIL


@dataclass(frozen=True)
class ChosenStream:
    """The stream that the address names: a code, in one of the courses that use it."""

    code: str
    course_id: int | None
    described: Stream | None
    course_ids: list[int | None]
    counts: statistics.StatusCounts

    @property
    def bookings(self) -> BookingQuerySet:
        return statistics.bookings_of_stream((self.course_id, self.code))

    @property
    def campaign_start(self) -> datetime | None:
        return statistics.campaign_start(self.described, self.bookings)

    @property
    def viewed(self) -> Remembered[int] | None:
        return statistics.viewed_of_stream((self.course_id, self.code), self.campaign_start)

    def people_who_viewed(self, since: datetime | None) -> "QuerySet[TelegramUser]":
        return statistics.people_who_viewed(course_id=self.course_id, since=since, bookings=self.bookings)

    def people_to_walk_who_viewed(self, since: datetime | None) -> "QuerySet[TelegramUser]":
        return statistics.people_to_walk_who_viewed(course_id=self.course_id, since=since, bookings=self.bookings)


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def stream_detail(request: StaffRequest, code: str) -> HttpResponse:
    chosen = choose_stream(code, request.GET)
    labels = Labels.read()
    context = stream_counts(chosen, labels, request.GET)
    narrowed = StudentFilter(
        request.GET, queryset=chosen.bookings.with_person(), with_emails=request.user.has_perm(VIEW_EMAIL)
    )
    is_valid = narrowed.is_valid()
    if context["chip"] == VIEWED:
        page: Any = _page_of_viewers(request, chosen, narrowed, context)
        context["people"] = people_rows_of(page, viewed_since=context["campaign_start"], course_id=chosen.course_id)
    else:
        page = page_of(narrowed.bookings(), request)
        context["rows"] = rows_of(page, labels=labels, by=request.user, with_activity=True)
        context["bulk_form"] = bulk_bar(request.user, labels.codes)
    context |= {
        "page": page,
        "form": narrowed.form,
        "sort": narrowed.sorted_by,
        "active_filters": narrowed.active_filters(request.path),
        "clear_address": address_without(request.path, request.GET, "q"),
        "bulk_query": narrowed.as_booking_list(course_id=chosen.course_id, code=chosen.code).urlencode(),
        "may_export": request.user.has_perm(EXPORT_PEOPLE),
        "list_address": request.get_full_path(),
        "changed": False,
    }
    return render_list(request, "bookings/stream_detail.html", context, partial="stream", is_valid=is_valid)


def _page_of_viewers(
    request: StaffRequest, chosen: ChosenStream, narrowed: StudentFilter, context: dict[str, Any]
) -> Any:
    since, viewed = context["campaign_start"], context["viewed"]
    if not narrowed.is_valid():
        return page_of(TelegramUser.objects.none(), request)
    if viewed and not viewed.at:  # counted just now, since they are few
        return page_of(narrowed.viewers(chosen.people_who_viewed(since)), request)
    walked = narrowed.walked_viewers(chosen.people_to_walk_who_viewed(since))
    if narrowed.searched:
        return page_of(walked, request)
    # What beat has counted; before it has, a count would take as long as beat's.
    return page_of(walked, request, known=viewed.number if viewed else None, known_more=viewed is None)


@require_safe
@permission_required("bookings.view_booking", raise_exception=True)
def stream_viewed(request: StaffRequest, code: str) -> HttpResponse:
    """Count those who viewed the programme and did not book, for the chip that waits for it."""
    return render(request, "bookings/_viewed_count.html", {"viewed": choose_stream(code, request.GET).viewed})


def choose_stream(code: str, query: QueryDict) -> ChosenStream:
    """Find the stream of a code; ``?course=`` says which, where several courses use it.

    Raises:
        Http404: the stream has neither a description nor a booking.
    """
    if "\0" in code:  # PostgreSQL stores no such text
        raise Http404
    described = {stream.course_id: stream for stream in Stream.objects.filter(code=code)}
    counts = statistics.counts_by_stream(BookingCount.objects.filter(key=code))
    booked = {course_id for (course_id, _code), there in counts.items() if there.total}
    course_ids: list[int | None] = sorted(
        {*described, *booked}, key=lambda course_id: (course_id not in described, course_id is None, course_id or 0)
    )
    by_word = {NONE if course_id is None else str(course_id): course_id for course_id in course_ids}
    word = query.get("course") or next(iter(by_word), "")
    if word not in by_word:
        raise Http404
    course_id = by_word[word]
    stream = described.get(course_id) if course_id is not None else None
    return ChosenStream(code, course_id, stream, course_ids, counts[course_id, code])


def stream_counts(chosen: ChosenStream, labels: Labels, query: QueryDict) -> dict[str, Any]:
    """Count everything that the page counts; ``query`` is the state of the page."""
    path = reverse("bookings:stream_detail", args=[chosen.code])
    counts, people = chosen.counts, statistics.people_of_stream((chosen.course_id, chosen.code), chosen.counts.total)
    since = chosen.campaign_start
    chip = chosen_chip(STREAM_LABELS, query)
    # Everybody's views of a programme, up to millions: the page does not wait for them, its chip asks stream_viewed.
    viewed = chosen.viewed if chip == VIEWED else None
    by_chip: dict[str, int | None] = {**counts_by_chip(counts), VIEWED: viewed.number if viewed else None}
    return {
        "stream": statistics.StreamStatistics(
            course_id=chosen.course_id,
            code=chosen.code,
            course_label=labels.course(chosen.course_id) if chosen.course_id else _("No course"),
            label=labels.stream(chosen.course_id, chosen.code),
            stream=chosen.described,
            counts=counts,
        ),
        "people_count": people.number,
        "people_counted_at": people.at,
        "campaign_start": since,
        "viewed": viewed,
        "courses": [
            {
                "label": labels.course(course_id),
                "address": _course_address(path, course_id),
                "is_current": course_id == chosen.course_id,
            }
            for course_id in chosen.course_ids
        ],
        "chip": chip,
        "chips": status_chips(STREAM_LABELS, by_chip, chosen=chip, path=path, query=query),
        "viewed_address": _course_address(reverse("bookings:stream_viewed", args=[chosen.code]), chosen.course_id),
        "all_address": path if len(chosen.course_ids) == 1 else _course_address(path, chosen.course_id),
        "definitions": statistics.DEFINITIONS,
        "updated_at": timezone.now(),
    }


def _course_address(path: str, course_id: int | None) -> str:
    query = QueryDict(mutable=True)
    query["course"] = NONE if course_id is None else str(course_id)
    return tidy_address(path, query)
