"""The page of a new message: recipients, text, preview; every change is saved on the server."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from hsl_dashboard.db import LARGEST_BIGINT, LARGEST_INTEGER
from hsl_dashboard.web.pages import StaffRequest
from messaging.audiences.criteria import Audience, InStream, individuals
from messaging.compose.forms import MessageForms, without_nul
from messaging.compose.views.context import Composing, blank_button, broadcast_address, page_context
from messaging.compose.views.keeping import MAY_WRITE, PAGE, draft_of, return_to_form, save_form, show_form
from messaging.content.content import Content

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
        return return_to_form(page, f"?{urlencode({'q': page.search})}#people" if page.search else "", may_show=True)
    draft = draft_of(pk)
    if draft and draft.broadcast_id:
        return redirect(broadcast_address(draft.broadcast_id))
    asked = without_nul(request.GET)
    content = Content.from_json(draft.content) if draft else _first_content(asked)
    blank = [blank_button(content)] if "button" in asked or not content.buttons else []
    page = Composing(
        request,
        draft,
        content,
        MessageForms.showing(content, blank=blank),
        version=draft.version if draft else 0,
        search=asked.get("q", ""),
        show_missing="check" in asked,
    )
    return render(request, PAGE, page_context(page))


def _first_content(asked: QueryDict) -> Content:
    """An empty message, or one to somebody (``?to=``), or to the confirmed people of a stream (``?stream=1:code``)."""
    course_id, _colon, code = asked.get("stream", "").partition(":")
    if 0 < len(code) <= LONGEST_CODE and len(course_id) < len(str(LARGEST_INTEGER)):
        in_stream = InStream(code, int(course_id) if course_id.isdecimal() else None)
        return Content(audience=Audience(include=(in_stream,)).as_json())
    person = asked.get("to", "")
    if person.isdecimal() and len(person) < len(str(LARGEST_BIGINT)):
        return Content(audience=individuals([int(person)]).as_json())
    return Content()
