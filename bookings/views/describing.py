"""Courses and streams described by those who run them, without the Django admin."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.forms.describing import CourseForm, NewStreamForm, StreamDescriptionForm
from bookings.labels import Labels
from bookings.lists.campaigns import campaign_days, previous_stream
from bookings.lists.rows import stream_address
from bookings.models import Course, Stream
from bookings.services.describing import (
    CourseExists,
    DescriptionChanged,
    StreamExists,
    add_course,
    change_course,
    change_stream,
    describe_stream,
)
from hsl_dashboard.web.addresses import is_own_address
from hsl_dashboard.web.pages import StaffRequest, lead_to, render_page, render_page_or_piece

VIEW = "bookings.view_booking"


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW, "bookings.add_course", "bookings.change_course"], raise_exception=True)
def course_new(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "bookings/course_new.html", {"form": CourseForm()})
    form = CourseForm(request.POST)
    if form.is_valid():
        try:
            course = add_course(to=form.values, by=request.user)
        except CourseExists as exists:
            form.add_error("name", str(exists))
        else:
            messages.success(request, _("The course is saved. Now add its streams."))
            return lead_to(request, reverse("bookings:course_edit", args=[course.pk]))
    return render(request, "bookings/course_new.html", {"form": form}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW, "bookings.change_course"], raise_exception=True)
def course_edit(request: StaffRequest, pk: int) -> HttpResponse:
    course = get_object_or_404(Course, pk=pk)
    if request.method != "POST":
        return _show_course(request, course, CourseForm(course=course))
    form = CourseForm(request.POST, course=course)
    if not form.is_valid():
        return _show_course(request, course, form, status=422)
    try:
        change_course(course=course, to=form.values, seen=form.cleaned_data["seen"], by=request.user)
    except DescriptionChanged as changed:
        return _show_course(request, course, form, status=409, changed=changed)
    messages.success(request, _("The course is saved."))
    return lead_to(request, reverse("bookings:workshop_list"))


def _show_course(
    request: StaffRequest, course: Course, form: CourseForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    if changed := more.get("changed"):
        form = CourseForm(_with_seen(request.POST, changed), course=course)
    streams = Stream.objects.filter(course=course.pk).in_order()
    context = {"course": course, "label": Labels.read().course(course.pk), "form": form, "streams": streams, **more}
    return render(request, "bookings/course_edit.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW, "bookings.add_stream"], raise_exception=True)
def stream_new(request: StaffRequest) -> HttpResponse:
    if request.method != "POST":
        asked = {name: request.GET.get(name, "")[:50].replace("\0", "") for name in ("course", "code")}
        form = NewStreamForm(
            initial={**asked, "name": asked["code"], "next": request.GET.get("next", "")},
            sees_money=_sees_money(request),
        )
        return render(request, "bookings/stream_new.html", {"form": form})
    form = NewStreamForm(request.POST, sees_money=_sees_money(request))
    if form.is_valid():
        course, code = form.cleaned_data["course"], form.cleaned_data["code"]
        try:
            stream = describe_stream(course=course, code=code, to=form.values, by=request.user)
        except StreamExists as exists:
            form.add_error("code", str(exists))
        else:
            messages.success(request, _("The stream is saved."))
            return lead_to(request, _next_address(request, stream))
    return render(request, "bookings/stream_new.html", {"form": form}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW, "bookings.change_stream"], raise_exception=True)
def stream_edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Edit a stream on a page of its own; with htmx in place of its facts."""
    stream = get_object_or_404(Stream.objects.select_related("course"), pk=pk)
    sees_money = _sees_money(request)
    if request.method != "POST":
        return _show_stream(request, stream, StreamDescriptionForm(stream=stream, sees_money=sees_money))
    form = StreamDescriptionForm(request.POST, stream=stream, sees_money=sees_money)
    if not form.is_valid():
        return _show_stream(request, stream, form, status=422)
    try:
        change_stream(stream=stream, to=form.values, seen=form.cleaned_data["seen"], by=request.user)
    except DescriptionChanged as changed:
        form = StreamDescriptionForm(_with_seen(request.POST, changed), stream=stream, sees_money=sees_money)
        return _show_stream(request, stream, form, status=409, changed=changed)
    messages.success(request, _("The stream is saved."))
    return lead_to(request, _next_address(request, stream))


def _show_stream(
    request: StaffRequest, stream: Stream, form: StreamDescriptionForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "stream": stream,
        "form": form,
        "stream_address": stream_address(stream.course_id, stream.code),
        "course_label": Labels.read().course(stream.course_id),
        **more,
    }
    page, piece = "bookings/stream_edit.html", "bookings/_stream_description.html"
    return render_page_or_piece(request, page, piece, context, status=status)


@require_safe
@permission_required(VIEW, raise_exception=True)
def stream_days(request: StaffRequest, pk: int) -> HttpResponse:
    """Bookings of a stream by day, beside the same day of the stream before it."""
    stream = get_object_or_404(Stream.objects.select_related("course"), pk=pk)
    before = previous_stream(stream)
    context = {
        "stream": stream,
        "before": before,
        "campaign": campaign_days(stream, before, at=timezone.now()),
        "stream_address": stream_address(stream.course_id, stream.code),
    }
    return render_page(request, "bookings/stream_days.html", context, partial="stream-days")


def _sees_money(request: StaffRequest) -> bool:
    return request.user.has_perm("bookings.view_payment")


def _with_seen(data: QueryDict, changed: DescriptionChanged) -> QueryDict:
    """Give what staff sent as if they had seen what stands there now: saving it once more overwrites that."""
    again = data.copy()
    again["seen"] = changed.theirs.fingerprint
    return again


def _next_address(request: StaffRequest, stream: Stream) -> str:
    asked = request.POST.get("next", "")
    return asked if is_own_address(asked, request) else stream_address(stream.course_id, stream.code)
