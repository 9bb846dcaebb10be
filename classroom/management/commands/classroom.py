"""`manage.py classroom`: Lectern in one terminal."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError

from config.supervisor.part import Part
from config.supervisor.preflight import CannotStartError, check_ports
from config.supervisor.run import supervise

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound
"""Where a server that listens on every address is reached from here."""


class Command(BaseCommand):
    """Prepares the database, then runs web and relay until it is told to stop."""

    help = "Runs Lectern: the web tier and a relay, started again when they die. Ctrl-C stops all."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        """Starts everything; ends with one sentence where that cannot work."""
        host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
        media_host = os.environ.get("MEDIA_HOST", host)
        media_port = int(os.environ.get("MEDIA_PORT", "7400"))
        try:
            check_ports(host, port, media_host, media_port)
        except CannotStartError as problem:
            raise CommandError(str(problem)) from None
        self._prepare_database()
        environment = {
            **os.environ,
            "HOST": host,
            "PORT": str(port),
            "MEDIA_HOST": media_host,
            "MEDIA_PORT": str(media_port),
            "PYTHONUNBUFFERED": "1",
            "RELAY_SECRET": settings.RELAY_SECRET,
            "RELAY_WEB_URL": f"ws://{_in_url(_reachable(host))}:{port}/ws/relays/",
        }
        log = Path(settings.VAR) / "log"
        log.mkdir(exist_ok=True)
        web = [sys.executable, "-m", "config.server"]
        if not importlib.util.find_spec("config.server"):
            web = [sys.executable, "-m", "daphne", "-b", host, "-p", str(port), "config.asgi:application"]
        parts = [
            Part(name, command, environment, log / f"{name}.log", self._say)
            for name, command in (("web", web), ("relay", [sys.executable, "-m", "media_relay"]))
        ]
        asyncio.run(supervise(parts, (_reachable(host), port), lambda: self._ready(host, port), self._say))

    def _prepare_database(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if os.environ.get("LECTERN_DEMO", "") in ("1", "on", "true") and "seed_demo" in get_commands():
            call_command("seed_demo", verbosity=0)

    def _ready(self, host: str, port: int) -> None:
        self._say(f"Lectern is ready at http://{_in_url(_reachable(host))}:{port}/")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()


def _reachable(host: str) -> str:
    """The address at which a server that listens on `host` is reached from here."""
    return ANY_ADDRESS.get(host, host)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
