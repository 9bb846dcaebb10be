"""One part of an installation: a process that is started, watched, started again and stopped."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import ctypes
import logging
import logging.handlers
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.supervisor.backoff import Backoff

TERM_SECONDS = 3.5
"""How long a part may take to end by itself, usually; with the kill after it, well within five seconds."""
MAX_LINE_BYTES = 64 << 10
LOG_BYTES = 10 << 20
LOG_FILES = 5
TAIL_LINES = 8
"""So much of what a part said last is repeated on the terminal when it dies."""

PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Part:
    """A command that runs for as long as `run` does."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        log: Path | None,
        say: Callable[[str], None],
        term_seconds: float = TERM_SECONDS,
    ) -> None:
        self.name = name
        self._term_seconds = term_seconds
        self._command = command
        self._env = env
        self._say = say
        self._log = _log_to(name, log)
        self._repeats = log is not None
        self._tail: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
        self._backoff = Backoff()

    async def run(self) -> None:
        """Keeps the command running; when cancelled, ends the process and everything that it started."""
        while True:
            started = time.monotonic()
            code = await self._live_once()
            wait = self._backoff.after(time.monotonic() - started)
            for line in self._tail if self._repeats else ():
                self._say(f"{self.name} | {line}")
            self._say(f"The {self.name} process {_how_it_ended(code)}; it starts again in {wait:g} s.")
            await asyncio.sleep(wait)

    async def _live_once(self) -> int:
        self._tail.clear()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=MAX_LINE_BYTES,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )
        self._log.info("started as process %d", process.pid)
        assert process.stdout
        copying = asyncio.create_task(self._copy(process.stdout))
        try:
            return await process.wait()
        finally:
            await _end(process, self._term_seconds)
            copying.cancel()

    async def _copy(self, output: asyncio.StreamReader) -> None:
        """Writes every line of the process to its log."""
        while True:
            try:
                line = await output.readline()
            except ValueError:  # A line over MAX_LINE_BYTES; the reader has dropped it.
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._tail.append(text)
            self._log.info("%s", text)


async def _end(process: asyncio.subprocess.Process, term_seconds: float) -> None:
    """Ends the process and all of its group: first with SIGTERM, then with SIGKILL."""
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(term_seconds):
                await process.wait()
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _die_with(parent: int) -> Callable[[], None] | None:
    """Returns what makes a new process die with its parent, even with a killed one; Linux has that."""
    if sys.platform != "linux":
        return None

    def arrange() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def _how_it_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _log_to(name: str, path: Path | None) -> logging.Logger:
    """Returns the log of a part: a file of its own, or standard error, which all share."""
    handler: logging.Handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"{name} | %(message)s"))
    if path is not None:
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log = logging.getLogger(f"lectern.supervisor.{name}")
    log.propagate = False
    log.setLevel(logging.INFO)
    log.handlers = [handler]
    return log
