"""What the system says a process has used, and how it is ended."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from pathlib import Path

POLITE_SECONDS = 2.0
STOPS = (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL)
"""A relay takes a second SIGTERM for: at once."""


def cpu_seconds(pid: int) -> float:
    """Returns the time on processors of all threads, user and system; raises ProcessLookupError."""
    try:
        # clock_getcpuclockid(3) as the kernel numbers it: exact, where /proc counts in hundredths.
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        raise ProcessLookupError(f"process {pid} is gone") from None


def rss_kb(pid: int) -> int:
    """Returns the resident memory; raises ProcessLookupError."""
    with contextlib.suppress(FileNotFoundError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    raise ProcessLookupError(f"process {pid} is gone")


async def end(process: asyncio.subprocess.Process) -> None:
    """Ends a process of ours, politely first."""
    for number in STOPS:
        if process.returncode is not None:
            return
        process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), POLITE_SECONDS)


def free_port(kind: socket.SocketKind) -> int:
    """Returns a port of 127.0.0.1 that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
