"""The actions of the form of a draft, one address each."""

from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hsl_dashboard.web.pages import StaffRequest, lead_to
from hsl_dashboard.web.uploads import found_no_room
from messaging.audiences.criteria import Criterion, Individuals
from messaging.compose.faults import check_content
from messaging.compose.forms import MessageForms, PersonForm, errors_by_place
from messaging.compose.services.drafting import (
    DraftChanged,
    attach_file,
    detach_file,
    discard_draft,
    ignore_late_saves,
    send_test,
)
from messaging.compose.views.context import Composing, chosen_person, preview_people
from messaging.compose.views.keeping import (
    MAY_WRITE,
    draft_verb,
    read_page_form,
    return_to_form,
    save_content,
    show_conflict,
    show_form,
    show_found,
)
from messaging.content.content import Content
from messaging.content.media import NoRoom, StoredFile, file_problem, no_room_sentence
from messaging.content.preview import personal_text
from messaging.content.serving import file_answer
from messaging.delivery.services import MessageRefused
from messaging.models import Draft, TelegramLink


@draft_verb()
def draft_preview(request: StaffRequest, page: Composing) -> HttpResponse:
    # Pressed by hand or by Enter only where there are no scripts, and then nothing is counted after the page.
    if page.search:
        return show_found(page)
    return return_to_form(page, "?count=1#preview", may_show=True)


@draft_verb(insists=True)
def draft_overwrite(request: StaffRequest, page: Composing) -> HttpResponse:
    """Save this page's text over a colleague's, which the page has shown."""
    return return_to_form(page, may_show=True)


@draft_verb()
def draft_check(request: StaffRequest, page: Composing) -> HttpResponse:
    """Go on to the last page if the message has no faults."""
    assert page.draft is not None
    page.show_missing = True
    if refused := _attach(request, page):
        return refused
    if check_content(page.content, at=timezone.now(), has_upload=page.has_upload).any:
        return show_form(page, status=422)
    ignore_late_saves(draft=page.draft)
    return lead_to(request, reverse("messaging:compose_confirm", args=[page.draft.pk]))


@draft_verb("messaging.send_broadcast")
def draft_test(request: StaffRequest, page: Composing) -> HttpResponse:
    """«Отправить себе»: the text as the student chosen in the preview would get it."""
    assert page.draft is not None
    link = TelegramLink.objects.filter(user=request.user).exclude(linked_at=None).first()
    if link is None:
        return lead_to(request, f"{reverse('messaging:compose_link')}?{urlencode({'next': page.address})}")
    # A file that was chosen and not yet uploaded is part of what one wants to see.
    if refused_file := _attach(request, page):
        return refused_file
    people = preview_people(page.content)
    chosen = chosen_person(page.content, people)
    text, _missing = personal_text(page.content, chosen)
    try:
        send_test(draft=page.draft, text=text, to=link.telegram_user_id, by=request.user, at=timezone.now())
    except MessageRefused as refused:
        page.show_missing = True
        # What is wrong with the message stands above the form already.
        if not check_content(page.content, at=timezone.now(), has_upload=page.has_upload).any:
            messages.error(request, str(refused))
        return show_form(page, status=422)
    return return_to_form(page, "#preview")


@draft_verb()
def draft_upload(request: StaffRequest, page: Composing) -> HttpResponse:
    return _attach(request, page) or return_to_form(page, "#media")


@draft_verb()
def draft_file_remove(request: StaffRequest, page: Composing) -> HttpResponse:
    assert page.draft is not None
    detach_file(draft=page.draft, by=request.user, at=timezone.now())
    return return_to_form(page, "#media")


@draft_verb()
def draft_button_add(request: StaffRequest, page: Composing) -> HttpResponse:
    """Add an empty line for a button; with JavaScript the page does it without a request."""
    return return_to_form(page, "?button=1#buttons")


@draft_verb()
def draft_person_add(request: StaffRequest, page: Composing) -> HttpResponse:
    return _choose_person(request, page, include=True)


@draft_verb()
def draft_person_leave(request: StaffRequest, page: Composing) -> HttpResponse:
    """Leave out a person who was found by the search."""
    return _choose_person(request, page, include=False)


@require_POST
@permission_required(MAY_WRITE, raise_exception=True)
def draft_discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Delete a draft, unless a colleague has changed it since it was shown."""
    draft = get_object_or_404(Draft, pk=pk)
    own = read_page_form(request).cleaned_data
    try:
        discard_draft(draft=draft, version=own["version"] or 0, saved_from=own["saved_from"])
    except DraftChanged as changed:
        content = Content.from_json(changed.theirs.content)
        page = Composing(request, draft, content, MessageForms.showing(content), version=own["version"] or 0)
        return show_conflict(page, changed.theirs)
    messages.success(request, _("Draft deleted."))
    return lead_to(request, reverse("messaging:compose_message"))


@require_safe
@permission_required(MAY_WRITE, raise_exception=True)
def draft_file(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The file of a draft, or a small picture of it (``?small``)."""
    return file_answer(StoredFile.of(get_object_or_404(Draft, pk=pk)), small="small" in request.GET)


def _attach(request: StaffRequest, page: Composing) -> HttpResponse | None:
    """Store the uploaded file, if there is one; the form with the reason when it cannot be sent or stored."""
    if found_no_room(request):
        return _refuse_file(page, no_room_sentence(), status=507)
    upload = request.FILES.get("media_upload")
    if upload is None or page.draft is None:
        return None
    if problem := file_problem(kind=page.content.kind, file=upload):
        return _refuse_file(page, problem, status=422)
    try:
        attach_file(draft=page.draft, file=upload, by=request.user, at=timezone.now())
    except NoRoom:
        return _refuse_file(page, no_room_sentence(), status=507)
    page.version = page.draft.version
    return None


def _refuse_file(page: Composing, problem: str, *, status: int) -> HttpResponse:
    page.errors, page.show_missing = {"media": [problem]}, True
    return show_form(page, status=status)


def _choose_person(request: StaffRequest, page: Composing, *, include: bool) -> HttpResponse:
    form = PersonForm(request.POST)
    if not form.is_valid():
        page.errors = errors_by_place(form.errors)
        return show_form(page, status=422)
    person, audience = form.cleaned_data["chosen"], page.content.question
    chosen = replace(
        audience,
        include=_named(audience.include, person, keep_person=include),
        exclude=_named(audience.exclude, person, keep_person=not include),
    )
    save_content(page, replace(page.content, audience=chosen.as_json()))
    page.search = ""
    return return_to_form(page, "#people", may_show=True)


def _named(criteria: tuple[Criterion, ...], person: int, *, keep_person: bool) -> tuple[Criterion, ...]:
    others = tuple(criterion for criterion in criteria if not isinstance(criterion, Individuals))
    ids = [pk for criterion in criteria if isinstance(criterion, Individuals) for pk in criterion.ids if pk != person]
    ids = [*ids, person] if keep_person else ids
    return (*others, Individuals(ids=tuple(ids))) if ids else others
