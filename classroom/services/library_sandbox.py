"""Where hostile files are opened: a process of its own, without network, secrets or much of anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from django.conf import settings

WORKER = Path(__file__).with_name("library_worker.py")
CHECK_SECONDS = 240
"""A document of 300 pages takes one."""
MAX_ANSWER_BYTES = 8 << 20
KILL_WAIT_SECONDS = 10

_NAMESPACES = ("--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child")
_HIDE = (
    'set -e; mount -t proc proc /proc; mkdir -p "$1/.work"; mount --bind "$2" "$1/.work"; '
    'mount -t tmpfs -o size=1m tmpfs "$3"; cd "$1/.work"; shift 3; exec "$@"'
)
"""Shows of all that the installation has written the work's folder alone: no secrets, no rows."""


class CheckFailedError(Exception):
    """The worker gave no answer: it was killed, ran out of time or memory, or has crashed."""


@cache
def is_complete() -> bool:
    """Whether this machine lets a process be shut off from network, files and other processes."""
    if shutil.which("unshare") is None:
        return False
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as folder:
        command = _command(Path(place), Path(folder), ["test", "-d", "."])
        tried = subprocess.run(  # noqa: S603 (no part of any command comes from outside: paths are made of ids)
            command, capture_output=True, timeout=KILL_WAIT_SECONDS, check=False
        )
    return tried.returncode == 0


def run(folder: Path, *arguments: str) -> bytes:
    """Has the worker look at a material's folder; returns its answer, raises CheckFailedError."""
    with tempfile.TemporaryDirectory(prefix="lectern-") as place:
        # Isolated, so that nothing but the standard library and what is installed can be imported.
        command = [sys.executable, "-I", str(WORKER), *arguments]
        cwd = None if is_complete() else folder
        if is_complete():
            command = _command(Path(place), folder, command)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": place, "TMPDIR": place}
        answer = Path(place) / "answer"
        with answer.open("wb") as output:
            code = _wait(command, cwd, environment, output.fileno())
        if code or answer.stat().st_size > MAX_ANSWER_BYTES:
            raise CheckFailedError(f"the worker ended with {code}")
        return answer.read_bytes()


def _wait(command: list[str], cwd: Path | None, environment: dict[str, str], output: int) -> int:
    process = subprocess.Popen(  # noqa: S603 (as above)
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(CHECK_SECONDS)
    except subprocess.TimeoutExpired:
        raise CheckFailedError("the worker took too long") from None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the worker and whatever it has started."""
    try:
        os.killpg(process.pid, 9)
    except (ProcessLookupError, PermissionError):
        return
    process.wait(KILL_WAIT_SECONDS)


def _command(place: Path, folder: Path, command: list[str]) -> list[str]:
    hidden = str(settings.VAR)
    return ["unshare", *_NAMESPACES, "sh", "-c", _HIDE, "sh", str(place), str(folder), hidden, *command]
