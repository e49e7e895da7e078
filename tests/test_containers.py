"""docker-compose.yml and Dockerfile: each service's own command, run here on real servers as the container would."""

import http.client
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

import psycopg
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from demo.launcher import free_port

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "hsl-dashboard"}
HOST = "dashboard.example.org"
Run = Callable[[list[str]], "subprocess.Popen[str]"]

pytestmark = pytest.mark.timeout(180)


def image_instruction(name: str) -> list[str]:
    """The list of ``CMD`` and the like in the last stage of the Dockerfile."""
    found = re.findall(rf"^\s*{name} (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    words: list[str] = json.loads(found[-1])
    return words


def command_of(service: str) -> list[str]:
    command: list[str] = OURS[service].get("command") or image_instruction("CMD")
    return command


@pytest.fixture(scope="module")
def production() -> Iterator[dict[str, str]]:
    """The environment of a container, with an empty database of its own."""
    server = settings.DATABASES["default"]
    login = f"postgres://{quote(server['USER'])}:{quote(server['PASSWORD'])}@{server['HOST']}:{server['PORT']}"
    name = f"hsl_containers_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"{login}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOSTNAME": socket.gethostname(),
            "DEBUG": "false",
            "SECRET_KEY": "long-enough-and-random-enough-for-a-test-5hP9qLx2Zr7Tn4Wk8",
            "ALLOWED_HOSTS": HOST,
            "DATABASE_URL": f"{login}/{name}",
            "REDIS_URL": f"{settings.REDIS_URL.rsplit('/', 1)[0]}/15",
            "BOT_TOKEN": "1:token",
            "TELEGRAM_API_URL": "http://127.0.0.1:9",
            "SENTRY_DSN": "",
            "PROBES_PORT": str(free_port()),
        }
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def migrated(production: dict[str, str]) -> None:
    """What the one-off service has done before the others start."""
    done = subprocess.run(command_of("migrate"), cwd=ROOT, env=production, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Applying bookings.0001" in done.stdout


@pytest.fixture
def run(production: dict[str, str], tmp_path: Path) -> Iterator[Run]:
    """Start a command as its container would; at the end it must stop on SIGTERM, by itself and in time."""
    started: list[subprocess.Popen[str]] = []

    def start(command: list[str]) -> "subprocess.Popen[str]":
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=production, stdout=log, stderr=log, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait(30)
        assert process.returncode in {0, -15}, (tmp_path / "log").read_text()


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[str]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def test_G12_services_are_web_two_workers_beat_and_migrations() -> None:
    assert set(OURS) == {"web", "worker-default", "worker-telegram", "beat", "migrate"}
    assert set(COMPOSE["services"]) - set(OURS) == {"proxy", "postgres", "valkey"}


def test_G12_only_the_proxy_can_be_reached_and_no_container_has_more_than_it_needs() -> None:
    for name, service in COMPOSE["services"].items():
        assert ("ports" in service) == (name == "proxy"), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert service["mem_limit"], name
        # The database alone writes beside its volumes.
        assert service.get("read_only") is True or name == "postgres", name


def test_G12_everything_starts_when_what_it_needs_is_well_and_is_watched_while_it_runs() -> None:
    services = COMPOSE["services"]
    for name in set(OURS) - {"migrate"}:
        assert OURS[name]["depends_on"]["valkey"] == {"condition": "service_healthy"}, name
        # Web has that of the image, which asks the probe.
        assert "test" in OURS[name].get("healthcheck", {}) or name == "web", name
        assert OURS[name]["restart"] == "unless-stopped" and OURS[name]["pids_limit"], name
        assert OURS[name]["environment"]["OWNER_DATABASE_URL"] == "", name
    assert services["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert services["proxy"]["depends_on"]["web"] == {"condition": "service_healthy"}
    assert OURS["beat"]["healthcheck"]["test"] == ["CMD", "python", "manage.py", "check_heartbeat", "beat"]
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_G12_valkey_asks_for_a_password_and_the_proxy_reads_a_request_before_web_does() -> None:
    assert '--requirepass "$$(cat /run/secrets/REDIS_PASSWORD)"' in COMPOSE["services"]["valkey"]["command"][-1]
    proxy = COMPOSE["configs"]["caddyfile"]["content"]
    assert re.search(r"request_buffers \d+MiB", proxy) and "health_uri /health/ready" in proxy


def test_G12_secrets_are_files_and_only_migrate_has_the_owners() -> None:
    secret = set(COMPOSE["secrets"])
    assert secret == {"SECRET_KEY", "BOT_TOKEN", "POSTGRES_PASSWORD", "OWNER_PASSWORD", "REDIS_PASSWORD"}
    for name, service in COMPOSE["services"].items():
        assert not secret & set(service.get("environment", {})), name
        assert ("OWNER_PASSWORD" in service.get("secrets", [])) == (name in {"migrate", "postgres"}), name
    assert COMPOSE["services"]["migrate"]["restart"] == "no"
    for name in set(OURS) - {"migrate"}:
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name


def test_the_units_of_systemd_run_what_the_containers_run_and_may_do_as_little(tmp_path: Path) -> None:
    units = {path.stem.removeprefix("hsl-"): path for path in (ROOT / "systemd").iterdir()}
    assert set(units) == set(OURS) - {"migrate"}
    for name, path in units.items():
        text = path.read_text()
        [command] = re.findall(r"^ExecStart=/srv/hsl/\.venv/bin/(.*)$", text, re.MULTILINE)
        same = [word.replace("%%h", "%h").replace("127.0.0.1:8000", "0.0.0.0:8000") for word in shlex.split(command)]
        assert same == command_of(name), name
        patience = OURS[name].get("stop_grace_period", "30s").removesuffix("s")
        assert f"TimeoutStopSec={patience}\n" in text
        assert f"MemoryMax={OURS[name]['mem_limit'].upper()}\n" in text
        for line in ("User=hsl", "NoNewPrivileges=true", "CapabilityBoundingSet=", "ProtectSystem=strict"):
            assert f"\n{line}\n" in text, name
        # What is installed there is not here.
        (tmp_path / path.name).write_text(text.replace("/srv/hsl/.venv/bin/", f"{shutil.which('env')} "))
    if verify := shutil.which("systemd-analyze"):  # a container has none
        done = subprocess.run(
            [verify, "verify", *sorted(map(str, tmp_path.iterdir()))], capture_output=True, text=True, check=False
        )
        ours = [line for line in done.stderr.splitlines() if "hsl-" in line]
        assert (done.returncode, ours) == (0, [])


def test_image_holds_no_build_tools_and_runs_as_nobody_special() -> None:
    final = (ROOT / "Dockerfile").read_text().split("AS final")[1]

    assert re.search(r"^USER [1-9]\d*$", final, re.MULTILINE)
    assert "pip uninstall" in final
    assert "pip install" not in final
    assert re.findall(r"apt-get install .*[a-z0-9]", final) == [
        "apt-get install --yes --no-install-recommends postgresql-client-17"
    ]


def test_web_answers_the_probes_of_the_image(
    run: Run, migrated: None, production: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    web = run([word.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for word in command_of("web")])
    # The image's own health check, asked of the port that is free here.
    health = json.loads(re.findall(r"HEALTHCHECK[^\[]*CMD (\[.*\])", (ROOT / "Dockerfile").read_text())[0])

    def healthy() -> bool:
        done = subprocess.run([sys.executable, *health[1:]], env=production, capture_output=True, check=False)
        return done.returncode == 0

    wait_for(healthy, web, tmp_path / "log")

    # The same on both ports. Nothing but the web runs here, and that is said.
    for asked in (port, production["PROBES_PORT"]):
        with pytest.raises(HTTPError) as refused:
            urlopen(f"http://127.0.0.1:{asked}/health/ready", timeout=10)
        with refused.value as said:
            answers = json.load(said)
        assert {answers.pop(name) for name in ("database", "redis", "clocks")} == {"ok"}
        assert set(answers) == {"worker-default", "worker-telegram", "beat"}
        assert refused.value.code == 503
    # Pages are for TLS only; the balancer says what it speaks.
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    page.request("GET", "/accounts/login/", headers={"Host": HOST})
    response = page.getresponse()
    assert (response.status, response.headers["Location"]) == (301, f"https://{HOST}/accounts/login/")
    page.close()


@pytest.mark.parametrize("service", ["worker-default", "worker-telegram"])
@pytest.mark.usefixtures("migrated")
def test_G12_worker_answers_its_health_check(
    service: str, run: Run, production: dict[str, str], tmp_path: Path
) -> None:
    worker = run(command_of(service))
    _, line = OURS[service]["healthcheck"]["test"]
    check = shlex.split(line.replace("$$HOSTNAME", socket.gethostname()))

    def healthy() -> bool:
        done = subprocess.run(check, cwd=ROOT, env=production, capture_output=True, text=True, check=False)
        return done.returncode == 0 and "pong" in done.stdout

    wait_for(healthy, worker, tmp_path / "log")


def test_G12_beat_starts_and_ends_in_the_middle_of_a_query(
    run: Run, migrated: None, production: dict[str, str], tmp_path: Path
) -> None:
    beat, log = run(command_of("beat")), tmp_path / "log"
    wait_for(lambda: "Sending due task" in log.read_text(), beat, log)
    database = production["DATABASE_URL"]
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as watcher:
        holder.execute("LOCK TABLE django_celery_beat_periodictasks")  # beat looks there before each tick
        wait_for(lambda: watcher.execute(waiting).fetchone() is not None, beat, log)
        beat.terminate()
        beat.wait(20)

    assert "beat: Starting" in log.read_text()


@pytest.mark.django_db
def test_every_static_file_that_a_page_names_is_collected(settings: Settings, tmp_path: Path, client: Client) -> None:
    # The image is built with names that carry a hash: a page or a style sheet naming a lost file would fail there.
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    assert client.get("/accounts/login/").status_code == 200
    assert list(tmp_path.glob("css/*.*.css"))
