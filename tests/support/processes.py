"""Processes that a test starts, waits for, reads the log of, and ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

POLL_SECONDS = 0.05
STOP_SECONDS = 10.0
MOST_PATIENCE = 8.0
NOBODYS_ADDRESS = "198.51.100.1"
"""Of the addresses that are kept for documentation (RFC 5737)."""
LOG_TAIL_LINES = 60
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def patience() -> float:
    """How much more time things need now than on a quiet machine: the processes that want each core."""
    return min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), MOST_PATIENCE)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def free_udp_ports(count: int) -> int:
    """The first of so many UDP ports in a row of 127.0.0.1 that nobody uses at this moment."""
    while True:
        first = free_port(socket.SOCK_DGRAM)
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError, OverflowError):
            for port in range(first, first + count):
                probe = probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                probe.bind(("127.0.0.1", port))
            return first


def own_address() -> str:
    """An address of this machine that isn't loopback; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((NOBODYS_ADDRESS, 9))
        except OSError:
            raise AssertionError("The tests need a network interface beside loopback.") from None
        address: str = probe.getsockname()[0]
        return address


def wait_until(condition: Callable[[], object], seconds: float, failure: str | Callable[[], str]) -> None:
    """Polls until the condition is true; raises AssertionError with the sentence when the time is over.

    The seconds are those of a quiet machine.
    """
    deadline = time.monotonic() + seconds * patience()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(failure if isinstance(failure, str) else failure())
        time.sleep(POLL_SECONDS)


def answers_on_tcp(port: int) -> bool:
    """Whether something accepts connections at the port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def end_with_starter() -> None:
    """To be run in a new process: it ends when the thread that has started it does, even by `kill -9`."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One running program with its log in a file; a group of its own, so that all of it can be ended."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        environment: Mapping[str, str],
        folder: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.command = list(command)
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=folder,
                start_new_session=True,
                user=user,
                preexec_fn=end_with_starter,
            )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    def tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_until(self, condition: Callable[[], object], seconds: float, what: str) -> None:
        """Waits for a condition; fails at once, with the log, if the process ends before."""

        def met_or_ended() -> bool:
            return bool(condition()) or not self.is_running

        wait_until(met_or_ended, seconds, lambda: f"{what} did not happen in {seconds:g} s:\n{self.tail()}")
        if not self.is_running:
            raise AssertionError(f"{self.command[0]} ended before {what}:\n{self.tail()}")

    def kill(self) -> None:
        """Ends the process at once, as by `kill -9`."""
        self._popen.kill()
        self._popen.wait(STOP_SECONDS)

    def stop(self, ask: signal.Signals = signal.SIGTERM) -> None:
        """Asks the process to end, then ends whatever is left of its group."""
        if self.is_running:
            self._popen.send_signal(ask)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait(STOP_SECONDS)
