"""The page of a new message: recipients, text, preview; every change is saved on the server."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.models import Booking
from hsl_dashboard.db import LARGEST_BIGINT, LARGEST_INTEGER
from hsl_dashboard.web.addresses import is_own_address
from hsl_dashboard.web.pages import StaffRequest, wants_partial
from messaging.audiences.choices import GROUPS, stream_rows
from messaging.audiences.counts import count_group, count_streams
from messaging.audiences.criteria import Audience, InStream, individuals
from messaging.audiences.lists import may_write_to, of_list
from messaging.compose.confirmation import summarise
from messaging.compose.forms import MessageForms, without_nul
from messaging.compose.services.drafting import create_draft
from messaging.compose.views.context import Composing, blank_button, broadcast_address, page_context
from messaging.compose.views.keeping import MAY_WRITE, PAGE, draft_of, save_form, show_form, show_found
from messaging.content.content import Content
from messaging.models import Draft
from users.privacy import VIEW_EMAIL

MOST_CHOSEN = 1000  # people of a list
LONGEST_CODE = 50  # characters, as bookings hold it


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(MAY_WRITE, raise_exception=True)
def compose_message(request: StaffRequest, pk: int | None = None) -> HttpResponse:
    """Show the form, or save it; the page posts it at every pause in typing."""
    if request.method == "POST":
        page = save_form(request, pk)
        if isinstance(page, HttpResponse):
            return page
        if page.errors:
            return show_form(page, status=422)
        return show_found(page)
    draft = draft_of(pk)
    if draft and draft.broadcast_id:
        return redirect(broadcast_address(draft.broadcast_id))
    asked = without_nul(request.GET)
    content = Content.from_json(draft.content) if draft else _first_content(request, asked)
    blank = [blank_button(content)] if "button" in asked or not content.buttons else []
    page = Composing(
        request,
        draft,
        content,
        MessageForms.showing(content, blank=blank),
        version=draft.version if draft else 0,
        search=asked.get("q", ""),
        show_missing="check" in asked,
        counts="count" in asked,
    )
    return render(request, PAGE, page_context(page))


@require_POST
@permission_required(MAY_WRITE, raise_exception=True)
def compose_to(request: StaffRequest) -> HttpResponse:
    """Begin a draft to the people that were chosen in a list."""
    chosen = [pk for value in request.POST.getlist("person")[:MOST_CHOSEN] if (pk := read_id(value)) is not None]
    booked = [pk for value in request.POST.getlist("booking")[:MOST_CHOSEN] if (pk := read_id(value)) is not None]
    chosen += Booking.objects.filter(pk__in=booked).values_list("telegram_user_id", flat=True)
    if not chosen:
        messages.warning(request, _("Choose at least one person first."))
        back = request.POST.get("next", "")
        return redirect(back if is_own_address(back, request) else "messaging:compose_message")
    content = Content(audience=individuals(chosen).as_json())
    draft = create_draft(content=content, by=request.user, at=timezone.now())
    return redirect("messaging:compose_message", draft.pk)


@require_safe
@permission_required(MAY_WRITE, raise_exception=True)
def compose_counts(request: StaffRequest) -> HttpResponse:
    """The counts that the form asks for when it has painted: of all streams, or of one group (``?group=``)."""
    group = request.GET.get("group", "")
    if not wants_partial(request):
        return redirect("messaging:compose_message")
    if group not in GROUPS:
        context = {"by_stream": count_streams(), "streams": stream_rows(Audience())}
    else:
        context = {"group": group, "people": count_group(group, at=timezone.now())}
    return render(request, "messaging/_compose_counts.html", context)


@require_safe
@permission_required(MAY_WRITE, raise_exception=True)
def draft_total(request: StaffRequest, pk: int) -> HttpResponse:
    """How many a draft would reach now."""
    draft = get_object_or_404(Draft, pk=pk)
    if not wants_partial(request):
        return redirect("messaging:compose_message", pk)
    context = {"draft": draft, "summary": summarise(Content.from_json(draft.content), at=timezone.now())}
    return render(request, "messaging/_compose_total.html", context)


def read_id(value: str) -> int | None:
    """An id as a form sends it; None where it is none."""
    digits = value.removeprefix("-")
    is_id = digits.isascii() and digits.isdecimal() and len(digits) < len(str(LARGEST_BIGINT))
    return int(value) if is_id else None


def _first_content(request: StaffRequest, asked: QueryDict) -> Content:
    """An empty message, or one to somebody (``?to=``), to the confirmed people of a stream (``?stream=1:code``), or to
    the people of a list with its filter (``?list=bookings&query=…``)."""
    if name := asked.get("list", ""):
        of_these = of_list(name, asked.get("query", ""), sees_emails=request.user.has_perm(VIEW_EMAIL))
        if of_these and may_write_to(name, request.user):
            return Content(audience=Audience(include=(of_these,)).as_json())
        messages.warning(request, _("The list could not be carried over: choose the recipients here."))
    course_id, _colon, code = asked.get("stream", "").partition(":")
    if 0 < len(code) <= LONGEST_CODE and len(course_id) < len(str(LARGEST_INTEGER)):
        in_stream = InStream(code, int(course_id) if course_id.isdecimal() else None)
        return Content(audience=Audience(include=(in_stream,)).as_json())
    if (pk := read_id(asked.get("to", ""))) is not None:
        return Content(audience=individuals([pk]).as_json())
    return Content()
