"""Sessions of staff and when they end; second factors and who must have one."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from hsl_dashboard.db import run_sql
from tests.factories import PASSWORD, UserFactory
from tests.signing_in import member, reauthenticated, signed_in
from users.models import AuditEntry, SavedView, User
from users.staff.links import account_behind, key_for
from users.staff.roles import ADMINISTRATOR, MARKETING, VIEWER
from users.tokens.services import create_api_token

pytestmark = pytest.mark.django_db

NEW = "long and unusual 7"
FACTOR = "/accounts/2fa/authenticate/"


@pytest.fixture
def boss(staff: User) -> Client:
    return reauthenticated(staff)


def is_in(client: Client) -> bool:
    return client.get("/shortcuts/").status_code == 200


# Sessions -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "hours", "stays"),
    [
        ("last_seen_at", 2.9, True),
        ("last_seen_at", 3.1, False),
        ("created_at", 11.9, True),
        ("created_at", 12.1, False),
    ],
)
def test_g7_a_session_ends_after_three_idle_hours_and_after_twelve(field, hours, stays):
    client = signed_in(UserFactory.create())
    UserSession.objects.update(**{field: timezone.now() - timedelta(hours=hours)})

    assert is_in(client) is stays
    assert UserSession.objects.exists() is Session.objects.exists() is stays


def test_a_page_that_asks_by_itself_keeps_no_session_alive():
    client = signed_in(UserFactory.create())
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(hours=2.9))
    before = UserSession.objects.get().last_seen_at

    assert client.get("/shortcuts/", headers={"X-Poll": "true"}).status_code == 200
    assert UserSession.objects.get().last_seen_at == before
    assert is_in(client) and UserSession.objects.get().last_seen_at > before


def test_a_new_password_ends_the_sessions():
    account = UserFactory.create()
    client = signed_in(account)
    account.set_password(NEW)
    account.save()

    assert not is_in(client)


def test_a_changed_role_ends_the_sessions_at_once(boss):
    account = member(VIEWER)
    client, other = signed_in(account), signed_in(UserFactory.create())
    assert is_in(client)

    boss.post(f"/staff/{account.pk}/groups/", {"groups": [str(Group.objects.get(name=MARKETING).pk)]})

    assert not is_in(client) and is_in(other)
    assert [group.name for group in account.groups.all()] == [MARKETING]


def test_the_same_groups_again_end_nothing(boss):
    account = member(VIEWER)
    client = signed_in(account)

    boss.post(f"/staff/{account.pk}/groups/", {"groups": [str(Group.objects.get(name=VIEWER).pk)]})

    assert is_in(client)


def test_g7_sessions_do_not_come_back_with_the_account(boss):
    account = UserFactory.create()
    client = signed_in(account)

    boss.post(f"/staff/{account.pk}/switch/", {"active": "no"})
    assert not is_in(client)
    boss.post(f"/staff/{account.pk}/switch/", {"active": "yes"})

    assert User.objects.get(pk=account.pk).is_active
    assert not is_in(client)


def test_tokens_feeds_and_links_do_not_come_back_with_the_account_either(boss):
    account, invited = UserFactory.create_batch(2)
    invited.set_unusable_password()
    invited.save()
    token = create_api_token(owner=account, name="script", scopes=["read"], expires_at=None, by=account)
    view = SavedView.objects.create(
        owner=account, name="Мой", path="/bookings/", feed_digest="digest", feed_beginning="f"
    )
    key = key_for(invited)
    assert account_behind(key) == invited

    for pk in (account.pk, invited.pk):
        boss.post(f"/staff/{pk}/switch/", {"active": "no"})
        boss.post(f"/staff/{pk}/switch/", {"active": "yes"})

    assert Client().get("/api/stats", headers={"Authorization": f"Bearer {token.secret}"}).status_code == 401
    view.refresh_from_db()
    assert not view.has_feed
    assert account_behind(key) is None


def test_sessions_stay_over_when_sql_switches_the_account_off_and_on():
    account = UserFactory.create()
    client = signed_in(account)
    User.objects.filter(pk=account.pk).update(is_active=False)
    User.objects.filter(pk=account.pk).update(is_active=True)

    assert not is_in(client)


def test_a_colleague_is_signed_out_everywhere(boss):
    account = UserFactory.create()
    clients = [signed_in(account), signed_in(account)]

    boss.post(f"/staff/{account.pk}/sign-out/")

    assert [is_in(client) for client in clients] == [False, False]
    assert AuditEntry.objects.get(what="staff.sessions_ended").data == {"sessions": 2}


# Second factors -------------------------------------------------------------------------------------------------------


def test_g7_whoever_may_send_has_days_and_then_only_the_page_of_second_factors(settings: Settings):
    settings.SECOND_FACTOR_REQUIRED = True
    account = member(MARKETING)
    client = signed_in(account)

    page = client.get("/messages/")

    assert page.status_code == 200 and "Вашей учётной записи нужен второй фактор" in page.text
    due_at = User.objects.get(pk=account.pk).factor_due_at
    assert due_at is not None
    assert timedelta(days=6, hours=23) < due_at - timezone.now() < timedelta(days=7)
    User.objects.filter(pk=account.pk).update(factor_due_at=timezone.now())
    assert client.get("/messages/")["Location"] == "/accounts/2fa/"
    assert client.post("/messages/new/")["Location"] == "/accounts/2fa/"
    assert client.get("/messages/", headers={"HX-Request": "true"})["HX-Redirect"] == "/accounts/2fa/"
    assert client.get("/api/stats").status_code == 403
    assert client.get("/accounts/tokens/")["Location"] == "/accounts/2fa/"
    assert client.get("/accounts/2fa/").status_code == 200
    Authenticator.objects.create(user=account, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert client.get("/messages/").status_code == 303  # they stand in for a factor, and are none
    Authenticator.objects.create(user=account, type=Authenticator.Type.TOTP, data={})
    page = client.get("/messages/")
    assert page.status_code == 200 and "нужен второй фактор" not in page.text


def test_keys_of_second_factors_are_unreadable_in_the_database_and_the_audit(staff, settings):
    factor = TOTP.activate(staff, "JBSWY3DPEHPK3PXP").instance
    codes = RecoveryCodes.activate(staff)
    once = format_hotp_value(hotp_value("JBSWY3DPEHPK3PXP", next(yield_hotp_counters_from_time())))

    stored = " ".join(
        str(text)
        for (text,) in run_sql(
            "SELECT data::text FROM mfa_authenticator UNION ALL SELECT data::text FROM users_auditentry"
        )
    )
    assert "JBSWY3DPEHPK3PXP" not in stored and stored.count("gAAAA") == 2
    settings.SECRET_KEY, ours = "another" * 10, settings.SECRET_KEY
    assert not TOTP(factor).validate_code(once)
    settings.SECRET_KEY = ours
    assert TOTP(factor).validate_code(once) and len(codes.generate_codes()) == 10
    assert not TOTP(factor).validate_code(once)  # it was used


@pytest.fixture
def locked(staff: User) -> Client:
    """Somebody has given the password of an account with a second factor, and is asked for it."""
    Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={"secret": "JBSWY3DPEHPK3PXP"})
    client = Client()
    answer = client.post("/accounts/login/", {"login": staff.username, "password": PASSWORD})
    assert answer["Location"] == FACTOR and not is_in(client)
    return client


def test_a_recovery_code_stands_in_once_for_a_lost_factor(staff, locked):
    [code, other, *_more] = RecoveryCodes.activate(staff).generate_codes()
    again = Client()
    again.post("/accounts/login/", {"login": staff.username, "password": PASSWORD})

    locked.post(FACTOR, {"code": code})
    again.post(FACTOR, {"code": code})

    assert is_in(locked) and not is_in(again)
    again.post(FACTOR, {"code": other})
    assert is_in(again)


def test_guesses_at_a_second_factor_are_few_and_recorded(staff, locked):
    [code, *_more] = RecoveryCodes.activate(staff).generate_codes()
    for _ in range(5):
        locked.post(FACTOR, {"code": "000000"})

    locked.post(FACTOR, {"code": code})

    assert not is_in(locked)
    assert AuditEntry.objects.filter(what="second_factor.failed", object_id=str(staff.pk)).count() == 5


@pytest.mark.parametrize(
    "data", [{"action_add": "", "email": "thief@example.test"}, {"action_remove": "", "email": "a@b.test"}]
)
def test_ones_own_e_mail_changes_after_the_password_alone(staff, data):
    client = signed_in(staff)
    EmailAddress.objects.create(user=staff, email="a@b.test")

    asked = client.post("/accounts/email/", data)

    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not EmailAddress.objects.filter(email="thief@example.test").exists()
    assert EmailAddress.objects.filter(email="a@b.test").exists()


def test_no_days_of_grace_mean_at_once(settings: Settings):
    settings.SECOND_FACTOR_REQUIRED, settings.SECOND_FACTOR_GRACE_DAYS = True, 0

    assert signed_in(member(ADMINISTRATOR)).get("/")["Location"] == "/accounts/2fa/"
    assert signed_in(member(VIEWER)).get("/").status_code == 200


def test_the_demo_signs_in_with_a_password_alone(staff):
    assert signed_in(staff).get("/").status_code == 200


def test_the_last_factor_of_whoever_needs_one_stays(settings: Settings):
    settings.SECOND_FACTOR_REQUIRED = True
    account = member(MARKETING)
    factor = Authenticator.objects.create(user=account, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = reauthenticated(account)

    client.post("/accounts/2fa/totp/deactivate/")

    assert Authenticator.objects.filter(pk=factor.pk).exists()
