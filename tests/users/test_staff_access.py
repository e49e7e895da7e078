"""How staff get in and out: invitations, e-mail, and who may change whose account."""

import re
from datetime import datetime, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from pytest_django import Settings

from tests.factories import PASSWORD, UserFactory
from tests.signing_in import member, reauthenticated, signed_in
from users.models import AuditEntry, User
from users.staff.factors import needs_factor
from users.staff.links import account_behind, key_for
from users.staff.roles import ADMINISTRATOR, MARKETING, VIEWER

pytestmark = pytest.mark.django_db

NEW = "long and unusual 7"
LINK = re.compile(r"http://testserver(/accounts/link/\?key=hsl_[a-z0-9-]+)")


@pytest.fixture
def boss(staff: User) -> Client:
    return reauthenticated(staff)


def found(pattern: "re.Pattern[str]", text: str) -> "re.Match[str]":
    match = pattern.search(text)
    assert match is not None
    return match


def is_in(client: Client) -> bool:
    return client.get("/shortcuts/").status_code == 200


def invited(boss: Client, *roles: str, **values) -> str:
    """Invite somebody, and give the path of the link that is shown."""
    groups = [str(Group.objects.get(name=role).pk) for role in roles]
    response = boss.post("/staff/new/", {"username": "vera", "email": "vera@example.test", **values, "groups": groups})
    return found(LINK, response.text)[1]


def set_password(client: Client, path: str, password: str = NEW):
    key = path.partition("key=")[2]
    return client.post("/accounts/link/", {"key": key, "new_password1": password, "new_password2": password})


# Invitations ----------------------------------------------------------------------------------------------------------


def test_whoever_is_invited_sets_a_password_and_then_a_second_factor(boss, settings: Settings):
    settings.SECOND_FACTOR_REQUIRED = True
    Authenticator.objects.create(user=User.objects.get(), type=Authenticator.Type.TOTP, data={})
    path, client = invited(boss, MARKETING), Client()

    page = client.get(path)
    answer = set_password(client, path)

    assert page.status_code == 200 and "vera" in page.text
    assert answer["Location"] == "/accounts/2fa/totp/activate/"
    assert client.get(answer["Location"]).status_code == 200  # the password is not asked for again
    assert client.get("/messages/")["Location"] == "/accounts/2fa/"  # nothing else opens before
    vera = User.objects.get(username="vera")
    assert vera.check_password(NEW) and [group.name for group in vera.groups.all()] == [MARKETING]
    assert set(AuditEntry.objects.filter(what__startswith="staff.").values_list("what", "done_by__username")) == {
        ("staff.link_made", "anna"), ("staff.link_used", "vera"),
    }  # fmt: skip


def test_g7_the_page_says_of_everybody_what_the_sign_in_asks_of_them(boss, settings: Settings):
    """By group, by a permission of one's own, as a superuser: the page asks what each sign-in asks."""
    settings.SECOND_FACTOR_REQUIRED = True
    settings.SECOND_FACTOR_GRACE_DAYS = 7
    accounts = [
        User.objects.get(), member(MARKETING), member(VIEWER), UserFactory.create(permissions=["users.change_user"]),
        UserFactory.create(is_active=False, is_superuser=True), UserFactory.create(),
    ]  # fmt: skip

    shown = {row.account.pk: row.needs_factor for row in boss.get("/staff/").context["colleagues"]}

    assert shown == {account.pk: needs_factor(account) for account in accounts}
    assert list(shown.values()).count(True) == 3


def test_a_viewer_needs_no_second_factor(boss, settings: Settings):
    settings.SECOND_FACTOR_REQUIRED = True
    Authenticator.objects.create(user=User.objects.get(), type=Authenticator.Type.TOTP, data={})
    client = Client()

    assert set_password(client, invited(boss, VIEWER))["Location"] == "/"
    assert client.get("/").status_code == 200


def test_a_link_works_once(boss):
    path = invited(boss)
    set_password(Client(), path)

    again = set_password(Client(), path, "another and unusual 8")

    assert again.status_code == 410 and Client().get(path).status_code == 410
    assert User.objects.get(username="vera").check_password(NEW)


