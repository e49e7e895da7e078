"""What a person's page is made of, piece by piece: so that a change can answer with the pieces that changed."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import timezone
from django.utils.functional import Promise

from hsl_dashboard.web.addresses import tidy_address
from hsl_dashboard.web.pages import StaffRequest, shown_address, wants_partial
from users.event_types import event_label
from users.models import TelegramUser
from users.person.facts import read_facts
from users.person.timeline import KINDS, Entry, TimelinePlace, kinds_for, read_timeline
from users.privacy import masked_emails

# Bounded on both sides: a text of a hundred thousand dots must not cost a minute.


@dataclass(frozen=True)
class KindChip:
    """A kind of entries as a filter of the timeline."""

    label: str | Promise
    address: str
    is_current: bool


def person_address(user_id: int) -> str:
    """Give the address of a person's page.

    Written out, since pages show a hundred and reversing one takes 20 µs; a test compares it with the urls.
    """
    return f"/users/{user_id}/"


def facts_context(request: StaffRequest, user_id: int) -> dict[str, Any]:
    """Gather the head of the page (one query).

    Raises:
        Http404: nobody has this id.
    """
    try:
        facts = read_facts(user_id)
    except TelegramUser.DoesNotExist:
        raise Http404 from None
    return {
        "facts": facts,
        "person": facts.person,
        "person_address": person_address(user_id),
        "lead_explained": facts.lead_explained,
        "updated_at": timezone.now(),
    }


def timeline_context(request: StaffRequest, user_id: int, query: QueryDict) -> dict[str, Any]:
    """Gather the page of the timeline that an address asks for (one query)."""
    path = person_address(user_id)
    kinds = kinds_for(request.user)
    kind = query.get("kind", "") if query.get("kind") in kinds else ""
    before = TimelinePlace.decode(query.get("before", ""))
    timeline = read_timeline(user_id, by=request.user, kind=kind, before=before)
    more = _address(path, kind=kind, before=timeline.more) if timeline.more else ""
    return {
        "person_id": user_id,
        "entries": [_readable(entry) for entry in timeline.entries],
        "kind": kind,
        "kind_label": KINDS.get(kind, ""),
        "chips": [KindChip(KINDS[name], _address(path, kind=name), name == kind) for name in kinds],
        "all_address": path,
        "first_address": _address(path, kind=kind),
        "more_address": more,
        "is_first": before is None,
    }


def changed_pieces(request: StaffRequest, user_id: int) -> dict[str, Any]:
    """Gather the pieces that any change of a person touches, as they stand on the page that asked (two queries)."""
    address = shown_address(request)
    query = QueryDict(urlsplit(address).query)
    return {**facts_context(request, user_id), **timeline_context(request, user_id, query), "oob": True}


def to_person(request: StaffRequest, user_id: int) -> HttpResponse:
    """Redirect to the person's page after a form or dialog."""
    if wants_partial(request):
        return HttpResponse(headers={"HX-Redirect": person_address(user_id)})
    return HttpResponseRedirect(person_address(user_id))


def _address(path: str, **values: str) -> str:
    query = QueryDict(mutable=True)
    query.update(values)
    return tidy_address(path, query)


def _readable(entry: Entry) -> Entry:
    """Name the event in words, and mask the addresses that the bot writes into its details."""
    if "type" in entry.data:
        entry.data["label"] = event_label(entry.data["type"])
        entry.data["details"] = masked_emails(entry.data["details"])
    return entry
