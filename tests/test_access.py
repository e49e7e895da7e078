"""Every address with every method, by every role and by nobody, against the table in tests/access.py."""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from analytics.rollups import refresh_numbers
from bookings.models import BulkChange
from messaging.inbox.folding import fold_texts
from tests.access import ACCESS, OF_ALLAUTH, OF_THE_ADMIN, OPEN_OF_ALLAUTH, page_of
from tests.conftest import empty_cache
from tests.factories import (
    BookingFactory,
    BroadcastFactory,
    EventFactory,
    FreeLessonRegistrationFactory,
    RecipientFactory,
    StreamFactory,
    TelegramUserFactory,
    UserFactory,
)
from tests.pins.golden import assert_golden
from tests.sizes import LONG, is_sampled
from users.models import BlockedUser, User
from users.staff.roles import ADMINISTRATOR, ROLES, VIEWER

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

EMAIL = "very.secret.address@example.test"
PERSON, BOOKING, BROADCAST = 5_111_222_333, 700_071, 700_072  # no sequence comes so far
CHANGE = uuid.UUID("6f1c1f0a-7d3b-4c57-9a4e-2f4f5d1b7a10")
LOGIN = "/accounts/login/"


def addresses(resolver: URLResolver, prefix: str = "", spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every address: its name, and a path with a sample in place of each parameter."""
    for entry in resolver.url_patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, place, (*spaces, entry.namespace) if entry.namespace else spaces)
        elif isinstance(entry, URLPattern):
            yield ":".join((*spaces, entry.name or place)), sample_path(place)


def sample_path(route: str) -> str:
    about_messages = route.startswith("messages/")
    samples = {
        "message_id": BROADCAST,
        "user_id": PERSON,
        "code": "8th_stream",
        "pk": BROADCAST if about_messages else BOOKING,
    }
    route = route.replace("<uuid:pk>", str(CHANGE))
    route = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(samples.get(found[1], 1)), route)
    route = re.sub(r"\(\?P<\w+>[^()]*(?:\([^()]*\)[^()]*)*\)", "1", route)
    return "/" + route.replace("^", "").replace("$", "").replace("\\", "")


EVERYTHING = sorted(set(addresses(get_resolver())))
OURS = [
    (name, path) for name, path in EVERYTHING if not name.startswith((*OF_ALLAUTH, OF_THE_ADMIN)) and name in ACCESS
]
OF_LIBRARIES = [(name, path) for name, path in EVERYTHING if name.startswith((*OF_ALLAUTH, OF_THE_ADMIN))]


@pytest.fixture
def world() -> None:
    """Something behind every sample."""
    StreamFactory.create()
    person = TelegramUserFactory.create(user_id=PERSON)
    BookingFactory.create(pk=BOOKING, telegram_user=person)
    EventFactory.create(telegram_user=person, event_type="free_lesson_registered", details={"email": EMAIL})
    FreeLessonRegistrationFactory.create(telegram_user=person, email=EMAIL)
    RecipientFactory.create(message=BroadcastFactory.create(pk=BROADCAST), telegram_user=person)
    BlockedUser.objects.create(telegram_user=person)
    # A person with a block cannot be answered; the pages are there.
    EventFactory.create(telegram_user=person, event_type="student_response", details={"message_text": f"От {EMAIL}"})
    fold_texts()
    refresh_numbers(timezone.now())


def member(role: str) -> User:
    user = UserFactory.create(username=role.lower().replace(" ", "-"))
    user.groups.add(Group.objects.get(name=role))
    BulkChange.objects.create(
        pk=CHANGE, kind="status", value="2", made_by=user, prepared_at=datetime(2026, 11, 21, tzinfo=UTC)
    )
    return user


def test_every_address_has_its_line():
    unknown = [name for name, _path in EVERYTHING if name not in ACCESS and (name, _path) not in OF_LIBRARIES]

    assert unknown == [], "Say in tests/access.py who may open these, and in docs/roles.md if it is a new permission"


def patterns(resolver: URLResolver, prefix: str = "/", spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every address: its name, and its pattern as people read it."""
    for entry in resolver.url_patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, place, (*spaces, entry.namespace) if entry.namespace else spaces)
        elif isinstance(entry, URLPattern):
            readable = re.sub(r"<(?:\w+:)?(\w+)>", r"<\1>", place).replace("^", "").replace("$", "").replace("\\", "")
            yield ":".join((*spaces, entry.name or "")), readable


