"""Tokens of the API: shown once, stored as a hash, refused when they end, never more than their owner may."""

import logging
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from hsl_dashboard.web.api.limits import CALLS, REFUSED, WRITES
from hsl_dashboard.web.logs import without_secrets
from tests.api.conftest import client_of
from tests.factories import BookingFactory, EventFactory, FreeLessonRegistrationFactory, UserFactory
from tests.signing_in import reauthenticated
from users.models import ApiAnswer, ApiToken, AuditEntry, User
from users.models.saved_views import new_feed_secret
from users.tokens.services import create_api_token, forget_answers

pytestmark = pytest.mark.django_db

ADDRESS = "/accounts/tokens/"
EMAIL = "very.secret.address@example.test"


def bearer(secret: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}"})


def test_a_token_is_shown_once_and_stored_nowhere(staff):
    client = reauthenticated(staff)

    page = client.post(ADDRESS, {"name": "sheet", "scopes": ["read"], "days": "90"}).text
    token = ApiToken.objects.get()
    secret = page.partition(f'tabindex="0">{token.beginning}')[2].partition("<")[0]

    assert len(secret) > 30 and bearer(token.beginning + secret).get("/api/stats").status_code == 200
    assert secret not in client.get(ADDRESS).text
    assert secret not in repr(list(ApiToken.objects.values())) + repr(list(AuditEntry.objects.values()))