def test_a_link_works_for_48_hours(boss, monkeypatch):
    path = invited(boss)
    key, now = path.partition("key=")[2], datetime.now()  # noqa: DTZ005 - as Django's keys count
    clock = "users.staff.links._Keys._now"

    monkeypatch.setattr(clock, lambda _self: now + timedelta(hours=47, minutes=59))
    assert account_behind(key)
    monkeypatch.setattr(clock, lambda _self: now + timedelta(hours=48, minutes=1))
    assert account_behind(key) is None


def test_a_new_link_replaces_the_one_before(boss):
    first = invited(boss)
    vera = User.objects.get(username="vera")

    second = found(LINK, boss.post(f"/staff/{vera.pk}/reset/").text)[1]

    assert Client().get(first).status_code == 410
    assert Client().get(second).status_code == 200


@pytest.mark.parametrize(
    "key", ["", "x", "hsl_", "hsl_1-", "hsl_zzzzzzzzzzzzz-1-a", "hsl_1-a-" + "9" * 5000, "a\0b", "½"]
)
def test_what_is_no_link_opens_nothing(key):
    assert Client().get("/accounts/link/", {"key": key}).status_code == 410


def test_a_link_opens_no_account_that_has_a_password_or_is_switched_off():
    account = UserFactory.create()
    assert account_behind(key_for(account)) is None

    account.set_unusable_password()
    account.save()
    key = key_for(account)
    assert account_behind(key) == account
    User.objects.update(is_active=False)
    assert account_behind(key) is None


def test_a_weak_password_is_refused_at_its_field(boss):
    path = invited(boss)

    response = set_password(Client(), path, "short")

    assert response.status_code == 422
    assert not User.objects.get(username="vera").has_usable_password()


def test_g2_no_log_holds_a_link(boss, caplog):
    path = invited(boss)
    set_password(Client(), path, "short")
    set_password(Client(), path)
    Client().get(path)

    assert path.partition("key=")[2] not in caplog.text


def test_a_name_that_is_taken_is_said_at_its_field(boss):
    response = boss.post("/staff/new/", {"username": "anna", "email": ""})

    assert response.status_code == 422 and "username" in response.context["form"].errors


# Without a mail server and with one -----------------------------------------------------------------------------------


def test_g2_without_a_mail_server_there_is_no_page_that_promises_mail(boss):
    client = Client()

    assert client.get("/accounts/password/reset/").status_code == 404
    assert "/accounts/password/reset/" not in client.get("/accounts/login/").text
    invited(boss)
    assert mail.outbox == []


def test_g2_with_a_mail_server_a_link_is_sent_too(boss, settings: Settings):
    settings.HAS_EMAIL = True

    path = invited(boss)

    assert [message.to for message in mail.outbox] == [["vera@example.test"]]
    assert path in mail.outbox[0].body
    assert Client().get("/accounts/password/reset/").status_code == 200
    assert "/accounts/password/reset/" in Client().get("/accounts/login/").text


def test_a_mail_server_that_is_away_breaks_nothing(boss, settings: Settings):
    settings.HAS_EMAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    response = boss.post("/staff/new/", {"username": "vera", "email": "vera@example.test"})

    assert LINK.search(response.text) and "Отправить её по почте не удалось" in response.text


# Who may change whom --------------------------------------------------------------------------------------------------


ACTS = [
    ("edit", {"email": "new@example.test"}),
    ("groups", {}),
    ("reset", {}),
    ("switch", {"active": "no"}),
    ("sign-out", {}),
]


@pytest.mark.parametrize(("act", "data"), ACTS)
def test_nobody_changes_an_administrator_but_a_superuser_and_nobody_oneself(act, data):
    administrator, superuser = member(ADMINISTRATOR), UserFactory.create(is_superuser=True)
    clients = reauthenticated(administrator), reauthenticated(superuser)

    for client, account in zip(clients, (superuser, superuser), strict=True):
        client.post(f"/staff/{account.pk}/{act}/", data)
    clients[0].post(f"/staff/{member(ADMINISTRATOR).pk}/{act}/", data)

    assert not AuditEntry.objects.filter(what__startswith="staff.").exists()
    assert User.objects.filter(is_active=True).count() == 3
    assert all(account.has_usable_password() and not account.email.startswith("new@") for account in User.objects.all())


