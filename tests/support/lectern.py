"""A running Lectern: the real processes under their supervisor, on ports and in a folder of their own."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.support.processes import Process, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40.0
BACK_SECONDS = 15.0
COMMAND_SECONDS = 60.0
LOG_TAIL_LINES = 80
RELAY_WORD = "media_relay"
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
"""All else of the tests' own environment would make this installation differ from machine to machine."""


class Lectern:
    """An installation with the cast in its database."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.media_port = free_port(socket.SOCK_DGRAM)
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = self._environment(settings)
        self.manage("migrate", "--verbosity=0")
        self._hand = self._start_hand()
        self.cast: Mapping[str, str] = self.ask("make_cast")
        self._process = self._start()

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        own = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "MEDIA_HOST": "127.0.0.1",
            "MEDIA_PORT": str(self.media_port),
            "RELAY_PROCESSES": "1",
            "LECTERN_VAR": str(self.folder),
            "LECTERN_DEMO": "0",
            "PYTHONUNBUFFERED": "1",
        }
        return {**kept, **own, **settings}

    def _start(self) -> Process:
        command = [sys.executable, "manage.py", "classroom"]
        log = self.folder / "supervisor.log"
        process = Process(command, log, environment=self.environment, folder=ROOT)
        try:
            process.wait_until(self.is_ready, START_SECONDS, "Lectern being ready")
        except AssertionError:
            process.stop()
            raise
        return process

    def _start_hand(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.support.hand"]
        with (self.folder / "hand.log").open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.environment,
                cwd=ROOT,
            )

    def ask(self, helper: str, **arguments: Any) -> Any:
        """Lets one of `tests.support.hand.HELPERS` run inside the installation; returns its result."""
        assert self._hand.stdin
        assert self._hand.stdout
        self._hand.stdin.write(json.dumps([helper, arguments]) + "\n")
        self._hand.stdin.flush()
        line = self._hand.stdout.readline()
        assert line, f"the hand has ended:\n{(self.folder / 'hand.log').read_text()}"
        answer: dict[str, Any] = json.loads(line)
        assert "error" not in answer, answer.get("error")
        return answer["result"]

    def manage(self, *arguments: str) -> str:
        """Runs a management command in the installation; returns what it printed."""
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=ROOT,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, f"manage.py {' '.join(arguments)} failed:\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def is_ready(self) -> bool:
        """Whether /readyz is good."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def room_url(self, lesson: str) -> str:
        """The address of a lesson's room."""
        return f"{self.url}/lessons/{lesson}/room/"

    def _part(self, relay: bool) -> psutil.Process | None:
        """The process of the relay or of the web tier."""
        for process in psutil.Process(self._process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(RELAY_WORD in word for word in process.cmdline()) == relay:
                    return process
        return None

    def _new_part(self, relay: bool, old: int) -> bool:
        part = self._part(relay)
        return part is not None and part.pid != old

    def _end_part(self, relay: bool, *, kill: bool) -> None:
        part = self._part(relay)
        name = "relay" if relay else "web process"
        assert part, f"there is no {name}:\n{self.logs()}"
        if kill:
            part.kill()
        else:
            part.terminate()
        wait_until(lambda: self._new_part(relay, part.pid), BACK_SECONDS, f"the {name} was not started again")

    def kill_relay(self) -> None:
        """Ends the relay at once, as `kill -9` does; returns when the supervisor has started another."""
        self._end_part(relay=True, kill=True)

    def restart_web(self) -> None:
        """Asks the web process to end; returns when the supervisor has started another."""
        self._end_part(relay=False, kill=False)

    def kill_web(self) -> None:
        """Ends the web process at once; returns when the supervisor has started another."""
        self._end_part(relay=False, kill=True)

    def web_pid(self) -> int:
        """The web process's id."""
        part = self._part(relay=False)
        assert part, f"there is no web process:\n{self.logs()}"
        return part.pid

    def relay_pid(self) -> int | None:
        """The relay's process id, None while there is none."""
        part = self._part(relay=True)
        return part.pid if part else None

    def relays(self) -> dict[str, psutil.Process]:
        """The processes of all relays by their names."""
        found = {}
        for process in psutil.Process(self._process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if RELAY_WORD in process.cmdline():
                    found[process.environ()["RELAY_NAME"]] = process
        return found

    def wait_for_another_relay(self, old: int | None) -> None:
        """Waits until the supervisor has started a relay in the place of one that has ended."""
        assert old is not None
        wait_until(lambda: self._new_part(True, old), BACK_SECONDS, "the relay was not started again")

    def logs(self) -> str:
        """The ends of all logs, for the report of a failure."""
        parts = []
        for log in sorted(self.folder.rglob("*.log")):
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
            parts.append(f"--- {log.relative_to(self.folder)}\n{tail}")
        return "\n".join(parts)

    def stop(self) -> None:
        """Ends everything."""
        assert self._hand.stdin
        self._hand.stdin.close()
        self._hand.wait(COMMAND_SECONDS)
        self._process.stop()