def test_making_one_asks_for_the_password_again(staff_client):
    response = staff_client.post(ADDRESS, {"name": "sheet", "scopes": ["read"], "days": "90"})

    assert response.status_code == 302 and response["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()


def test_a_form_without_scopes_is_asked_again(staff):
    response = reauthenticated(staff).post(ADDRESS, {"name": "sheet", "days": "90"})

    assert response.status_code == 422 and not ApiToken.objects.exists()


def test_one_click_gives_another_secret_and_ends_the_old_one(staff):
    new = create_api_token(owner=staff, name="sheet", scopes=["read"], expires_at=None, by=staff)

    response = reauthenticated(staff).post(f"{ADDRESS}{new.token.pk}/rotate/")

    assert response.status_code == 200 and bearer(new.secret).get("/api/stats").status_code == 401


def test_a_revoked_token_is_refused_and_gets_no_new_secret(staff):
    new = create_api_token(owner=staff, name="sheet", scopes=["read"], expires_at=None, by=staff)
    client = reauthenticated(staff)

    client.post(f"{ADDRESS}{new.token.pk}/revoke/")
    client.post(f"{ADDRESS}{new.token.pk}/rotate/")

    assert bearer(new.secret).get("/api/stats").status_code == 401
    assert AuditEntry.objects.filter(what="users_apitoken.update", done_by=staff).count() == 1


def test_tokens_of_others_are_not_there_but_administrators_may_revoke_them(staff, viewer_):
    new = create_api_token(owner=viewer_, name="sheet", scopes=["read"], expires_at=None, by=viewer_)
    other = UserFactory.create()

    assert reauthenticated(other).post(f"{ADDRESS}{new.token.pk}/revoke/").status_code == 404
    assert reauthenticated(staff).post(f"{ADDRESS}{new.token.pk}/rotate/").status_code == 403
    assert reauthenticated(staff).post(f"{ADDRESS}{new.token.pk}/revoke/").status_code == 302
    assert ApiToken.objects.get().revoked_at


@pytest.fixture
def viewer_() -> User:
    user = UserFactory.create(username="viewer")
    user.groups.add(Group.objects.get(name="Viewer"))
    return user


def test_an_expired_token_and_one_of_an_inactive_owner_are_refused(staff):
    past = timezone.now() - timedelta(seconds=1)
    expired = create_api_token(owner=staff, name="a", scopes=["read"], expires_at=past, by=staff)
    new = create_api_token(owner=staff, name="b", scopes=["read"], expires_at=None, by=staff)

    assert bearer(expired.secret).get("/api/stats").status_code == 401
    User.objects.filter(pk=staff.pk).update(is_active=False)
    assert bearer(new.secret).get("/api/stats").status_code == 401


def test_nobody_anonymous_in_the_shape_of_the_route(client):
    plain, shaped = client.get("/api/bookings"), client.get("/api/users/list")

    assert (plain.status_code, plain.json()) == (401, {"error": "Unauthorized"})
    assert (shaped.status_code, shaped.json()) == (401, {"success": False, "error": "Unauthorized"})
    assert plain["WWW-Authenticate"] == "Bearer"


def test_a_token_without_the_scope_is_refused_even_an_administrator_s(staff):
    booking = BookingFactory.create()

    response = client_of(staff, "read").patch(
        f"/api/users/{booking.telegram_user_id}/bookings", {"updates": {"confirmed": 2}}, "application/json"
    )

    assert (response.status_code, response.json()) == (403, {"success": False, "error": "Forbidden"})


def test_a_permission_that_its_owner_loses_is_lost_at_once(viewer_):
    api = client_of(viewer_)

    assert api.get("/api/bookings").status_code == 200
    viewer_.groups.clear()
    assert api.get("/api/bookings").status_code == 403


def test_a_viewer_s_token_never_sees_an_e_mail(viewer_):
    registration = FreeLessonRegistrationFactory.create(email=EMAIL)
    person = registration.telegram_user
    EventFactory.create(telegram_user=person, event_type="free_lesson_registered", details={"email": EMAIL})
    api = client_of(viewer_)

    for path in ("/api/free-lessons", f"/api/users/{person.pk}", "/api/user-activity", "/api/events?type=recent"):
        answer = api.get(path)
        assert answer.status_code == 200 and EMAIL not in answer.text, path
    assert not AuditEntry.objects.filter(what="api.emails_shown").exists()


def test_e_mails_in_full_need_their_scope_and_are_written_down(staff):
    FreeLessonRegistrationFactory.create(email=EMAIL)

    assert EMAIL not in client_of(staff, "read").get("/api/free-lessons").text
    assert EMAIL in client_of(staff, "read", "personal").get("/api/free-lessons").text
    entry = AuditEntry.objects.get(what="api.emails_shown")
    assert entry.done_by_id == staff.pk
    assert entry.data and (entry.data["people"], entry.data["token"][:6]) == (1, "script")


def test_when_and_from_where_it_was_used_stands_beside_it(staff):
    client_of(staff).get("/api/stats", REMOTE_ADDR="198.51.100.7")

    token = ApiToken.objects.get()
    assert token.last_used_at and token.last_used_from == "198.51.100.7"


def test_calls_are_counted_by_address_whoever_asks(client, monkeypatch):
    monkeypatch.setattr("users.tokens.access.CALLS_FROM", type(CALLS)("few-from", 2))

    answers = [client.get("/api/stats") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429] and answers[2]["Retry-After"]
    assert client.get("/api/stats", REMOTE_ADDR="198.51.100.7").status_code == 401


def test_wrong_tokens_are_counted_by_address(client):
    for _try in range(REFUSED.calls):
        assert bearer("hsl_wrong").get("/api/stats").status_code == 401

    response = bearer("hsl_wrong").get("/api/stats")

    assert (response.status_code, response.json()) == (429, {"error": "Too many requests"})
    assert 1 <= int(response["Retry-After"]) <= 60


@pytest.mark.parametrize("without_redis", [False, True])
def test_calls_are_limited_with_redis_and_without(staff, monkeypatch, without_redis):
    if without_redis:
        monkeypatch.setattr("hsl_dashboard.availability.cache._circuit.is_closed", lambda _cache: False)
        cache._connections.settings  # noqa: B018 - the cache is made
    monkeypatch.setattr("users.tokens.access.CALLS", type(CALLS)("few", 2))
    api = client_of(staff)

    assert [api.get("/api/stats").status_code for _ in range(3)] == [200, 200, 429]


def test_writes_have_a_limit_of_their_own(staff, monkeypatch):
    monkeypatch.setattr("users.tokens.access.WRITES", type(WRITES)("few-writes", 0))
    api = client_of(staff)

    assert api.get("/api/stats").status_code == 200
    assert api.post("/api/messages/1/pause").status_code == 429


def test_a_session_may_read_and_its_writes_need_the_csrf_token(staff):
    booking = BookingFactory.create()
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    path = f"/api/users/{booking.telegram_user_id}/bookings"

    refused = client.patch(path, {"updates": {"confirmed": 2}}, "application/json")
    client.cookies["csrftoken"] = "a" * 32
    taken = client.patch(path, {"updates": {"confirmed": 2}}, "application/json", headers={"X-CSRFToken": "a" * 32})

    assert client.get("/api/stats").status_code == 200
    assert (refused.status_code, taken.status_code) == (403, 200)


def test_debugging_is_for_administrators(viewer_, staff):
    for path in ("/api/test-db", "/api/db-schema", "/api/debug-events"):
        assert client_of(viewer_).get(path).status_code == 403
        assert client_of(staff).get(path).status_code == 200


def test_the_command_prints_a_secret_that_opens(staff):
    out = StringIO()
    call_command("create_api_token", "anna", name="cron", scope=["read"], stdout=out, stderr=StringIO())

    assert bearer(out.getvalue().strip()).get("/api/stats").status_code == 200
    with pytest.raises(CommandError):
        call_command("create_api_token", "nobody", name="cron")


def test_no_log_shows_a_token_or_a_feed(staff):
    new = create_api_token(owner=staff, name="sheet", scopes=["read"], expires_at=None, by=staff)
    error, later = ValueError(f"Bearer {new.secret}"), RuntimeError("no answer")
    later.__cause__ = error
    lines = [
        logging.LogRecord("django", logging.ERROR, "", 1, "GET /api/%s", (new.secret,), None),
        logging.LogRecord("django", logging.ERROR, "", 1, "failed", (), (ValueError, error, None)),
        logging.LogRecord("django", logging.ERROR, "", 1, "failed", (), (RuntimeError, later, None)),
        logging.LogRecord("gunicorn", logging.INFO, "", 1, "GET /api/feed/%s.csv 200", (new_feed_secret(),), None),
    ]

    written = [logging.Formatter().format(line) for line in lines if without_secrets(line)]

    assert written[:2] == ["GET /api/hsl_…", "failed\nValueError: Bearer hsl_…"]
    assert written[2].startswith("failed\nValueError: Bearer hsl_…\n") and written[2].endswith(
        "RuntimeError: no answer"
    )
    assert written[3] == "GET /api/feed/hsl_….csv 200"


def test_answers_are_forgotten_after_a_day():
    now = timezone.now()
    for hours in (1, 25):
        ApiAnswer.objects.create(
            caller="user:1", key=str(hours), fingerprint="", created_at=now - timedelta(hours=hours)
        )

    assert forget_answers(at=now) == 1
