"""`manage.py classroom` as a person runs it: a real supervisor with real parts under it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.support.processes import Process, free_port, free_udp_ports, wait_until

ROOT = Path(__file__).resolve().parent.parent
READY = re.compile(r"^Lectern is ready at (http://127\.0\.0\.1:\d+/)$", re.M)
START_SECONDS = 40.0
SECOND_START_SECONDS = 5.0
STOP_SECONDS = 5.0
BACK_SECONDS = 10.0
REFUSAL_SECONDS = 20.0
COMMAND = [sys.executable, "manage.py", "classroom"]
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class Installation:
    """One folder and two ports, on which Lectern can be started more than once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.media_port = free_port(socket.SOCK_DGRAM)
        self.log = folder.with_name(f"{folder.name}.terminal")
        self.started: list[Process] = []

    def environment(self, **changes: str) -> dict[str, str]:
        """What a start is told; changes go before the rest."""
        own = {
            "PORT": str(self.port),
            "MEDIA_PORT": str(self.media_port),
            "LECTERN_VAR": str(self.folder),
            "LECTERN_DEMO": "1",
            "RELAY_PROCESSES": "1",
        }
        return {**{name: os.environ[name] for name in PASSED_ON if name in os.environ}, **own, **changes}

    def start(self, command: Sequence[str] = COMMAND, changes: Mapping[str, str] | None = None) -> Process:
        """Starts Lectern and waits until it says that it is ready."""
        self.log.unlink(missing_ok=True)
        environment = self.environment(**changes or {})
        process = Process(command, self.log, environment=environment, folder=ROOT)
        self.started.append(process)
        process.wait_until(lambda: READY.search(process.tail()), START_SECONDS, "Lectern being ready")
        return process

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def missing(self) -> set[str]:
        """What /readyz names as missing."""
        status, body = self.get("/readyz")
        content = json.loads(body)
        assert content["ready"] == (status == 200)
        return set(content["missing"])


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """A place for Lectern; whatever a test leaves running there is ended."""
    made = Installation(tmp_path / "var")
    yield made
    for process in made.started:
        family = [psutil.Process(process.pid), *parts_of(process).values()] if process.is_running else []
        process.stop()
        for member in family:
            if member.is_running():
                member.kill()


def parts_of(process: Process) -> dict[str, psutil.Process]:
    """The parts that run under a supervisor (or under make, with the supervisor below it), by module."""
    found = {}
    for child in psutil.Process(process.pid).children(recursive=True):
        # One that has just been killed may be gone by now.
        with contextlib.suppress(psutil.NoSuchProcess):
            words = child.cmdline()
            if "-m" in words:
                found[words[words.index("-m") + 1]] = child
    return found