def test_the_table_of_the_docs_is_this_one():
    ours = sorted(
        {(name, place) for name, place in patterns(get_resolver()) if name in ACCESS}, key=lambda row: (row[1], row[0])
    )

    assert_golden("../../docs/access.md", page_of(ours))


def walk(places: Iterable[tuple[str, str]], look: Callable[[str, str], Iterator[str]]) -> list[str]:
    """Look at each address as if nothing had been done before, and gather what is wrong with it."""
    wrong: list[str] = []
    for name, path in places:
        empty_cache()
        with transaction.atomic():
            wrong += look(name, path)
            transaction.set_rollback(True)
    return wrong


def signed_in(user: User | None) -> Callable[[], Client]:
    """Sign in once; gives new browsers that hold the session and nothing else."""
    first = Client()
    if user:
        first.force_login(user)
    session = {name: morsel.value for name, morsel in first.cookies.items()}

    def browser() -> Client:
        client = Client()
        client.cookies.load(session)
        return client

    return browser


SIGNED = {"api:payments_webhook"}  # a signature opens these, no role


@pytest.mark.parametrize("role", ROLES)
def test_each_role_reaches_its_pages_and_no_other(world, role: str):
    browser = signed_in(member(role))

    def look(name: str, path: str) -> Iterator[str]:
        client = browser()
        for method, allowed in (("get", ACCESS[name].get), ("head", ACCESS[name].get), ("post", ACCESS[name].post)):
            if method == "head" and not is_sampled(role, path, one_in=4):
                continue
            response = getattr(client, method)(path)
            is_led_away = response.get("Location", "").startswith(LOGIN)
            if name in SIGNED and method == "post":
                is_right = response.status_code == 401
            elif role in allowed:
                is_right = (
                    response.status_code < 500 and response.status_code not in {401, 403, 405} and not is_led_away
                )
            else:
                is_right = response.status_code in ({403} if allowed else {403, 405})
            if not is_right:
                yield f"{method.upper()} {path} gave {response.status_code}"
            if ((method == "get" and role != ADMINISTRATOR) or role == VIEWER) and EMAIL in _text(response):
                yield f"{method.upper()} {path} shows an e-mail"

    assert walk(OURS, look) == []


OPEN_TO_ANY_METHOD = {"api_unknown_address", "health_live", "health_ready", "set_language"}


@pytest.mark.parametrize("role", ROLES if LONG else [ADMINISTRATOR, VIEWER])
def test_methods_that_no_page_has_are_refused(world, role: str):
    browser = signed_in(member(role))

    def look(name: str, path: str) -> Iterator[str]:
        client = browser()
        for method in ("put", "patch", "delete", "options", "trace"):
            if not is_sampled(role, method, path, one_in=4):
                continue
            status = getattr(client, method)(path).status_code
            if role in getattr(ACCESS[name], method, ()):
                is_right = status not in {401, 403, 405} and status < 500
            else:
                is_right = name in OPEN_TO_ANY_METHOD or status in {403, 405}
            if not is_right:
                yield f"{method.upper()} {path} gave {status}"

    assert walk(OURS, look) == []


def test_nobody_signed_in_is_led_to_the_sign_in(world):
    def look(name: str, path: str) -> Iterator[str]:
        for method in ("get", "head", "post", "put", "delete"):
            response = getattr(Client(), method)(path)
            is_led_there = response.get("Location", "").startswith(LOGIN)
            if ACCESS[name].anonymous:
                is_right = not is_led_there
            elif name.startswith("api:"):
                is_right = response.status_code in {401, 405}
            else:
                is_right = response.status_code == 302 and is_led_there
            if not is_right:
                yield f"{method.upper()} {path} gave {response.status_code}"

    assert walk(OURS, look) == []


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_pages_of_libraries_are_closed_to_nobody_and_the_admin_to_who_is_no_staff(world, is_signed_in: bool):
    browser = signed_in(member(ADMINISTRATOR) if is_signed_in else None)  # the group alone is no «Staff status»

    def look(name: str, path: str) -> Iterator[str]:
        if not name.startswith(OF_THE_ADMIN) and (is_signed_in or name in OPEN_OF_ALLAUTH):
            return
        if name.startswith("admin:login") and not is_signed_in:
            return
        status = browser().get(path).status_code
        if status not in {301, 302, 403, 404}:
            yield f"{path} gave {status}"

    assert walk(OF_LIBRARIES, look) == []


def _text(response) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode(errors="replace")
