"""Buttons for templates and segments on the page of a new message, and the page of all templates."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Prefetch
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hsl_dashboard.web.pages import StaffRequest
from messaging.compose.services import library
from messaging.compose.services.drafting import save_draft
from messaging.compose.views.context import Composing
from messaging.content.content import Content
from messaging.models import Draft, MessageTemplate, TemplateVersion


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["messaging.add_broadcast"], raise_exception=True)
def template_list(request: StaffRequest) -> HttpResponse:
    if request.method == "POST":
        template = get_object_or_404(MessageTemplate, pk=request.POST.get("archive") or 0)
        library.archive_template(template=template, by=request.user)
        messages.success(request, _("The template “%(name)s” is in the archive.") % {"name": template.name})
        return redirect("messaging:template_list")
    sent = Draft.objects.exclude(broadcast=None).select_related("broadcast").order_by("-pk")
    versions = TemplateVersion.objects.select_related("created_by").order_by("-number")
    templates = MessageTemplate.objects.order_by("is_archived", "name").prefetch_related(
        Prefetch("versions", versions.prefetch_related(Prefetch("drafts", sent, to_attr="sent_drafts")))
    )
    return render(request, "messaging/template_list.html", {"templates": templates})


def save_template(request: StaffRequest, page: Composing) -> HttpResponse:
    try:
        version = library.save_template(
            name=request.POST.get("template_name", ""), content=page.content, by=request.user
        )
    except library.NameMissing:
        messages.error(request, _("Give the template a name."))
    else:
        words = {"name": version.template.name, "number": version.number}
        messages.success(request, _("Template “%(name)s”, version %(number)d, is kept.") % words)
    return HttpResponseRedirect(f"{page.address}#library")


def use_template(request: StaffRequest, page: Composing) -> HttpResponse:
    assert page.draft is not None
    number = request.POST.get("template", "")
    if number.isdecimal():
        version = get_object_or_404(TemplateVersion, pk=number)
        _replace(page, library.use_template(draft=page.draft, version=version))
    return HttpResponseRedirect(page.address)


def save_segment(request: StaffRequest, page: Composing) -> HttpResponse:
    shared = request.POST.get("segment_shared") == "on"
    try:
        segment = library.save_segment(
            name=request.POST.get("segment_name", ""), content=page.content, by=request.user, shared=shared
        )
    except library.NameMissing:
        messages.error(request, _("Give the segment a name."))
    else:
        messages.success(request, _("The segment “%(name)s” is kept.") % {"name": segment.name})
    return HttpResponseRedirect(f"{page.address}#segments")


def use_segment(request: StaffRequest, page: Composing) -> HttpResponse:
    assert page.draft is not None
    number = request.POST.get("segment", "")
    if number.isdecimal():
        segment = get_object_or_404(library.segments_for(request.user), pk=number)
        _replace(page, library.use_segment(draft=page.draft, segment=segment))
    return HttpResponseRedirect(page.address)


def delete_segment(request: StaffRequest, page: Composing) -> HttpResponse:
    number = request.POST.get("segment", "")
    if number.isdecimal():
        segment = get_object_or_404(library.segments_for(request.user), pk=number)
        library.delete_segment(segment=segment, by=request.user)
        messages.success(request, _("The segment is thrown away."))
    return HttpResponseRedirect(f"{page.address}#segments")


def _replace(page: Composing, content: Content) -> None:
    assert page.draft is not None
    save_draft(
        draft=page.draft,
        content=content,
        by=page.user,
        at=timezone.now(),
        version=page.draft.version,
        saved_from=page.saved_from,
    )


LIBRARY_ACTS: dict[str, Callable[[StaffRequest, Composing], HttpResponse]] = {
    "save_template": save_template,
    "use_template": use_template,
    "save_segment": save_segment,
    "use_segment": use_segment,
    "delete_segment": delete_segment,
}
