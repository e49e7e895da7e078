"""The actions of the form of a draft, one address each."""

from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hsl_dashboard.web.pages import StaffRequest, lead_to
from messaging.audiences.criteria import Criterion, Individuals
from messaging.compose.faults import check_content, file_problem
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
)
from messaging.content.content import Content
from messaging.content.preview import personal_text
from messaging.delivery.services import MessageRefused
from messaging.models import Draft, TelegramLink


@draft_verb()
def draft_preview(request: StaffRequest, page: Composing) -> HttpResponse:
    return return_to_form(page, "#preview", may_show=True)


@draft_verb(insists=True)
def draft_overwrite(request: StaffRequest, page: Composing) -> HttpResponse:
    """Save this page's text over a colleague's, which the page has shown."""
    return return_to_form(page, may_show=True)


@draft_verb()
def draft_check(request: StaffRequest, page: Composing) -> HttpResponse:
    """Go on to the last page if the message has no faults."""
    assert page.draft is not None
    page.show_missing = True
    if not _attach(request, page) or check_content(page.content, at=timezone.now(), has_upload=page.has_upload).any:
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
    people = preview_people(page.content)
    chosen = chosen_person(page.content, people)
    text, _missing = personal_text(page.content, chosen)
    try:
        send_test(draft=page.draft, text=text, to=link.telegram_user_id, by=request.user, at=timezone.now())
    except MessageRefused as refused:
        page.show_missing = True
        messages.error(request, str(refused))
        return show_form(page, status=422)
    messages.success(request, _("It is on its way to your Telegram."))
    return return_to_form(page, "#preview")


@draft_verb()
def draft_upload(request: StaffRequest, page: Composing) -> HttpResponse:
    return return_to_form(page, "#media") if _attach(request, page) else show_form(page, status=422)


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


def _attach(request: StaffRequest, page: Composing) -> bool:
    """Store the uploaded file, if there is one; False when Telegram would not accept it."""
    upload = request.FILES.get("media_upload")
    if upload is None or page.draft is None:
        return True
    if problem := file_problem(kind=page.content.kind, name=upload.name or "", size=upload.size or 0):
        page.errors, page.show_missing = {"media": [problem]}, True
        return False
    attach_file(draft=page.draft, file=upload, by=request.user, at=timezone.now())
    page.version = page.draft.version
    return True


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
