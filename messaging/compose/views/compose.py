"""The page of a new message: whom it is for, what it says, how it will look; every change is kept on the server."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hsl_dashboard.web.pages import StaffRequest, wants_partial
from messaging.audiences.criteria import Audience, Individuals
from messaging.compose.forms import check_content, file_problem, read_content, without_nul
from messaging.compose.services.drafting import (
    DraftChanged,
    attach_file,
    create_draft,
    detach_file,
    discard_draft,
    save_draft,
    send_test,
    settle_draft,
)
from messaging.compose.views.context import Composing, broadcast_address, live_context, page_context, preview_people
from messaging.compose.views.library import LIBRARY_ACTS
from messaging.content.content import Content
from messaging.content.preview import personal_text
from messaging.delivery.services import MessageRefused
from messaging.models import Draft, TelegramLink

PAGE = "messaging/compose_message.html"


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(["messaging.add_broadcast", "users.view_telegramuser"], raise_exception=True)
def compose_message(request: StaffRequest, pk: int | None = None) -> HttpResponse:
    request.GET, request.POST = without_nul(request.GET), without_nul(request.POST)  # type: ignore[assignment]
    number = request.POST.get("draft", "") if pk is None else str(pk)
    draft = get_object_or_404(Draft, pk=number) if number.isdecimal() else None
    if draft and draft.broadcast_id:
        return redirect(broadcast_address(draft.broadcast_id))
    if request.method == "POST":
        return _take_in(request, draft)
    content = Content.from_json(draft.content) if draft else _first_content(request)
    page = Composing(
        request,
        draft,
        content,
        version=draft.version if draft else 0,
        search=request.GET.get("q", ""),
        blank_buttons=1 if "button" in request.GET or not content.buttons else 0,
        show_missing="check" in request.GET,
    )
    return render(request, PAGE, page_context(page))


def _first_content(request: StaffRequest) -> Content:
    """An empty message, or one to somebody (``?to=``)."""
    person = request.GET.get("to", "")
    if person.isdecimal():
        return Content(audience=Audience(include=(Individuals(ids=(int(person),)),)).as_json())
    return Content()


def _take_in(request: StaffRequest, draft: Draft | None) -> HttpResponse:
    """Keep what was sent, then do what was asked."""
    verb, _colon, argument = request.POST.get("do", "").partition(":")
    before = Content.from_json(draft.content) if draft else Content()
    content = _changed(read_content(request.POST, before), verb, argument)
    page = Composing(
        request,
        draft,
        content,
        saved_from=request.POST.get("saved_from", "")[:40],
        version=_version(request, "theirs" if verb == "overwrite" else "version"),
        search=request.POST.get("q", "") if verb not in {"add", "leave"} else "",
        show_missing=verb == "continue",
    )
    try:
        _keep(page)
    except DraftChanged as changed:
        if changed.theirs.broadcast_id:
            return _go(request, broadcast_address(changed.theirs.broadcast_id))
        page.conflict, page.draft = changed.theirs, changed.theirs
        return _show(request, page, status=409)
    page.version = page.draft.version if page.draft else 0
    return ACTS.get(verb, _stay)(request, page)


def _keep(page: Composing) -> None:
    at = timezone.now()
    if page.draft is None:
        page.draft = create_draft(content=page.content, by=page.user, at=at, saved_from=page.saved_from)
        return
    page.draft = save_draft(
        draft=page.draft,
        content=page.content,
        by=page.user,
        at=at,
        version=page.version,
        saved_from=page.saved_from,
    )


def _changed(content: Content, verb: str, argument: str) -> Content:
    """What the pressed button changes in the content: one person in, out, or left out."""
    if verb not in {"add", "leave"} or not argument.isdecimal():
        return content
    audience, person = content.question, int(argument)
    include = _named(audience.include, person, keep=verb == "add")
    exclude = _named(audience.exclude, person, keep=verb == "leave")
    return replace(content, audience=replace(audience, include=include, exclude=exclude).as_json())


def _named(criteria: tuple, person: int, *, keep: bool) -> tuple:  # type: ignore[type-arg]
    others = tuple(one for one in criteria if not isinstance(one, Individuals))
    ids = [pk for one in criteria if isinstance(one, Individuals) for pk in one.ids if pk != person]
    ids = [*ids, person] if keep else ids
    return (*others, Individuals(ids=tuple(ids))) if ids else others


def _version(request: StaffRequest, name: str) -> int:
    version = request.POST.get(name, "")
    return int(version) if version.isdecimal() and len(version) < 10 else 0


# What a pressed button does after everything is kept ------------------------------------------------------------------


def _stay(request: StaffRequest, page: Composing) -> HttpResponse:
    """Show the page again, or only what changed of it."""
    if wants_partial(request):
        return _show(request, page)
    query = f"?{urlencode({'q': page.search})}" if page.search else ""
    return HttpResponseRedirect(f"{page.address}{query}{'#people' if page.search else ''}")


def _preview(request: StaffRequest, page: Composing) -> HttpResponse:
    return _show(request, page) if wants_partial(request) else HttpResponseRedirect(f"{page.address}#preview")


def _add_button(request: StaffRequest, page: Composing) -> HttpResponse:
    return HttpResponseRedirect(f"{page.address}?button=1#buttons")


def _upload(request: StaffRequest, page: Composing) -> HttpResponse:
    page.file_problem = _attach_problem(request, page)
    if page.file_problem:
        return _show(request, page, status=422)
    return HttpResponseRedirect(f"{page.address}#media")


def _attach_problem(request: StaffRequest, page: Composing) -> str:
    """Attach the file that came with the form; say what is wrong with it."""
    file = request.FILES.get("media_upload")
    if file is None or page.draft is None:
        return ""
    if problem := file_problem(kind=page.content.kind, name=file.name or "", size=file.size or 0):
        return problem
    attach_file(draft=page.draft, file=file, by=page.user, at=timezone.now())
    page.version = page.draft.version
    return ""


def _remove_file(request: StaffRequest, page: Composing) -> HttpResponse:
    assert page.draft is not None
    detach_file(draft=page.draft, by=page.user, at=timezone.now())
    return HttpResponseRedirect(f"{page.address}#media")


def _discard(request: StaffRequest, page: Composing) -> HttpResponse:
    assert page.draft is not None
    discard_draft(draft=page.draft)
    messages.success(request, _("The draft is thrown away."))
    return redirect("messaging:compose_message")


def _continue(request: StaffRequest, page: Composing) -> HttpResponse:
    """To the last page, when nothing is wrong."""
    assert page.draft is not None
    page.file_problem = _attach_problem(request, page)
    if page.file_problem:
        return _show(request, page, status=422)
    if check_content(page.content, at=timezone.now(), has_upload=page.has_upload).any:
        return _show(request, page, status=422)
    settle_draft(draft=page.draft)
    return redirect("messaging:compose_confirm", page.draft.pk)


def _test(request: StaffRequest, page: Composing) -> HttpResponse:
    """«Отправить себе»: the words as the student chosen in the preview would read them."""
    if not request.user.has_perm("messaging.send_broadcast"):
        raise PermissionDenied
    link = TelegramLink.objects.filter(user=request.user).exclude(linked_at=None).first()
    if link is None:
        return redirect(f"{reverse('messaging:compose_link')}?{urlencode({'next': page.address})}")
    people = preview_people(page.content)
    chosen = next((one for one in people if one.pk == page.content.preview_for), people[0] if people else None)
    text, _missing = personal_text(page.content, chosen)
    upload = str(page.draft.media_upload.name or "") if page.draft else ""
    now = timezone.now()
    try:
        send_test(content=page.content, text=text, to=link.telegram_user_id, by=request.user, at=now, upload=upload)
    except MessageRefused as refused:
        page.show_missing = True
        messages.error(request, str(refused))
        return _show(request, page, status=422)
    messages.success(request, _("It is on its way to your Telegram."))
    return HttpResponseRedirect(f"{page.address}#preview")


ACTS: dict[str, Callable[[StaffRequest, Composing], HttpResponse]] = {
    "preview": _preview,
    "add_button": _add_button,
    "upload": _upload,
    "remove_file": _remove_file,
    "discard": _discard,
    "continue": _continue,
    "test": _test,
    **LIBRARY_ACTS,
}


def _show(request: StaffRequest, page: Composing, *, status: int = 200) -> HttpResponse:
    if not wants_partial(request):
        return render(request, PAGE, page_context(page), status=status)
    response = render(request, "messaging/_compose_live.html", live_context(page) | {"oob": True}, status=status)
    if page.draft and request.path != page.address:
        # The draft was made by this very change: a reload must find it.
        response["HX-Replace-Url"] = reverse("messaging:compose_message", args=[page.draft.pk])
    return response


def _go(request: StaffRequest, address: str) -> HttpResponse:
    if wants_partial(request):
        response = HttpResponse()
        response["HX-Redirect"] = address
        return response
    return HttpResponseRedirect(address)
