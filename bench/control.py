"""A stand-in for the web tier: it starts a relay of its own and speaks `media_relay.protocol` with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from bench import process
from media_relay import protocol

PATH = "/ws/relays/"
START_SECONDS = 15.0
REPLY_SECONDS = 15.0
LOG_TAIL_BYTES = 4_000

Reply = TypeVar("Reply", protocol.Offer, protocol.Accepted, protocol.Done)


class RelayError(Exception):
    """The relay did not start, has died or has refused; the message says which."""


class WebEnd:
    """The web's end of the control link, for one relay."""

    def __init__(self) -> None:
        self.secret = secrets.token_urlsafe(32)
        self.load: protocol.Load | None = None
        self.changes: list[protocol.ConnectionChanged] = []
        self.registered = asyncio.Event()
        self._server: Server | None = None
        self._link: ServerConnection | None = None
        self._replies: dict[str, asyncio.Future[Any]] = {}
        self._requests = 0

    async def start(self) -> None:
        """Listens on a free loopback port."""
        self._server = await serve(
            self._serve_relay,
            "127.0.0.1",
            0,
            process_request=self._refuse_strangers,
            max_size=protocol.MAX_MESSAGE_BYTES,
        )

    @property
    def url(self) -> str:
        """Where the relay has to dial in."""
        assert self._server
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{PATH}"

    async def stop(self) -> None:
        """Ends the link."""
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def send(self, message: protocol.FromWeb) -> None:
        """Sends a message that has no reply."""
        if self._link is None:
            raise RelayError("the relay has no control link")
        await self._link.send(protocol.encode(message))

    async def subscribe(self, room: str, participant: str, client: str) -> protocol.Offer:
        """Asks for an offer."""
        request = protocol.Subscribe(self._next_id(), room, participant, client)
        return await self._ask(request, protocol.Offer)

    async def answer(self, room: str, participant: str, client: str, sdp: str) -> protocol.Done:
        """Gives the answer to an offer."""
        request = protocol.Answer(self._next_id(), room, participant, client, sdp)
        return await self._ask(request, protocol.Done)

    async def publish(
        self, room: str, participant: str, client: str, sdp: str, sources: Mapping[str, str]
    ) -> protocol.Accepted:
        """Gives a publisher's offer and returns the relay's answer."""
        request = protocol.Publish(self._next_id(), room, participant, client, sdp, sources)
        return await self._ask(request, protocol.Accepted)

    def _next_id(self) -> str:
        self._requests += 1
        return str(self._requests)

    async def _ask(
        self, request: protocol.Subscribe | protocol.Answer | protocol.Publish, kind: type[Reply]
    ) -> Reply:
        future = asyncio.get_running_loop().create_future()
        self._replies[request.id] = future
        try:
            await self.send(request)
            reply = await asyncio.wait_for(future, REPLY_SECONDS)
        finally:
            del self._replies[request.id]
        if not isinstance(reply, kind):
            raise RelayError(f"{type(request).__name__} was answered by {reply}")
        return reply

    def _refuse_strangers(self, link: ServerConnection, request: Request) -> Response | None:
        if request.path != PATH or request.headers.get("Authorization") != f"Bearer {self.secret}":
            return link.respond(HTTPStatus.FORBIDDEN, "not a relay of this bench\n")
        return None

    async def _serve_relay(self, link: ServerConnection) -> None:
        self._link = link
        # However the relay ends the link: a run that still needed it fails by its own deadline.
        with contextlib.suppress(ConnectionClosed):
            async for text in link:
                await self._receive(link, protocol.decode(text))

    async def _receive(self, link: ServerConnection, message: protocol.Message) -> None:
        if isinstance(message, protocol.Register):
            await link.send(protocol.encode(protocol.Registered()))
            self.registered.set()
        elif isinstance(message, protocol.Load):
            self.load = message
            if message.draining:
                # There is no other relay: it need not wait for anybody to move.
                await link.send(protocol.encode(protocol.Moved(0)))
        elif isinstance(message, protocol.ConnectionChanged):
            self.changes.append(message)
        else:
            self._settle(message)

    def _settle(self, message: protocol.Message) -> None:
        future = self._replies.get(getattr(message, "id", ""))
        if future and not future.done():
            future.set_result(message)


class RelayProcess:
    """A relay as a process of its own, and what the system says of its cost."""

    def __init__(self, web: WebEnd, capacity: int, profile: Path | None = None) -> None:
        self._web = web
        self._capacity = capacity
        self._profile = profile
        self._process: asyncio.subprocess.Process | None = None
        self._var = tempfile.TemporaryDirectory(prefix="lectern-bench-")
        self._log = Path(self._var.name) / "relay.log"
        self._metrics_port = process.free_port(socket.SOCK_STREAM)

    async def start(self) -> None:
        """Returns once the relay has registered; raises RelayError with its last words if it doesn't."""
        profiler = ["-m", "cProfile", "-o", str(self._profile)] if self._profile else []
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *profiler,
                "-m",
                "media_relay",
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        died = asyncio.create_task(self._process.wait())
        registered = asyncio.create_task(self._web.registered.wait())
        await asyncio.wait([died, registered], timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        died.cancel()
        if not registered.done():
            registered.cancel()
            await self.stop()
            raise RelayError(f"the relay did not register:\n{self.log_tail()}")

    async def stop(self) -> None:
        """Ends the process, politely first."""
        if self._process:
            await process.end(self._process)

    def log_tail(self) -> str:
        """Returns the end of what the relay has written."""
        return self._log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")

    def cpu_seconds(self) -> float:
        """Returns the processor time of the process."""
        return process.cpu_seconds(self._pid())

    def rss_kb(self) -> int:
        """Returns the resident memory."""
        return process.rss_kb(self._pid())

    async def metrics(self) -> dict[str, float]:
        """Returns what the relay tells Prometheus: samples by name, with their labels as they are written."""
        self._pid()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._metrics_port)
        try:
            writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
            text = (await reader.read()).decode()
        finally:
            writer.close()
        return read_metrics(text.partition("\r\n\r\n")[2])

    def _pid(self) -> int:
        if self._process is None or self._process.returncode is not None:
            raise RelayError(f"the relay has died:\n{self.log_tail()}")
        return self._process.pid

    def _environment(self) -> dict[str, str]:
        settings = {
            "RELAY_WEB_URL": self._web.url,
            "RELAY_SECRET": self._web.secret,
            "RELAY_NAME": "bench",
            "RELAY_CAPACITY": str(self._capacity),
            "RELAY_METRICS": f"127.0.0.1:{self._metrics_port}",
            "MEDIA_HOST": "127.0.0.1",
            "MEDIA_PORT": str(process.free_port(socket.SOCK_DGRAM)),
            "LECTERN_VAR": self._var.name,
        }
        foreign = {"PUBLIC_IP", *(f"{name}_FILE" for name in settings)}
        return {name: value for name, value in os.environ.items() if name not in foreign} | settings


def read_metrics(text: str) -> dict[str, float]:
    """Reads Prometheus' text format: `name{labels}` and a value a line."""
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}
