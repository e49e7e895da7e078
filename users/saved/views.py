"""The page of saved views, keeping and changing one, the counts of the navigation."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hsl_dashboard.web.addresses import POSITIONS, is_own_address, tidy_address
from hsl_dashboard.web.pages import SeeOther, StaffRequest, came_from
from hsl_dashboard.web.saved_lists import SavedList, list_at
from users.models import SavedView
from users.models.saved_views import LONGEST_ADDRESS
from users.people.downloads import EXPORT_PEOPLE
from users.saved.forms import FeedForm, SavedViewForm
from users.saved.menu import counted_views, is_open_to, menu_views
from users.saved.services import ViewRefused, remove_view, rotate_feed, save_view, stop_feed

SHOWN = 200  # views


@require_safe
def saved_view_list(request: StaffRequest) -> HttpResponse:
    seen = SavedView.objects.seen_by(request.user).select_related("owner").by_name()[:SHOWN]
    views = [view for view in seen if is_open_to(view, request.user)]
    rows = [{"view": view, "list": _list_of(view), "is_mine": view.owner_id == request.user.pk} for view in views]
    return render(request, "users/saved_view_list.html", {"rows": rows})


@require_safe
def saved_view_counts(request: StaffRequest) -> HttpResponse:
    """The navigation's part again, with numbers: pages do not wait for them."""
    counted = counted_views(menu_views(request.user), request.user)
    return render(request, "_shared/_saved_views.html", {"counted": counted, "here": came_from(request)})


@require_http_methods(["GET", "HEAD", "POST"])
def saved_view_new(request: StaffRequest) -> HttpResponse:
    """Keep the list from which one came, with its filters."""
    address = _tidy(request.POST.get("address", "") or request.GET.get("address", "") or came_from(request))
    found = list_at(address) if len(address) <= LONGEST_ADDRESS and is_own_address(address, request) else None
    if found is None or not found[0].may_be_seen(request.user):
        messages.info(request, _("Open a list and filter it first, then save it from there."))
        return redirect("saved_view_list")
    form = SavedViewForm(request.POST or None, by=request.user, initial={"name": ""})
    if request.method == "POST" and form.is_valid() and _save(request, form, address=address):
        messages.success(request, _("Saved: %(name)s") % {"name": form.cleaned_data["name"]})
        return SeeOther(address)
    saved, query, _path = found
    context = {"form": form, "list": saved, "address": address, "words": saved.in_words(query, request.user)}
    return render(request, "users/saved_view_new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def saved_view_edit(request: StaffRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk, owner=request.user)
    now = {"name": view.name, "is_default": view.is_default, "is_shared": view.is_shared}
    form = SavedViewForm(request.POST or None, by=request.user, initial=now)
    if request.method == "POST" and form.is_valid() and _save(request, form, address=view.address, view=view):
        messages.success(request, _("Saved: %(name)s") % {"name": view.name})
        return SeeOther(reverse("saved_view_list"))
    return _page(request, view, form, status=422 if form.errors else 200)


@require_POST
def saved_view_remove(request: StaffRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk, owner=request.user)
    remove_view(view=view, by=request.user)
    messages.success(request, _("Removed: %(name)s") % {"name": view.name})
    return SeeOther(reverse("saved_view_list"))


@require_POST
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def feed_rotate(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the view an address for spreadsheets, or a new one in place of the old."""
    view = get_object_or_404(SavedView, pk=pk, owner=request.user)
    form = FeedForm(request.POST, by=request.user)
    if not _may_feed(request, view) or not form.is_valid():
        return redirect("saved_view_edit", pk)
    if request.POST.get("seen", view.feed_beginning) != view.feed_beginning:
        # The page with the new address was loaded again: it must not end the address that was just copied.
        messages.warning(request, _("The feed has a new address already. It was shown once."))
        return redirect("saved_view_edit", pk)
    secret = rotate_feed(view=view, with_emails=bool(form.cleaned_data.get("with_emails")), by=request.user)
    address = request.build_absolute_uri(reverse("feed_csv", args=[secret]))
    return _page(request, view, _form_of(request, view), feed=address)


@require_POST
def feed_stop(request: StaffRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk, owner=request.user)
    stop_feed(view=view, by=request.user)
    messages.success(request, _("The feed's address is refused from now on."))
    return redirect("saved_view_edit", pk)


def _save(request: StaffRequest, form: SavedViewForm, *, address: str, view: SavedView | None = None) -> bool:
    asked = form.cleaned_data
    try:
        save_view(
            owner=request.user,
            name=asked["name"],
            address=address,
            is_shared=bool(asked.get("is_shared")),
            is_default=asked["is_default"],
            view=view,
        )
    except ViewRefused as refused:
        form.add_error("name", str(refused))
        return False
    return True


def _page(
    request: StaffRequest, view: SavedView, form: SavedViewForm, *, feed: str = "", status: int = 200
) -> HttpResponse:
    found = list_at(view.address)
    context: dict[str, Any] = {
        "view": view,
        "list": _list_of(view),
        "words": found[0].in_words(found[1], request.user) if found else (),
        "form": form,
        "may_feed": _may_feed(request, view),
        "feed_form": FeedForm(by=request.user, initial={"with_emails": view.feed_emails}, auto_id="feed-%s"),
        "feed": feed,
    }
    return render(request, "users/saved_view_edit.html", context, status=status)


def _form_of(request: StaffRequest, view: SavedView) -> SavedViewForm:
    now = {"name": view.name, "is_default": view.is_default, "is_shared": view.is_shared}
    return SavedViewForm(by=request.user, initial=now)


def _may_feed(request: StaffRequest, view: SavedView) -> bool:
    found = _list_of(view)
    return found is not None and found.sheet is not None and request.user.has_perm(EXPORT_PEOPLE)


def _list_of(view: SavedView) -> SavedList | None:
    found = list_at(view.address)
    return found[0] if found else None


def _tidy(address: str) -> str:
    """The address of the whole list: without the page on which one was."""
    found = list_at(address) if len(address) <= LONGEST_ADDRESS else None
    if found is None:
        return address
    query = found[1].copy()
    for position in POSITIONS:
        query.pop(position, None)
    return tidy_address(address.partition("?")[0], query)
