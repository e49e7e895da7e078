"""What every action of the form starts with: save the form, and show the errors of what cannot be read."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate
from urllib.parse import urlencode

from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from hsl_dashboard.web.pages import StaffRequest, lead_to, wants_partial
from messaging.compose.forms import MessageForms, PageForm, without_nul
from messaging.compose.services.drafting import DraftChanged, create_draft, save_draft
from messaging.compose.views.context import Composing, broadcast_address, live_context, page_context
from messaging.content.content import Content
from messaging.models import Draft

PAGE = "messaging/compose_message.html"
MAY_WRITE = ("messaging.add_broadcast", "users.view_telegramuser")

Verb = Callable[[StaffRequest, Composing], HttpResponse]
View = Callable[Concatenate[StaffRequest, ...], HttpResponse]


def draft_verb(*permissions: str, insists: bool = False) -> Callable[[Verb], View]:
    """Make a view of an action: the whole form is posted and saved, and then the action is done.

    Fields with errors are not saved and show their errors; then the action is not done.
    ``insists``: overwrite what a colleague saved meanwhile, which this page has shown.
    """

    def view_of(verb: Verb) -> View:
        @require_POST
        @permission_required([*MAY_WRITE, *permissions], raise_exception=True)
        @wraps(verb)
        def view(request: StaffRequest, pk: int | None = None) -> HttpResponse:
            page = save_form(request, pk, insists=insists)
            if isinstance(page, HttpResponse):
                return page
            if page.errors:
                return show_form(page, status=422)
            try:
                return verb(request, page)
            except DraftChanged as changed:
                return show_conflict(page, changed.theirs)

        return view

    return view_of


def read_page_form(request: StaffRequest) -> PageForm:
    """Read the hidden fields of the page; nobody types them, so there is no field to show an error.

    Raises:
        BadRequest: they cannot be read.
    """
    request.POST = without_nul(request.POST)  # type: ignore[assignment]
    form = PageForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    return form


def draft_of(pk: int | None) -> Draft | None:
    return get_object_or_404(Draft, pk=pk) if pk else None


def save_form(request: StaffRequest, pk: int | None, *, insists: bool = False) -> Composing | HttpResponse:
    """Save the posted form; if the draft was sent or changed meanwhile, return the response that says so."""
    own = read_page_form(request).cleaned_data
    draft = draft_of(pk or own["draft"])
    if draft and draft.broadcast_id:
        return lead_to(request, broadcast_address(draft.broadcast_id))
    forms = MessageForms.posted(request.POST)
    page = Composing(
        request,
        draft,
        forms.read(Content.from_json(draft.content) if draft else Content()),
        forms,
        saved_from=own["saved_from"],
        version=(own["theirs"] if insists else own["version"]) or 0,
        errors=forms.errors(),
        search=own["q"],
    )
    try:
        save_content(page, page.content)
    except DraftChanged as changed:
        return show_conflict(page, changed.theirs)
    return page


def show_conflict(page: Composing, theirs: Draft) -> HttpResponse:
    """Show what a colleague saved beside what was typed here; a sent draft redirects to its broadcast."""
    if theirs.broadcast_id:
        return lead_to(page.request, broadcast_address(theirs.broadcast_id))
    page.conflict, page.draft = theirs, theirs
    return show_form(page, status=409)


def save_content(page: Composing, content: Content) -> None:
    """Save the content over the version that the page is based on.

    Raises:
        DraftChanged: another page saved meanwhile, or it was sent.
    """
    at = timezone.now()
    if page.draft is None:
        page.draft = create_draft(content=content, by=page.user, at=at, saved_from=page.saved_from)
    else:
        page.draft = save_draft(
            draft=page.draft, content=content, by=page.user, at=at, version=page.version, saved_from=page.saved_from
        )
    page.content, page.version = content, page.draft.version


def show_form(page: Composing, *, status: int = 200) -> HttpResponse:
    """Render the changed parts for htmx, or the whole page, with everything as it was typed."""
    if not wants_partial(page.request):
        # The switches of the frame lead there: this answer stands at an address that only takes forms.
        return render(page.request, PAGE, page_context(page) | {"form_address": page.address}, status=status)
    context = live_context(page) | {"oob": True}
    response = render(page.request, "messaging/_compose_live.html", context, status=status)
    where = page.request.resolver_match
    if page.draft and where and "pk" not in where.kwargs:
        # The draft was made by this very change: a reload must find it.
        response["HX-Replace-Url"] = page.address
    return response


def return_to_form(page: Composing, place: str = "", *, may_show: bool = False) -> HttpResponse:
    """Redirect to ``place`` in the form; with ``may_show`` htmx gets the changed parts instead."""
    if may_show and wants_partial(page.request):
        return show_form(page)
    return lead_to(page.request, f"{page.address}{place}")


def show_found(page: Composing) -> HttpResponse:
    """Redirect to the form, and to the people found where somebody is searched for; htmx gets the changed parts."""
    return return_to_form(page, f"?{urlencode({'q': page.search})}#people" if page.search else "", may_show=True)
