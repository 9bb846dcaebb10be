"""A production installation: its description holds together, and its processes run with the same settings."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.processes import Process, free_port
from tests.support.servers import PostgresServer, RedisServer

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"
SERVICES = {"migrate", "web", "relay", "proxy", "redis", "postgres", "coturn"}
RUNTIME = (
    "manage.py",
    "requirements.txt",
    "config",
    "accounts",
    "classroom",
    "media_relay",
    "templates",
    "static",
    "locale",
)
"""What runs, of the top level; texts in other languages need not be there."""
SITE = "lessons.school.example"
RELAY_ADDRESS = "192.0.2.7"
MAIL = "smtp+tls://lectern:a-mail-password@mail.school.example:587"
START_SECONDS = 40.0
SECRET_LENGTH = 32


def services() -> dict[str, Any]:
    """The services of the compose file, with its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def make_secrets(folder: Path) -> None:
    """Runs the script that an operator runs."""
    script = [sys.executable, "deploy/make_secrets.py", "--folder", str(folder)]
    subprocess.run(
        [*script, "--public-ip", RELAY_ADDRESS, "--email-url", MAIL],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )


def environment_of(service: str, secrets: Path, **changes: str) -> dict[str, str]:
    """What the compose file tells a service, with its secrets in this folder."""
    values = {"SITE_HOST": SITE, "PUBLIC_IP": RELAY_ADDRESS}
    told = {}
    for name, text in services()[service]["environment"].items():
        filled = re.sub(
            r"\$\{(\w+)(?::[?-]([^}]*))?\}", lambda match: values.get(match[1], match[2] or ""), text
        )
        told[name] = filled.replace("/run/secrets", str(secrets))
    return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **told, **changes}


# The description


def test_docker_accepts_the_compose_file() -> None:
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0:
        command = [docker, "compose", "-f", str(COMPOSE), "--profile", "turn", "config", "--quiet"]
        env = {**os.environ, "SITE_HOST": SITE, "PUBLIC_IP": RELAY_ADDRESS}
        checked = subprocess.run(command, env=env, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
    assert set(services()) == SERVICES


@pytest.mark.parametrize("name", sorted(SERVICES - {"migrate"}))
def test_a_service_comes_back_and_is_watched_and_confined(name: str) -> None:
    service = services()[name]
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or service["build"] == "."
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]


def test_only_the_proxy_is_reached_from_outside() -> None:
    ports = {name: service.get("ports", []) for name, service in services().items()}
    assert ports.pop("proxy")
    assert all(port.startswith("127.0.0.1:") for given in ports.values() for port in given)
    assert {name for name, service in services().items() if "network_mode" in service} == {"relay", "coturn"}


def test_no_secret_stands_in_the_description() -> None:
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"SECRET|PASSWORD|DATABASE_URL|EMAIL_URL", variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert value.removeprefix("/run/secrets/") in service["secrets"]


def test_the_image_runs_as_nobody_special_and_holds_only_what_it_needs() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER lectern"]
    assert sum(line.startswith("FROM ") for line in lines) == 2
    assert any(line.startswith("HEALTHCHECK ") for line in lines)
    copied = {line.split()[1] for line in lines if line.startswith("COPY ") and "--from" not in line}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == allowed
    there = {name for name in RUNTIME if (ROOT / name).exists()}
    assert copied == there, "the image holds what runs, and all of it"


def test_the_proxy_takes_no_larger_body_than_the_web_tier_expects() -> None:
    from config.connections import MAX_BODY_BYTES

    proxy = re.search(r"max_size (\d+)MB", (ROOT / "deploy" / "Caddyfile").read_text())
    assert proxy
    assert MAX_BODY_BYTES <= int(proxy[1]) * 1_000_000 <= 2 * MAX_BODY_BYTES


def test_units_and_containers_run_the_same_commands() -> None:
    for name in ("web", "relay"):
        unit = (ROOT / "deploy" / "systemd" / f"lectern-{name}.service").read_text()
        _, *arguments = services()[name]["command"]
        assert f"ExecStart=/srv/lectern/.venv/bin/python {' '.join(arguments)}\n" in unit


def test_every_setting_and_port_is_described_and_nothing_else() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config" / "configuration.py").read_text()))
    relay = (ROOT / "media_relay" / "config.py").read_text()
    read |= set(re.findall(r'_(?:text|number)\(\s*environment, "([A-Z_]+)"', relay))
    supervisor = (ROOT / "config" / "supervisor" / "relays.py").read_text()
    read |= set(re.findall(r'environment\.\w+\("([A-Z_]+)"', supervisor))
    operating = (ROOT / "docs" / "operating.md").read_text()
    described = set(re.findall(r"^\| `([A-Z_]+)`", operating, re.M))
    assert described == read
    assert len(read) >= 20
    told = {
        name.removesuffix("_FILE")
        for service in services().values()
        for name in service.get("environment", {})
    }
    assert told - read == {"SITE_HOST", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}


