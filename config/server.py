"""The web process: `python -m config.server`.

Reads HOST and PORT (where to listen) and whatever else `config.configuration` reads. The database must have
been migrated and, for LECTERN_MODE=production, static files collected. Ends with exit code 1 and one sentence
when it can't start. SIGTERM or SIGINT drains: no new connections, every WebSocket is closed with 1012 ("come
back"), requests under way may end within DRAIN_SECONDS; a second signal ends at once.

Forwarding headers are left to Django and allauth: Daphne would believe the first address in X-Forwarded-For,
which is the one that anybody can write.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import Any, NoReturn

import daphne.server  # First, since it chooses Twisted's reactor.
from django.core.exceptions import ImproperlyConfigured
from twisted.internet import reactor

from config.connections import (
    MAX_MESSAGE_BYTES,
    LimitedHTTPFactory,
    LimitedRequest,
    LimitedWebSocket,
    LimitedWebSocketFactory,
)

log = logging.getLogger(__name__)

HTTP_TIMEOUT = 60
"""Seconds in which a request must be answered."""
HANDSHAKE_SECONDS = 20
"""So long a page may stand at a room's door: whoever is sent away dials again, which makes it longer."""
BACKLOG = 1024
"""A whole school reconnects at once after a restart."""
DRAIN_SECONDS = 2.5
"""Well within the time that a supervisor gives before it kills."""
POLL_SECONDS = 0.05
SWITCH_SECONDS = 0.0005
"""So long a thread may keep the interpreter: Python's own 5 ms add up where hundreds are told something."""
SERVICE_RESTART = 1012


class WebServer(daphne.server.Server):
    """Daphne's server, with our limits and a gentle end."""

    failure = ""
    """Why it couldn't listen."""

    def run(self) -> None:
        """Serves until it is told to stop."""
        # Daphne names its factories in its module and offers no other way to choose them.
        daphne.server.HTTPFactory = LimitedHTTPFactory
        daphne.server.WebSocketFactory = LimitedWebSocketFactory
        reactor.callWhenRunning(self._listen_for_signals)
        super().run()

    def listen_success(self, port: Any) -> None:
        """Keeps the port, to close it first when draining."""
        self._ports = [*getattr(self, "_ports", []), port]
        super().listen_success(port)

    def listen_error(self, failure: Any) -> None:
        """Stops when the port can't be had."""
        self.failure = failure.getErrorMessage()
        self.stop()

    def kill_all_applications(self) -> Any:
        """Cancels what is left; Daphne's own stumbles over connections whose application has ended."""
        for details in self.connections.values():
            if (task := details.get("application_instance")) and not task.done():
                task.cancel()

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        """Hands a message to its connection; a long answer is written as fast as it is read."""
        await super().handle_reply(protocol, message)
        if message.get("more_body") and isinstance(protocol, LimitedRequest):
            await protocol.wait_for_room()

    def _listen_for_signals(self) -> None:
        self._draining: asyncio.Task[None] | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_event_loop().add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self._draining:
            self.stop()
        else:
            self._draining = asyncio.get_event_loop().create_task(self._drain())
            self._draining.add_done_callback(lambda _: self.stop())

    async def _drain(self) -> None:
        for port in getattr(self, "_ports", []):
            port.stopListening()
        for protocol in list(self.connections):
            if isinstance(protocol, LimitedWebSocket):
                protocol.serverClose(SERVICE_RESTART)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                # The tasks are Daphne's: nothing but a look tells their end.
                while self._is_busy():  # noqa: ASYNC110 (Daphne tells nobody when it is through)
                    await asyncio.sleep(POLL_SECONDS)

    def _is_busy(self) -> bool:
        tasks = (details.get("application_instance") for details in self.connections.values())
        return self.is_working() or any(task and not task.done() for task in tasks)

    def is_working(self) -> bool:
        """Whether anything is under way that belongs to no connection."""
        return False


class ClassroomServer(WebServer):
    """Lets the rooms' services end, and tell what they have done."""

    def is_working(self) -> bool:
        """Whether a service is at work for a room."""
        from classroom.live.database import is_in_use

        return is_in_use()


def endpoint(host: str, port: int) -> str:
    """Returns the description of a TCP address as Twisted reads it."""
    interface = host.strip("[]").replace(":", r"\:")
    return f"tcp:port={port}:interface={interface}:backlog={BACKLOG}"


def main() -> int:
    """Runs the web process; returns its exit code."""
    try:
        from django.conf import settings

        from config.asgi import application

        host, port = settings.CONFIGURATION.host, settings.CONFIGURATION.port
    except ImproperlyConfigured as problem:
        print(f"Lectern can't start: {problem}", file=sys.stderr)
        return 1
    server = ClassroomServer(
        application,
        endpoints=[endpoint(host, port)],
        signal_handlers=False,
        http_timeout=HTTP_TIMEOUT,
        websocket_handshake_timeout=HANDSHAKE_SECONDS,
        websocket_max_message_size=MAX_MESSAGE_BYTES,
        websocket_max_frame_size=MAX_MESSAGE_BYTES,
        server_name="",
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    server.run()
    if server.failure:
        print(f"Lectern can't listen on {host} port {port} (HOST, PORT): {server.failure}", file=sys.stderr)
        return 1
    return 0


def leave(code: int) -> NoReturn:
    """Ends the process at once: a thread that waits for the loop, which is over, would keep it for ever."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
