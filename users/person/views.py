"""The page of one person, and what staff write on it: notes, tags, a block."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hsl_dashboard.web.pages import StaffRequest, render_page, render_page_or_piece, wants_partial
from hsl_dashboard.web.undo import say_done
from users.forms import BlockForm, NoteForm, TagForm
from users.models import BlockedUser, Note, PersonTag, Tag, TelegramUser, UndoableAct
from users.person.context import changed_pieces, facts_context, person_address, timeline_context, to_person
from users.person.extensions import sections_of
from users.services import (
    PersonNotChanged,
    add_tag,
    block_person,
    delete_note,
    remove_tag,
    unblock_person,
    write_note,
)
from users.undo.people import offer_block_undo, offer_tag_undo

VIEW_PEOPLE = "users.view_telegramuser"
MORE = "timeline-more"  # the id of what asks for the next entries as one scrolls


@require_safe
@permission_required(VIEW_PEOPLE, raise_exception=True)
def person_detail(request: StaffRequest, user_id: int) -> HttpResponse:
    if wants_partial(request) and request.htmx.target == MORE:
        return render(request, "users/_timeline_entries.html", timeline_context(request, user_id, request.GET))
    context = facts_context(request, user_id) | timeline_context(request, user_id, request.GET)
    context["note_form"], context["tag_form"] = NoteForm(), TagForm()
    if not wants_partial(request):
        context["sections"] = sections_of(context["person"], request)
    return render_page_or_piece(request, "users/person_detail.html", "users/_timeline.html", context)


@require_POST
@permission_required([VIEW_PEOPLE, "users.add_note"], raise_exception=True)
def note_add(request: StaffRequest, user_id: int) -> HttpResponse:
    person = get_object_or_404(TelegramUser, pk=user_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _answer(request, person, "users/_note_form.html", {"note_form": form}, status=422)
    write_note(person=person, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
    return _answer(request, person, "users/_note_form.html", {"note_form": NoteForm()}, said=_("The note is saved."))


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(VIEW_PEOPLE, raise_exception=True)
def note_delete(request: StaffRequest, user_id: int, pk: int) -> HttpResponse:
    note = get_object_or_404(Note, pk=pk, telegram_user_id=user_id)
    if note.written_by_id != request.user.pk and not request.user.has_perm("users.delete_note"):
        raise PermissionDenied
    if request.method == "POST":
        delete_note(note=note, by=request.user)
        messages.success(request, _("The note is deleted."))
        return to_person(request, user_id)
    context = {"note": note, "person": note.telegram_user, "person_address": person_address(user_id)}
    return render_page(request, "users/note_delete.html", context, partial="note-dialog")


@require_POST
@permission_required([VIEW_PEOPLE, "users.add_persontag"], raise_exception=True)
def tag_add(request: StaffRequest, user_id: int) -> HttpResponse:
    person = get_object_or_404(TelegramUser, pk=user_id)
    form = TagForm(request.POST)
    try:
        if form.is_valid():
            undo = _put_tag_on(request, person, form.cleaned_data["name"])
            said = _("The tag is added.") if undo else ""
            return _answer(request, person, "", {"tag_form": TagForm(), "tag_changed": True}, said=said, undo=undo)
    except PersonNotChanged as refused:
        form.add_error("name", str(refused))
    return _answer(request, person, "", {"tag_form": form}, status=422)


def _put_tag_on(request: StaffRequest, person: TelegramUser, name: str) -> UndoableAct | None:
    """Put a tag on; None when the person had it already, and nothing can be undone."""
    with transaction.atomic():
        had = set(PersonTag.objects.filter(telegram_user=person).values_list("tag_id", flat=True))
        tag = add_tag(person=person, name=name, by=request.user)
        if tag.pk in had:
            return None
        return offer_tag_undo(person=person, tag=tag, added=True, by=request.user, at=timezone.now())


@require_POST
@permission_required([VIEW_PEOPLE, "users.delete_persontag"], raise_exception=True)
def tag_remove(request: StaffRequest, user_id: int, pk: int) -> HttpResponse:
    person = get_object_or_404(TelegramUser, pk=user_id)
    tag = get_object_or_404(Tag, pk=pk)
    undo = None
    with transaction.atomic():
        if PersonTag.objects.filter(telegram_user=person, tag=tag).exists():
            remove_tag(person=person, tag=tag, by=request.user)
            undo = offer_tag_undo(person=person, tag=tag, added=False, by=request.user, at=timezone.now())
    said = _("The tag is removed.") if undo else ""
    return _answer(request, person, "", {"tag_form": TagForm(), "tag_changed": True}, said=said, undo=undo)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required([VIEW_PEOPLE, "users.change_blockeduser"], raise_exception=True)
def person_block(request: StaffRequest, user_id: int) -> HttpResponse:
    """Ask for the reason, and block a person; or unblock them, where they are blocked."""
    person = get_object_or_404(TelegramUser, pk=user_id)
    block = BlockedUser.objects.filter(pk=user_id).first()
    # What the form was opened for: somebody else may have done it since.
    unblock = request.POST.get("what") == "unblock" if request.method == "POST" else block is not None
    form = BlockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            _block_or_unblock(request, person, block, unblock=unblock, reason=reason)
        except PersonNotChanged as refused:
            messages.info(request, str(refused))
        return to_person(request, user_id)
    context = {
        "person": person,
        "block": block,
        "unblock": unblock,
        "form": form,
        "person_address": person_address(user_id),
    }
    status = 422 if request.method == "POST" else 200
    return render_page(request, "users/person_block.html", context, partial="block-dialog", status=status)


def _block_or_unblock(
    request: StaffRequest, person: TelegramUser, block: BlockedUser | None, *, unblock: bool, reason: str
) -> None:
    now = timezone.now()
    with transaction.atomic():
        if unblock:
            unblock_person(person=person, by=request.user, reason=reason)
        else:
            block_person(person=person, by=request.user, at=now, reason=reason)
        before = block if unblock else None
        undo = offer_block_undo(person=person, before=before, by=request.user, at=now, reason=reason)
    blocked = _("The person is blocked and will get no messages.")
    say_done(request, _("The person is unblocked.") if unblock else blocked, undo=undo)


def _answer(
    request: StaffRequest,
    person: TelegramUser,
    piece: str,
    context: dict[str, Any],
    *,
    said: str = "",
    undo: UndoableAct | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer a small form of the page: htmx with the pieces that changed, everyone else with the page."""
    if wants_partial(request):
        pieces = changed_pieces(request, person.pk)
        return render(
            request,
            "users/_person_changed.html",
            {**pieces, "piece": piece, "said": said, "undo": undo, **context},
            status=status,
        )
    if status == 200:
        if said:
            say_done(request, said, undo=undo)
        return HttpResponseRedirect(person_address(person.pk))
    page = facts_context(request, person.pk) | timeline_context(request, person.pk, request.GET)
    page |= {"note_form": NoteForm(), "tag_form": TagForm(), "sections": sections_of(person, request)}
    return render(request, "users/person_detail.html", page | context, status=status)