# Secrets


def test_secrets_are_long_closed_to_others_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    first = {path.name: path.read_text() for path in folder.iterdir()}
    named = {Path(secret["file"]).name for secret in yaml.safe_load(COMPOSE.read_text())["secrets"].values()}
    assert set(first) == named
    random = [first[name].strip() for name in ("secret_key", "relay_secret", "postgres_password")]
    assert len(set(random)) == len(random)
    assert all(len(secret) >= SECRET_LENGTH for secret in random)
    make_secrets(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == first


# The processes


@dataclass
class Production:
    """Web and relay as docker-compose.yml runs them, behind a proxy that is played by headers."""

    port: int
    secrets: Path
    web: Process
    relay: Process

    def get(self, path: str, **headers: str) -> tuple[int, Message, str]:
        """Status, headers and body of a page, as the proxy asks for it unless told otherwise."""
        given = {"Host": SITE, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=given)
        opener = urllib.request.build_opener(NoRedirect)
        try:
            with opener.open(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode(errors="replace")

    def is_ready(self) -> bool:
        """Whether /readyz is good, asked by address as a probe does."""
        try:
            return self.get("/readyz", Host="127.0.0.1", X_Forwarded_Proto="")[0] == 200
        except OSError:
            return False


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Lets a test see a redirect."""

    def redirect_request(self, *arguments: Any) -> None:
        """Follows nothing."""


def manage(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a management command."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def production(
    tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer, postgres_server: PostgresServer
) -> Iterator[Production]:
    """A production installation on real servers."""
    folder = tmp_path_factory.mktemp("production")
    secrets = folder / "secrets"
    make_secrets(secrets)
    (secrets / "database_url").chmod(0o600)
    (secrets / "database_url").write_text(postgres_server.new_database("production"))
    port = free_port()
    changes = {"HOST": "127.0.0.1", "PORT": str(port), "REDIS_URL": redis_server.url}
    environment = environment_of("web", secrets, **changes, LECTERN_VAR=str(folder / "var"))
    for command in (["collectstatic", "--noinput"], services()["migrate"]["command"][2:]):
        ran = manage(environment, *command)
        assert ran.returncode == 0, ran.stderr
    web = Process(
        [sys.executable, "-m", "config.server"], folder / "web.log", environment=environment, folder=ROOT
    )
    told = {
        "MEDIA_HOST": "127.0.0.1",
        "MEDIA_PORT": str(free_port(socket.SOCK_DGRAM)),
        "RELAY_WEB_URL": f"ws://127.0.0.1:{port}/ws/relays/",
    }
    told["RELAY_PROCESSES"] = "1"
    relay_environment = environment_of("relay", secrets, **told)
    relay = Process(
        [sys.executable, *services()["relay"]["command"][1:]],
        folder / "relay.log",
        environment=relay_environment,
        folder=ROOT,
    )
    running = Production(port, secrets, web, relay)
    try:
        relay.wait_until(lambda: running.is_ready(), START_SECONDS, "the installation being ready")
        yield running
    finally:
        relay.stop()
        web.stop()


def test_production_is_ready_on_real_redis_and_postgresql(production: Production) -> None:
    status, _, body = production.get("/readyz")
    assert (status, json.loads(body)["missing"]) == (200, {})


def test_a_sign_in_page_comes_through_the_proxy_whole(production: Production) -> None:
    status, headers, body = production.get("/accounts/login/")
    assert status == 200
    assert "Sign in" in body
    assert "max-age=" in headers["Strict-Transport-Security"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "__Host-csrftoken" in headers["Set-Cookie"]
    assert "Secure" in headers["Set-Cookie"]
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', body):
        assert production.get(asset)[0] == 200, asset


def test_plain_http_is_sent_to_https(production: Production) -> None:
    status, headers, _ = production.get("/accounts/login/", X_Forwarded_Proto="http")
    assert (status, headers["Location"]) == (301, f"https://{SITE}/accounts/login/")


def test_a_host_of_another_name_is_refused(production: Production) -> None:
    assert production.get("/accounts/login/", Host="evil.example")[0] == 400


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", "changeme-changeme-changeme-changeme"),
        ("RELAY_SECRET", "short"),
        ("DEBUG", "1"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "http://lessons.school.example"),
        ("LECTERN_DEMO", "1"),
        ("DATABASE_URL", ""),
    ],
)
def test_production_does_not_start_with_what_is_not_safe(tmp_path: Path, variable: str, value: str) -> None:
    secrets = tmp_path / "secrets"
    make_secrets(secrets)
    environment = environment_of("web", secrets, LECTERN_VAR=str(tmp_path / "var"), **{variable: value})
    environment.pop(f"{variable}_FILE", None)
    command = [sys.executable, *services()["web"]["command"][1:]]
    ran = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert ran.returncode != 0
    assert variable in ran.stderr
    assert "Traceback" not in ran.stderr
