"""Which address a request comes from, which browser, and what the logs say about it."""

import io
import logging
import runpy
from datetime import timedelta
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.test import Client, RequestFactory
from django.utils.log import log_response
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from pytest_django.asserts import assertContains

from hsl_dashboard.environment.reading import ROOT
from hsl_dashboard.web.clients import client_address, device_name
from tests.factories import PASSWORD, UserFactory

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        # Whoever comes without a proxy may write what they like.
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        # The rightmost that is no proxy: the client itself wrote what stands left of it.
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, <script>", "10.0.0.1"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", "0.0.0.0"),
    ],
)
def test_f9_the_address_is_the_last_one_that_no_proxy_of_ours_has(settings, remote, forwarded, address):
    settings.TRUSTED_PROXIES = PROXIES

    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers={"X-Forwarded-For": forwarded})

    assert client_address(request) == address


def test_f9_without_trusted_proxies_nobody_is_believed(settings):
    assert settings.TRUSTED_PROXIES == []

    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "198.51.100.1"})

    assert client_address(request) == "10.0.0.1"


def test_f9_networks_are_read_and_a_wrong_one_is_named(read):
    networks = [str(network) for network in read(TRUSTED_PROXIES="10.0.0.0/8, 192.168.1.5, fd00::/8").TRUSTED_PROXIES]

    assert networks == ["10.0.0.0/8", "192.168.1.5/32", "fd00::/8"]
    with pytest.raises(ImproperlyConfigured, match=r"TRUSTED_PROXIES is '10\.0\.0\.1/8'"):
        read(TRUSTED_PROXIES="10.0.0.1/8")


def test_f9_the_list_of_sessions_shows_the_real_address_and_a_readable_device(staff, settings):
    settings.TRUSTED_PROXIES = PROXIES
    client = Client(
        REMOTE_ADDR="10.0.0.1",
        headers={
            "X-Forwarded-For": "198.51.100.1",
            "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0.0.0 Safari/537.36",
        },
    )
    client.post("/accounts/login/", {"login": staff.username, "password": PASSWORD})

    page = client.get("/accounts/sessions/")

    assertContains(page, "198.51.100.1")
    assertContains(page, ">Chrome, Windows<")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 YaBrowser/24.10 Safari/537.36", "Yandex Browser, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, macOS"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_browser_is_named_as_people_know_it(user_agent, name):
    assert device_name(user_agent) == name


# The logs (G9) -------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(monkeypatch) -> io.StringIO:
    """What the console shows."""
    [console] = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    monkeypatch.setattr(console, "stream", io.StringIO())
    return console.stream


def test_g9_a_refusal_is_one_line(client, db, log):
    client.force_login(UserFactory.create())

    assert client.get("/users/?q=Секретная").status_code == 403

    [line] = log.getvalue().splitlines()
    assert "Forbidden (Permission denied): /users/" in line and "q=" not in line


def test_g9_an_error_keeps_its_traceback(log):
    for status in (403, 500):
        try:
            raise PermissionDenied("words")
        except PermissionDenied as error:
            response: Any = SimpleNamespace(status_code=status)
            log_response("%s", status, response=response, request=RequestFactory().get("/"), exception=error)

    assert log.getvalue().count("Traceback") == 1
    assert log.getvalue().index("500") < log.getvalue().index("Traceback")


def test_g9_the_access_log_holds_no_query(caplog):
    config = Config()
    for name, value in runpy.run_path(str(ROOT / "gunicorn.conf.py")).items():
        if name in config.settings:
            config.set(name, value)
    environ = {
        "REQUEST_METHOD": "GET", "RAW_URI": "/users/?q=Анна", "PATH_INFO": "/users/", "QUERY_STRING": "q=Анна",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "10.0.0.1", "HTTP_REFERER": "https://d.example.org/?q=Анна",
    }  # fmt: skip
    response, request = SimpleNamespace(status="200 OK", sent=5, headers=[]), SimpleNamespace(headers=[])
    logger = Logger(config)
    logger.access_log.addHandler(caplog.handler)

    logger.access(response, request, environ, timedelta(milliseconds=12))

    [line] = [record.getMessage() for record in caplog.records]
    assert '"GET /users/ HTTP/1.1" 200' in line
    assert "Анна" not in line
