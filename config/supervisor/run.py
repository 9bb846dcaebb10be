"""Runs the parts of an installation until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable, Coroutine, Iterable

from config.supervisor.part import Part

POLL_SECONDS = 0.1
PROBE_SECONDS = 5.0
REMIND_SECONDS = 10.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def supervise(
    parts: Iterable[Part], say: Callable[[str], None], *others: Coroutine[None, None, None]
) -> None:
    """Keeps the parts running, and whatever else there is to do beside them, until a stop signal comes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(work) for work in (*(part.run() for part in parts), *others)]
    await stop.wait()
    say("Stopping.")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    say("Lectern has stopped.")


async def announce(
    address: tuple[str, int], on_ready: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Calls `on_ready` once /readyz is good, and says now and then why it is not."""
    loop = asyncio.get_running_loop()
    remind_at = loop.time() + REMIND_SECONDS
    while missing := await what_is_missing(*address):
        if loop.time() >= remind_at:
            say(f"Not ready yet: {missing}")
            remind_at = loop.time() + REMIND_SECONDS
        await asyncio.sleep(POLL_SECONDS)
    on_ready()


async def what_is_missing(host: str, port: int) -> str:
    """Asks /readyz; returns an empty text when all is good, otherwise what is missing."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            status, body = await _get(host, port, "/readyz")
    except (OSError, TimeoutError, ValueError, IndexError):
        return "the web process does not answer"
    if status == 200:
        return ""
    with contextlib.suppress(ValueError, AttributeError):
        return "; ".join(f"{name}: {reason}" for name, reason in json.loads(body)["missing"].items())
    return f"the web process answers with status {status}"


async def _get(host: str, port: int, path: str) -> tuple[int, bytes]:
    """One HTTP request, without a library that would slow down the start."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split()[1]), body
    finally:
        writer.close()
