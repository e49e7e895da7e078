"""Drafts that hold anything at all: no page answers otherwise than with itself, or with a refusal of its own form."""

import random
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from messaging.models import Draft
from tests.messaging.composing import address, form
from tests.sizes import sample

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("woken")]

DRAFTS = sample(200, 5_000)
SEEN_BY_A_LIST = 25  # drafts of the last ones: each list shows so many at once
TEXTS = (
    "", "Привет", "<" * 60, "<a " * 400, "cout<<name<<endl;\n" * 60, "<b>", "</b>", "<b><i></b></i>", "<a href=x>y</a>",
    "<a href=“https://x.y”>z</a>", "&#55357;", "&#xD83D;", "&amp", "{first_name", "{{x}}", "{no_such}", "{course|<b>}",
    "<tg-spoiler>{stream}</tg-spoiler>", "\u202e\u0000", "😀" * 3000, "x" * 40_000, "<pre><code class='language-x'>",
    "<blockquote expandable>" * 30, "[](", "%s %(x)s {0}", "\ud800",
)  # fmt: skip
TARGETS = (
    "",
    "https://x.y",
    "t.me/x",
    "javascript:alert(1)",
    "9" * 300,
    "select_course_5",
    "{first_name}",
    "@name",
    "//",
)
CRITERIA: tuple[Any, ...] = (
    {"kind": "stream", "code": "8th_stream", "course_id": None, "statuses": [2]},
    {"kind": "stream", "code": 5}, {"kind": "people", "ids": [1, -7, 2**62]}, {"kind": "people", "ids": ["x"]},
    {"kind": "everyone"}, {"kind": "temperature", "temperature": "boiling"}, {"kind": "no_such"},
    {"kind": "received", "broadcast_id": 10**12}, {"kind": "active_since", "since": "9999-99-99"},
    {"kind": "tag", "name": "x" * 2000}, "x", None, [],
)  # fmt: skip
ANYTHING: tuple[Any, ...] = (None, 0, -1, 1.5, True, "", "x", "9" * 5000, [], {}, [[]], {"x": {}}, "0001-01-01T00:00")


def hostile_content(dice: random.Random) -> dict[str, Any]:
    """What no form of ours would store, and some that it would."""
    words = "".join(dice.choices(TEXTS, k=dice.randint(1, 4)))
    content: dict[str, Any] = {
        "text": "".join(sign for sign in words if sign != "\0" and not "\ud800" <= sign <= "\udfff"),
        "name": dice.choice(("", "Имя", "<b>", "x" * 500)),
        "kind": dice.choice(("text", "photo", "video", "document", "gif")),
        "media_file_id": dice.choice(("", "AgAC1", "x" * 3000)),
        "buttons": [
            {
                "text": dice.choice(("", "Да", "<b>")),
                "target": dice.choice(TARGETS),
                "row": dice.choice(("1", "x", "99999")),
            }
            for _ in range(dice.randint(0, 12))
        ],
        "audience": {
            "include": dice.choices(CRITERIA, k=dice.randint(0, 3)),
            "exclude": dice.choices(CRITERIA, k=dice.randint(0, 2)),
            "quiet_hours": dice.choice((None, 24, -5, "x", 10**9)),
        },
        "when": dice.choice(("now", "at", "later")),
        "at": dice.choice(("", "2030-01-01T10:00", "0001-01-01T00:00", "вчера", "9999-12-31T23:59")),
        "preview_for": dice.choice((None, 1, -1, 2**62)),
    }
    if dice.random() < 0.5:
        content[dice.choice([*content, "unknown"])] = dice.choice(ANYTHING)
    return content


@pytest.mark.timeout(1800)
def test_no_draft_breaks_a_page(staff_client: Client, stream: str) -> None:
    dice = random.Random(11)
    for number in range(DRAFTS):
        draft = Draft.objects.create(content=hostile_content(dice))
        own = address("", draft)
        total = reverse("messaging:draft_total", args=[draft.pk])
        answers = {
            "count": staff_client.get(total, headers={"HX-Request": "true"}).status_code,
            "form": staff_client.get(own).status_code,
            "last page": staff_client.get(reverse("messaging:compose_confirm", args=[draft.pk])).status_code,
            "saving": staff_client.post(own, form(stream, version=draft.version, saved_from="x")).status_code,
        }
        assert answers["form"] == answers["count"] == 200, draft.content
        assert answers["last page"] in {200, 302}, draft.content
        assert answers["saving"] in {200, 303, 422}, draft.content
        if number % SEEN_BY_A_LIST == 0:
            for name in ("draft_list", "broadcast_list", "compose_message"):
                assert staff_client.get(reverse(f"messaging:{name}")).status_code == 200, draft.content
