"""/metrics: for a token or a network, with labels of ours alone, whatever people ask for."""

import logging
import os
import re
import runpy
from ipaddress import ip_network
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from redis.exceptions import ConnectionError as RedisGone

from demo.launcher import free_port
from hsl_dashboard.availability import heartbeats, tallies
from hsl_dashboard.availability.serving import serve_probes
from hsl_dashboard.environment.reading import ROOT
from hsl_dashboard.watching.scrape import answer_scrape
from messaging.tasks import tick
from tests.factories import TelegramUserFactory

pytestmark = pytest.mark.django_db

TOKEN = "a-token-that-prometheus-sends"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _token(settings):
    settings.METRICS_TOKEN = TOKEN


def scraped(client: Client) -> dict[tuple[str, ...], float]:
    """Every sample: its name and the values of its labels, by the names of the labels."""
    response = client.get("/metrics", headers=BEARER)
    assert response.status_code == 200
    families = text_string_to_metric_families(response.text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_a_token_opens_it_and_another_does_not():
    assert Client().get("/metrics", headers=BEARER).status_code == 200
    for authorization in ("", "Bearer ", f"Bearer {TOKEN}x", TOKEN):
        assert Client().get("/metrics", headers={"Authorization": authorization}).status_code == 403


def test_a_network_opens_it_and_what_a_client_says_about_itself_does_not(settings):
    settings.METRICS_NETWORKS = [ip_network("10.1.0.0/16")]

    assert Client(REMOTE_ADDR="10.1.2.3").get("/metrics").status_code == 200
    assert Client(REMOTE_ADDR="10.2.2.3").get("/metrics").status_code == 403
    assert Client(REMOTE_ADDR="10.2.2.3").get("/metrics", headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 403


def test_without_either_setting_nobody_reads_it(settings, staff_client):
    settings.METRICS_TOKEN = ""

    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403
    assert staff_client.get("/metrics").status_code == 403


def test_prometheus_asks_by_an_address_that_is_no_host_of_ours(settings):
    assert Client(SERVER_NAME="10.9.8.7").get("/metrics", headers=BEARER).status_code == 200


def test_requests_are_counted_by_view_with_their_queries_and_time(staff_client):
    person = TelegramUserFactory.create()
    name = "users:person_detail"
    before = scraped(staff_client)

    staff_client.get(f"/users/{person.pk}/?q=secret")
    staff_client.get(f"/users/{person.pk}/")

    after = scraped(staff_client)

    def grown(*key: str) -> float:
        return after[key] - before.get(key, 0)

    assert grown("hsl_requests_total", "GET", "200", name) == 2
    assert grown("hsl_request_seconds_count", name) == 2
    assert grown("hsl_database_queries_total", name) >= 6
    assert grown("hsl_database_query_seconds_total", name) > 0


def test_nothing_that_people_type_becomes_a_label(staff_client):
    staff_client.get("/Анна-Петрова/?q=anna@example.test")
    staff_client.generic("ANNA", "/users/")
    TelegramUserFactory.create(first_name="Аграфена")
    staff_client.get("/users/?q=Аграфена")

    text = staff_client.get("/metrics", headers=BEARER).text

    assert not re.search(r"[А-Яа-я@]|ANNA|/users", text)
    assert 'hsl_requests_total{method="other",status="405",view="users:person_list"}' in text


def test_a_scrape_tells_queues_processes_ticks_results_and_connections(staff_client):
    tick.apply()  # as a worker does
    tallies.add_up({("telegram", "sent"): 3, ("telegram", "failed"): 1})

    samples = scraped(staff_client)

    assert samples["hsl_up", "database"] == samples["hsl_up", "redis"] == 1
    assert samples["hsl_queue_tasks", "telegram"] == 0
    assert samples["hsl_process_silent_seconds", "beat"] < 30
    assert samples["hsl_tick_age_seconds", "messaging.tick"] < 30
    assert samples["hsl_tasks_total", "success", "messaging.tick"] == 1
    assert (samples["hsl_telegram_calls_total", "sent"], samples["hsl_telegram_calls_total", "failed"]) == (3, 1)
    assert samples["hsl_telegram_messages_per_second_limit",] == 25
    assert samples["hsl_database_connections", "active"] >= 1
    assert samples["hsl_outbox_waiting",] == 0
    assert 0 < samples["hsl_disk_free_ratio", "media"] < 1


def test_without_redis_the_rest_is_still_told(staff_client, monkeypatch):
    def gone(*_args: object) -> None:
        raise RedisGone

    monkeypatch.setattr(heartbeats, "read", gone)

    samples = scraped(staff_client)

    assert (samples["hsl_up", "redis"], samples["hsl_up", "database"]) == (0, 1)


def test_counts_of_the_last_minutes_are_kept_apart_from_all():
    tallies.add_up({("telegram", "sent"): 2})
    redis = heartbeats.connect(heartbeats.settings.REDIS_URL)
    minute = next(iter(redis.scan_iter(f"{tallies.KEY}:*")))
    redis.rename(minute, f"{tallies.KEY}:{int(minute.rsplit(':')[-1]) - 20}")
    tallies.add_up({("telegram", "sent"): 1})

    assert tallies.of_last(15) == {("telegram", "sent"): 1}
    assert tallies.of_last(30) == tallies.ever() == {("telegram", "sent"): 3}


def test_the_port_of_the_probes_has_it_too():
    server = serve_probes(port := free_port(), answer_scrape)
    assert server
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}/metrics", headers=BEARER), timeout=10) as response:
            assert b"hsl_up" in response.read()
        with pytest.raises(HTTPError, match="403"):
            urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)
    finally:
        server.shutdown()
        server.server_close()


def test_the_folder_of_counts_goes_with_gunicorn_and_with_no_other(monkeypatch, tmp_path):
    """HUP reads the configuration anew; a gunicorn that another one started (USR2) counts in a folder of its own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    logger = logging.getLogger("gunicorn.of-a-test")
    server = SimpleNamespace(log=SimpleNamespace(access_log=logger, error_log=logger))
    first, after_hup = (runpy.run_path(str(ROOT / "gunicorn.conf.py")) for _ in range(2))

    first["on_starting"](server)
    [folder] = tmp_path.iterdir()
    with monkeypatch.context() as other:
        other.setattr(os, "getpid", lambda: 1)
        first["on_starting"](server)
        assert len(list(tmp_path.iterdir())) == 2
        first["on_exit"](server)
        assert list(tmp_path.iterdir()) == [folder]
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    after_hup["on_exit"](server)
    assert not list(tmp_path.iterdir())
