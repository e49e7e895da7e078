"""A saved view as CSV at an address of its own: a spreadsheet reads it without signing in (IMPORTDATA)."""

from dataclasses import replace
from functools import partial

import pghistory
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from hsl_dashboard.web.api.answers import ApiError, error_answer
from hsl_dashboard.web.api.limits import CALLS_FROM, REFUSED, Rate
from hsl_dashboard.web.clients import client_address
from hsl_dashboard.web.saved_lists import list_at
from hsl_dashboard.web.side_writes import SideWrite, write_beside
from hsl_dashboard.web.spreadsheets import Sheet, csv_lines
from users.models import PeopleExport, SavedView
from users.models.saved_views import FEED
from users.models.tokens import digest_of
from users.people.downloads import EXPORT_PEOPLE
from users.privacy import VIEW_EMAIL

FEED_CALLS = Rate("feed", 20)  # of one feed; a spreadsheet asks once an hour
NOT_FOUND = "Not found"


@require_safe
@login_not_required
def feed_csv(request: HttpRequest, token: str) -> HttpResponseBase:
    """The rows that the view shows to its owner now; 404 says nothing of what was wrong."""
    try:
        view = _view_of(request, token)
        sheet = _sheet_of(view)
    except ApiError as error:
        return error_answer(request, error)
    # Setting the user tells pghistory too: what follows is written in the owner's name.
    request.user = view.owner
    pghistory.context(origin="api", token=f"feed {view.feed_beginning}")
    export = PeopleExport(
        exported_by=view.owner,
        query=view.address,
        format=PeopleExport.Format.CSV,
        with_emails=_with_emails(view),
    )
    write_beside(SideWrite.LIST_TAKEN, export.save, about=f"feed {view.feed_beginning}")
    used = {"feed_used_at": timezone.now(), "feed_used_from": client_address(request)}
    write_beside(SideWrite.TOKEN_USED, partial(SavedView.objects.filter(pk=view.pk).update, **used))
    lines = csv_lines(replace(sheet, done=partial(_record_length, export)), delimiter=",", mark="")
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _view_of(request: HttpRequest, token: str) -> SavedView:
    address = client_address(request)
    CALLS_FROM.count(address)
    REFUSED.require_room(address)
    found = SavedView.objects.select_related("owner").filter(feed_digest=digest_of(token)).first()
    if not token.startswith(FEED) or found is None or not found.owner.is_active:
        REFUSED.count(address)
        raise ApiError(404, NOT_FOUND)
    FEED_CALLS.count(str(found.pk))
    return found


def _sheet_of(view: SavedView) -> Sheet:
    """The owner's permissions are asked at each call: whoever loses one loses it in every feed."""
    found = list_at(view.address)
    if found is None or found[0].sheet is None:
        raise ApiError(404, NOT_FOUND)
    saved, query, path = found
    if not saved.may_be_seen(view.owner) or not view.owner.has_perm(EXPORT_PEOPLE):
        raise ApiError(404, NOT_FOUND)
    assert saved.sheet is not None
    return saved.sheet(query, view.owner, with_emails=_with_emails(view), **path)


def _with_emails(view: SavedView) -> bool:
    return view.feed_emails and view.owner.has_perm(VIEW_EMAIL)


def _record_length(export: PeopleExport, rows: int) -> None:
    write_beside(SideWrite.LIST_TAKEN, partial(PeopleExport.objects.filter(pk=export.pk).update, rows=rows))