def test_a_colleagues_name_and_email_are_changed_and_the_old_address_opens_nothing(boss, staff):
    colleague = UserFactory.create(email="old@example.test")
    EmailAddress.objects.create(user=colleague, email="old@example.test", verified=True, primary=True)
    named = {"first_name": "Вера", "last_name": "Орлова", "email": "vera@example.test"}

    assert "Изменить имя и почту" in boss.get(f"/staff/{colleague.pk}/").text
    boss.post(f"/staff/{colleague.pk}/edit/", named)

    colleague.refresh_from_db()
    assert {name: getattr(colleague, name) for name in named} == named
    assert not EmailAddress.objects.filter(user=colleague).exists()
    assert AuditEntry.objects.filter(what="staff_user.update", object_id=colleague.pk, done_by=staff).exists()


def test_an_email_that_another_account_has_is_refused_at_its_field(boss, staff):
    User.objects.filter(pk=staff.pk).update(email="anna@example.test")
    colleague = UserFactory.create(first_name="Вера")

    page = boss.post(f"/staff/{colleague.pk}/edit/", {"first_name": "Другая", "email": "Anna@example.test"})

    assert page.status_code == 422
    assert list(page.context["account_form"].errors) == ["email"]
    assert page.context["account"].first_name == "Вера"


def test_only_a_superuser_makes_administrators(boss):
    administrator, group = member(ADMINISTRATOR), Group.objects.get(name=ADMINISTRATOR)
    account = UserFactory.create()

    reauthenticated(administrator).post(f"/staff/{account.pk}/groups/", {"groups": [str(group.pk)]})
    assert not account.groups.exists()
    boss.post(f"/staff/{account.pk}/groups/", {"groups": [str(group.pk)]})

    assert account.groups.get() == group and User.objects.get(pk=account.pk).is_staff
    response = reauthenticated(administrator).post("/staff/new/", {"username": "x", "groups": [str(group.pk)]})
    assert response.status_code == 422 and not User.objects.filter(username="x").exists()


@pytest.mark.parametrize(("act", "data"), [*ACTS[:4], ("../new", {"username": "x"})])
def test_g7_the_password_is_asked_for_again(staff, act, data):
    account = UserFactory.create()

    response = signed_in(staff).post(f"/staff/{account.pk}/{act}/".replace(f"{account.pk}/../", ""), data)

    assert response["Location"].startswith("/accounts/reauthenticate/")
    assert User.objects.get(pk=account.pk).is_active and User.objects.count() == 2


def test_a_reset_ends_the_password_and_the_lost_factor(boss):
    account = UserFactory.create()
    Authenticator.objects.create(user=account, type=Authenticator.Type.TOTP, data={})
    client = signed_in(account)

    path = found(LINK, boss.post(f"/staff/{account.pk}/reset/", {"forget_factors": "on"}).text)[1]

    assert not is_in(client)
    assert Client().post("/accounts/login/", {"login": account.username, "password": PASSWORD}).status_code == 200
    assert not Authenticator.objects.exists()
    set_password(client, path)
    assert is_in(client)


# The pages ------------------------------------------------------------------------------------------------------------


def test_the_list_says_who_is_in_which_group_and_how_they_sign_in(boss, django_assert_max_num_queries):
    account = member(MARKETING, username="maria", first_name="Мария", last_name="Ким")
    Authenticator.objects.create(user=account, type=Authenticator.Type.TOTP, data={})
    signed_in(account)
    UserFactory.create_batch(5)
    UserFactory.create(is_active=False, username="gone")
    boss.get("/staff/")  # the frame of the page is kept since then
    with django_assert_max_num_queries(12):
        text = boss.get("/staff/").text

    row = found(re.compile(r"<tr>(?:(?!</tr>).)*Мария Ким.*?</tr>", re.DOTALL), text)[0]
    assert "Менеджер по маркетингу" in row and "Код из приложения" in row
    assert "Отключена" in text and "Скачивать список людей" in text
    assert list(boss.get("/staff/").context["colleagues"])[-1].account.username == "gone"


def test_the_page_of_a_colleague_shows_sessions_and_ones_own_no_buttons(boss, staff):
    account = member(VIEWER)
    signed_in(account)

    other, own = boss.get(f"/staff/{account.pk}/"), boss.get(f"/staff/{staff.pk}/")

    assert len(other.context["sessions"]) == 1 and f"/staff/{account.pk}/reset/" in other.text
    assert "/reset/" not in own.text and "Это ваша учётная запись" in own.text
    assert boss.get(f"/staff/{2**63}/").status_code == 404
