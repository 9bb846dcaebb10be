"""`manage.py classroom`: Lectern in one terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from classroom.management.commands.seed_demo import people_table
from config.env import Environment
from config.supervisor import relays
from config.supervisor.part import Part
from config.supervisor.preflight import CannotStartError, check_folder, check_ports
from config.supervisor.run import announce, supervise

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound
"""Where a server that listens on every address is reached from here."""

GIVEN_FILES = ("RELAY_SECRET_FILE", "MEDIA_HOST_FILE", "MEDIA_PORT_FILE")
"""The parts are told what stands in these."""


@dataclass(frozen=True)
class Addresses:
    """Where web and relays listen."""

    host: str
    port: int
    media_host: str
    media_ports: range

    @property
    def reached(self) -> str:
        """The address at which the web tier is reached from here."""
        return ANY_ADDRESS.get(self.host, self.host)

    @property
    def in_url(self) -> str:
        """The same as a URL has it."""
        host = f"[{self.reached}]" if ":" in self.reached else self.reached
        return f"{host}:{self.port}"


class Command(BaseCommand):
    """Prepares folder and database, then runs web and relays until it is told to stop."""

    help = "Runs Lectern: the web tier and its relays, each started again when it ends. Ctrl-C stops all."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        """Runs everything; ends with one sentence where that cannot work."""
        addresses = _addresses()
        log = Path(settings.VAR) / "log"
        try:
            check_folder(log)
            check_ports(addresses.host, addresses.port, addresses.media_host, addresses.media_ports)
        except CannotStartError as problem:
            raise CommandError(f"Lectern can't start: {problem}") from None
        self._prepare_database()
        parts = [
            Part(name, [sys.executable, "-m", module], environment, log / f"{name}.log", self._say)
            for name, module, environment in _parts(_environment(addresses))
        ]
        readiness = announce((addresses.reached, addresses.port), lambda: self._ready(addresses), self._say)
        asyncio.run(supervise(parts, self._say, readiness))

    def _prepare_database(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if settings.LECTERN_DEMO:
            call_command("seed_demo", verbosity=0)

    def _ready(self, addresses: Addresses) -> None:
        ready = f"Lectern is ready at http://{addresses.in_url}/"
        self._say(f"{ready}\n{people_table()}" if settings.LECTERN_DEMO else ready)

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def _addresses() -> Addresses:
    environment = Environment(os.environ)
    host = settings.CONFIGURATION.host.strip("[]")
    try:
        return Addresses(
            host=host,
            port=settings.CONFIGURATION.port,
            media_host=environment.text("MEDIA_HOST", host).strip("[]"),
            media_ports=relays.media_ports(os.environ),
        )
    except ImproperlyConfigured as problem:
        raise CommandError(f"Lectern can't start: {problem}") from None


def _parts(environment: dict[str, str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yields each part's name, module and environment."""
    yield "web", "config.server", environment
    for name, own in relays.environments(environment).items():
        yield name, "media_relay", own


def _environment(addresses: Addresses) -> dict[str, str]:
    """What the parts are told beside what this process was told itself."""
    told = {name: value for name, value in os.environ.items() if name not in GIVEN_FILES}
    return {
        **told,
        "MEDIA_HOST": addresses.media_host,
        "MEDIA_PORT": str(addresses.media_ports.start),
        "RELAY_SECRET": settings.RELAY_SECRET,
        "RELAY_WEB_URL": f"ws://{addresses.in_url}/ws/relays/",
        "PYTHONUNBUFFERED": "1",
    }