def end(process: Process, number: signal.Signals, target: int | None = None) -> None:
    """Sends the signal; the whole family must be gone within STOP_SECONDS."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    assert len(family) >= 3
    if target is None:
        os.kill(process.pid, number)
    else:
        os.killpg(target, number)
    gone = time.monotonic() + STOP_SECONDS
    wait_until(lambda: not process.is_running, STOP_SECONDS, lambda: f"it goes on:\n{process.tail()}")
    _, alive = psutil.wait_procs(family, timeout=max(0.1, gone - time.monotonic()))
    for survivor in alive:
        survivor.kill()
    assert not alive, f"still there: {alive}\n{process.tail()}"


def refusal(installation: Installation, **environment: str) -> str:
    """Starts Lectern where that cannot work; returns the one line that it says."""
    ran = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        env=installation.environment(**environment),
        cwd=ROOT,
        timeout=REFUSAL_SECONDS,
        check=False,
    )
    assert ran.returncode != 0
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    return line


def test_make_run_starts_everything_says_where_and_ends_with_ctrl_c(installation: Installation) -> None:
    process = installation.start(["make", "run"])
    said = process.tail()
    assert READY.findall(said) == [f"http://127.0.0.1:{installation.port}/"]
    assert all(f"{name}@demo.school" in said for name in ("admin", "teacher", "student1"))
    assert "outsider@other.school" in said
    assert "lectern-demo" in said
    assert installation.get("/livez")[0] == 200
    assert installation.missing() == set()
    assert 'type="password"' in installation.get("/accounts/login/")[1]
    end(process, signal.SIGINT, target=process.pid)


def test_a_second_start_is_quick_and_finds_everything_again(installation: Installation) -> None:
    end(installation.start(), signal.SIGTERM)
    began = time.monotonic()
    process = installation.start()
    assert time.monotonic() - began <= SECOND_START_SECONDS
    end(process, signal.SIGTERM)
    assert "Traceback" not in (installation.folder / "log" / "web.log").read_text()


def test_a_killed_relay_is_started_again_and_said_so(installation: Installation) -> None:
    process = installation.start()
    relay = parts_of(process)["media_relay"]
    relay.kill()

    def another() -> bool:
        now = parts_of(process).get("media_relay")
        return now is not None and now.pid != relay.pid and not installation.missing()

    process.wait_until(another, BACK_SECONDS, "the relay being back")
    assert "The relay-1 process was ended by SIGKILL; it starts again in 0.2 s." in process.tail()


def relays_of(process: Process) -> dict[str, psutil.Process]:
    """The relays under a supervisor, by their names."""
    children = psutil.Process(process.pid).children(recursive=True)
    relays = [child for child in children if "media_relay" in child.cmdline()]
    return {child.environ()["RELAY_NAME"]: child for child in relays}


def test_there_is_a_relay_for_each_core_with_a_name_port_and_log_of_its_own(
    installation: Installation,
) -> None:
    cores = len(os.sched_getaffinity(0))
    installation.media_port = free_udp_ports(cores)
    process = installation.start(changes={"RELAY_PROCESSES": "", "RELAY_NAME": "school"})
    assert relays_of(process).keys() == {f"school-{number}" for number in range(1, cores + 1)}

    def registered() -> bool:
        logs = sorted((installation.folder / "log").glob("relay-*.log"))
        return len(logs) == cores and all("registered" in log.read_text() for log in logs)

    process.wait_until(registered, BACK_SECONDS, "every relay having registered")
    for number in range(cores):
        log = (installation.folder / "log" / f"relay-{number + 1}.log").read_text()
        assert f"relay school-{number + 1}: media on UDP port {installation.media_port + number}" in log
    end(process, signal.SIGINT)


def test_a_taken_port_of_any_relay_is_named(installation: Installation) -> None:
    installation.media_port = free_udp_ports(3)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", installation.media_port + 2))
        said = refusal(installation, RELAY_PROCESSES="3")
    assert f"UDP port {installation.media_port + 2} " in said


def test_relays_run_without_a_web_tier_of_their_machine(installation: Installation) -> None:
    installation.media_port = free_udp_ports(2)
    own = {"RELAY_PROCESSES": "2", "RELAY_NAME": "far", "RELAY_SECRET": "s3cret-of-the-relays"}
    command = [sys.executable, "-m", "config.supervisor"]
    process = Process(command, installation.log, environment=installation.environment(**own), folder=ROOT)
    installation.started.append(process)
    for number in (1, 2):
        port = installation.media_port + number - 1
        said = rf"relay-{number} \| .*relay far-{number}: media on UDP port {port}"
        process.wait_until(partial(_says, process, said), START_SECONDS, said)
    end(process, signal.SIGTERM)
    assert "s3cret" not in process.tail()


def _says(process: Process, pattern: str) -> bool:
    return re.search(pattern, process.tail()) is not None


def test_a_silent_relay_is_named_as_missing_until_it_speaks(installation: Installation) -> None:
    process = installation.start()
    relay = parts_of(process)["media_relay"]
    relay.suspend()
    process.wait_until(lambda: installation.missing() == {"relay"}, BACK_SECONDS, "the relay being missed")
    assert installation.get("/livez")[0] == 200
    relay.resume()
    process.wait_until(lambda: not installation.missing(), BACK_SECONDS, "the relay being found")


def test_a_killed_web_process_is_started_again(installation: Installation) -> None:
    process = installation.start()
    parts_of(process)["config.server"].kill()

    def answers() -> bool:
        try:
            return not installation.missing()
        except OSError:
            return False

    process.wait_until(lambda: "The web process" in process.tail(), BACK_SECONDS, "the death being noticed")
    process.wait_until(answers, BACK_SECONDS, "the web tier being back")


def test_a_killed_supervisor_takes_its_parts_along(installation: Installation) -> None:
    process = installation.start()
    end(process, signal.SIGKILL)


def test_a_taken_tcp_port_is_named(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.port)):
        said = refusal(installation)
    assert f"TCP port {installation.port} " in said
    assert said.endswith("choose another with PORT.")


def test_a_taken_udp_port_is_named(installation: Installation) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", installation.media_port))
        said = refusal(installation)
    assert f"UDP port {installation.media_port} " in said
    assert said.endswith("choose another with MEDIA_PORT.")


def test_a_foreign_address_is_named(installation: Installation) -> None:
    said = refusal(installation, MEDIA_HOST="192.0.2.1")
    assert "192.0.2.1 is not an address of this machine: choose another with MEDIA_HOST" in said


def test_a_folder_that_cannot_be_written_is_named(installation: Installation, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    said = refusal(installation, LECTERN_VAR=str(in_the_way / "var"))
    assert said.startswith("Lectern can't start: LECTERN_VAR")
    assert str(in_the_way) in said


def test_a_log_folder_that_cannot_be_written_is_named(installation: Installation) -> None:
    installation.folder.mkdir()
    (installation.folder / "log").write_text("")
    said = refusal(installation)
    assert str(installation.folder / "log") in said
    assert said.endswith("choose another with LECTERN_VAR.")


def test_demo_people_are_refused_on_an_address_that_others_reach(installation: Installation) -> None:
    said = refusal(installation, HOST="0.0.0.0")
    assert "LECTERN_DEMO is refused" in said


def test_a_port_that_is_no_number_is_refused(installation: Installation) -> None:
    assert "MEDIA_PORT must be a whole number" in refusal(installation, MEDIA_PORT="many")


# Set-up


def find_python(folder: Path, *, version: str) -> subprocess.CompletedProcess[str]:
    """Looks for Python where the only one there says that it is of this version."""
    old = version < "3.11"
    fake = folder / "python3"
    fake.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}" && exit 0\nexit {int(old)}\n'
    )
    fake.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "find-python"],
        capture_output=True,
        text=True,
        env={"PATH": str(folder)},
        check=False,
    )


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    found = find_python(tmp_path, version="3.10.4")
    assert found.returncode != 0
    assert found.stdout == ""
    (line,) = found.stderr.splitlines()
    assert "Lectern needs Python 3.11 or newer, and found Python 3.10.4" in line


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    found = subprocess.run(
        ["/bin/sh", ROOT / "deploy" / "find-python"],
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
        check=False,
    )
    assert found.returncode != 0
    assert "found none" in found.stderr


def test_a_python_that_is_new_enough_is_found(tmp_path: Path) -> None:
    assert find_python(tmp_path, version="3.12.1").stdout == "python3\n"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout that holds nothing but the set-up and requirements that need no download."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "bootstrap.py", tmp_path / "deploy")
    (tmp_path / "requirements.txt").write_text("# Nothing.\n")
    return tmp_path


def set_up(checkout: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the set-up of a checkout."""
    command = [sys.executable, *options, "deploy/bootstrap.py", "requirements.txt"]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=checkout, env={**os.environ, **environment}, check=False
    )


def test_the_set_up_installs_only_what_has_changed(fresh: Path) -> None:
    first = set_up(fresh)
    assert first.returncode == 0, first.stderr
    assert "Installing requirements.txt." in first.stdout
    assert set_up(fresh).stdout == ""
    (fresh / "requirements.txt").write_text("# Still nothing.\n")
    assert set_up(fresh).stdout == "Installing requirements.txt.\n"


def test_requirements_that_cannot_be_had_are_said_and_tried_again(fresh: Path) -> None:
    (fresh / "requirements.txt").write_text("./missing-folder\n")
    for _ in range(2):
        failed = set_up(fresh)
        assert failed.returncode != 0
        assert failed.stderr.endswith("requirements.txt could not be installed; pip says why above.\n")


def test_a_python_without_venv_is_said(fresh: Path, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    failed = set_up(fresh, PYTHONPATH=str(hidden))
    assert failed.returncode != 0
    (line,) = failed.stderr.splitlines()
    assert "venv module is missing" in line
