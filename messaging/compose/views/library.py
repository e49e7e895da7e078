"""Templates and saved segments: the list of templates, and using or saving them from the form."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from hsl_dashboard.web.pages import StaffRequest, lead_to
from messaging.compose.forms import SegmentForm, SegmentNameForm, TemplateForm, TemplateNameForm, errors_by_place
from messaging.compose.services import library
from messaging.compose.services.drafting import create_draft
from messaging.compose.views.context import Composing
from messaging.compose.views.keeping import MAY_WRITE, draft_verb, return_to_form, save_content, show_form
from messaging.content.content import Content
from messaging.models import Draft, MessageTemplate, TemplateVersion


@require_safe
@permission_required("messaging.add_broadcast", raise_exception=True)
def template_list(request: StaffRequest) -> HttpResponse:
    sent = Draft.objects.exclude(broadcast=None).select_related("broadcast").order_by("-pk")
    versions = TemplateVersion.objects.select_related("created_by").order_by("-number")
    templates = MessageTemplate.objects.order_by("is_archived", "name").prefetch_related(
        Prefetch("versions", versions.prefetch_related(Prefetch("drafts", sent, to_attr="sent_drafts")))
    )
    may_write = request.user.has_perms(MAY_WRITE)
    context = {"templates": templates, "new_address": reverse("messaging:compose_message") if may_write else ""}
    return render(request, "messaging/template_list.html", context)


@require_POST
@permission_required("messaging.add_broadcast", raise_exception=True)
def template_archive(request: StaffRequest, pk: int) -> HttpResponse:
    template = get_object_or_404(MessageTemplate, pk=pk)
    library.archive_template(template=template, by=request.user)
    messages.success(request, _("Template “%(name)s” archived.") % {"name": template.name})
    return lead_to(request, reverse("messaging:template_list"))


@require_POST
@permission_required("messaging.add_broadcast", raise_exception=True)
def template_rename(request: StaffRequest, pk: int) -> HttpResponse:
    template = get_object_or_404(MessageTemplate, pk=pk)
    form = TemplateNameForm(request.POST)
    if not form.is_valid():
        messages.warning(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return lead_to(request, reverse("messaging:template_list"))
    try:
        library.rename_template(template=template, name=form.cleaned_data["template_name"], by=request.user)
    except library.NameTaken as taken:
        messages.warning(request, _("There is already a template called “%(name)s”.") % {"name": taken})
    else:
        messages.success(request, _("The template is now called “%(name)s”.") % {"name": template.name})
    return lead_to(request, reverse("messaging:template_list"))


@require_POST
@permission_required(MAY_WRITE, raise_exception=True)
def template_write(request: StaffRequest, pk: int) -> HttpResponse:
    """«Написать по шаблону»: begin a draft with the newest version."""
    version = get_object_or_404(MessageTemplate, pk=pk).versions.order_by("-number").first()
    if version is None:
        raise Http404
    content = Content().with_message(version.content)
    draft = create_draft(content=content, by=request.user, at=timezone.now(), template=version)
    return lead_to(request, reverse("messaging:compose_message", args=[draft.pk]))


@draft_verb()
def template_save(request: StaffRequest, page: Composing) -> HttpResponse:
    form = TemplateNameForm(request.POST)
    if not form.is_valid():
        return _show_errors(page, form)
    version = library.save_template(name=form.cleaned_data["template_name"], content=page.content, by=request.user)
    words = {"name": version.template.name, "number": version.number}
    messages.success(request, _("Template “%(name)s” saved, version %(number)d.") % words)
    return return_to_form(page, "#library")


@draft_verb()
def template_use(request: StaffRequest, page: Composing) -> HttpResponse:
    form = TemplateForm(request.POST)
    if not form.is_valid():
        return _show_errors(page, form)
    assert page.draft is not None
    save_content(page, library.use_template(draft=page.draft, version=form.cleaned_data["template"]))
    return return_to_form(page)


@draft_verb()
def segment_save(request: StaffRequest, page: Composing) -> HttpResponse:
    form = SegmentNameForm(request.POST)
    if not form.is_valid():
        return _show_errors(page, form)
    name = form.cleaned_data["segment_name"]
    try:
        segment = library.save_segment(
            name=name,
            content=page.content,
            by=request.user,
            shared=form.cleaned_data["segment_shared"],
            replace_old=form.cleaned_data["segment_replace"] == name,
        )
    except library.NameTaken:
        taken = _("There is already a segment “%(name)s”, with other people. Replace it, or choose another name.")
        page.errors, page.taken_name = {"segment": [taken % {"name": name}]}, name
        return show_form(page, status=409)
    messages.success(request, _("Segment “%(name)s” saved.") % {"name": segment.name})
    return return_to_form(page, "#segments")


@draft_verb()
def segment_use(request: StaffRequest, page: Composing) -> HttpResponse:
    form = SegmentForm(request.POST, segments=library.segments_for(request.user))
    if not form.is_valid():
        return _show_errors(page, form)
    assert page.draft is not None
    save_content(page, library.use_segment(draft=page.draft, segment=form.cleaned_data["segment"]))
    return return_to_form(page)


@draft_verb()
def segment_delete(request: StaffRequest, page: Composing) -> HttpResponse:
    form = SegmentForm(request.POST, segments=library.segments_for(request.user))
    if not form.is_valid():
        return _show_errors(page, form)
    library.delete_segment(segment=form.cleaned_data["segment"], by=request.user)
    messages.success(request, _("Segment deleted."))
    return return_to_form(page, "#segments")


def _show_errors(page: Composing, form: forms.Form) -> HttpResponse:
    page.errors = errors_by_place(form.errors)
    return show_form(page, status=422)
