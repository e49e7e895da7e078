"""The launcher of the demo: what it refuses, what it protects, what it makes."""

import json
import socket
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from demo import launcher
from users.models import User


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_names_another_one(taken_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher.time, "sleep", lambda seconds: None)

    with pytest.raises(launcher.DemoFailed, match=rf"Port {taken_port} is taken .* make demo PORT={taken_port + 1}"):
        launcher._require_free_port(taken_port)


def test_a_second_demo_of_a_clone_says_where_the_first_one_is(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "RUN", tmp_path)

    with (
        launcher._only_demo_of_this_clone(8123),
        pytest.raises(launcher.DemoFailed, match="running already: http://localhost:8123/"),
        launcher._only_demo_of_this_clone(8000),
    ):
        pass


def test_the_demo_meets_no_real_database_and_no_real_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://bot:secret@live.example.org/school")
    monkeypatch.setenv("BOT_TOKEN", "1:real")
    monkeypatch.setenv("SENTRY_DSN", "https://sentry.example.org/1")

    environment = launcher._environment(8000)

    assert "live.example.org" not in json.dumps(environment)
    assert environment["DATABASE_URL"] == launcher.embedded.application_url()
    assert environment["OWNER_DATABASE_URL"] == ""  # G8: nobody but the child that migrates is the owner
    assert environment["BOT_TOKEN"] == launcher.BOT_TOKEN
    assert environment["SENTRY_DSN"] == ""
    assert environment["DEBUG_PAGES"] == "false"  # who mistypes an address sees the school's page, not our code


def test_prepare_demo_refuses_a_database_elsewhere(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEVELOPMENT = True
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "live.example.org")

    with pytest.raises(CommandError, match="known password"):
        call_command("prepare_demo")


def test_prepare_demo_refuses_production(settings: Settings) -> None:
    settings.DEVELOPMENT = False

    with pytest.raises(CommandError, match="DEBUG=true"):
        call_command("prepare_demo")


@pytest.mark.django_db
def test_prepare_demo_makes_a_school_and_logins_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEVELOPMENT = True
    asked = []
    monkeypatch.setattr(
        "demo.management.commands.prepare_demo.call_command", lambda name, **options: asked.append(name)
    )

    call_command("prepare_demo")
    User.objects.filter(username="viewer").update(is_active=False)
    call_command("prepare_demo")

    assert asked == ["migrate", "seed_demo", "migrate", "seed_demo"]  # the school was only pretended to be made
    assert set(User.objects.values_list("username", flat=True)) == set(launcher.LOGINS)
    assert not User.objects.get(username="viewer").is_active  # a second start keeps what staff changed
    assert User.objects.get(username="viewer").has_perm("bookings.view_booking") is False
    assert User.objects.get(username="courses").has_perm("bookings.view_booking")
    assert Client().login(username="admin", password=launcher.PASSWORD)
