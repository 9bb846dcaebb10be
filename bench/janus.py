"""Janus' VideoRoom, started and spoken to like our own relay, to have something to compare with."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench import process

PROGRAM = "janus"
PLUGIN = "janus.plugin.videoroom"
ROOM, FEED = 1, 1
START_SECONDS = 10.0
REPLY_SECONDS = 15.0
LOG_TAIL_BYTES = 2_000
MAX_MESSAGE_BYTES = 1 << 20

_SUBPROTOCOL = Subprotocol("janus-protocol")
# What is not said here is as Debian has it. ICE-lite is what our relay does, too: the clients check.
_MAIN = """
general: {{
    plugins_folder = "{libraries}/plugins"
    transports_folder = "{libraries}/transports"
    debug_level = 3
    session_timeout = 0
    {event_loops}
}}
nat: {{ ice_lite = true }}
plugins: {{ disable = "{other_plugins}" }}
transports: {{ disable = "{other_transports}" }}
"""
_WEBSOCKETS = """
general: {{ ws = true, ws_port = {port}, ws_ip = "127.0.0.1", wss = false }}
admin: {{ admin_ws = false, admin_wss = false }}
"""
_VIDEOROOM = """
room-1: { description = "bench", publishers = 1, audiocodec = "opus", videocodec = "vp8" }
"""


class JanusError(Exception):
    """Janus did not start or has refused; the message says which."""


def is_installed() -> bool:
    """Whether there is a Janus to compare with."""
    return shutil.which(PROGRAM) is not None


class Janus:
    """A Janus with one room, on ports of its own; an `Sfu`.

    `event_loops` is how many threads share the connections, 0 is Debian's default of one for each.
    """

    def __init__(self, event_loops: int = 0) -> None:
        self.name = f"Janus, {event_loops} event loops" if event_loops else "Janus"
        self.version = ""
        self._event_loops = event_loops
        self._folder = tempfile.TemporaryDirectory(prefix="lectern-bench-janus-")
        self._log = Path(self._folder.name) / "log"
        self._process: asyncio.subprocess.Process | None = None
        self._link: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._session = 0
        self._transactions = itertools.count(1)
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._handles: dict[str, int] = {}

    async def start(self) -> None:
        """Returns once the room is there; raises JanusError."""
        port = process.free_port(socket.SOCK_STREAM)
        self._configure(port)
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                PROGRAM, "--configs-folder", self._folder.name, "--disable-colors", stdout=log, stderr=log
            )
        self._link = await self._dial(f"ws://127.0.0.1:{port}")
        self._reader = asyncio.create_task(self._read(self._link))
        self._session = (await self._ask("create"))["data"]["id"]
        info = await self._ask("info", session=False)
        self.version = info["version_string"]

    async def stop(self) -> None:
        """Ends the process, politely first."""
        if self._reader:
            self._reader.cancel()
        if self._link:
            await self._link.close()
        if self._process:
            await process.end(self._process)
        self._folder.cleanup()

    def cpu_seconds(self) -> float:
        """Returns the processor time of all its threads."""
        assert self._process
        return process.cpu_seconds(self._process.pid)

    def rss_kb(self) -> int:
        """Returns the resident memory."""
        assert self._process
        return process.rss_kb(self._process.pid)

    async def publish(self, offer: str) -> str:
        """Fills the room; returns the answer."""
        body = {"request": "joinandconfigure", "ptype": "publisher", "room": ROOM, "id": FEED}
        event = await self._message(await self._attach(), body, {"type": "offer", "sdp": offer})
        return str(event["jsep"]["sdp"])

    async def subscribe(self, viewer: str) -> str:
        """Returns the offer to a viewer."""
        handle = self._handles[viewer] = await self._attach()
        body = {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": FEED}]}
        return str((await self._message(handle, body))["jsep"]["sdp"])

    async def answer(self, viewer: str, sdp: str) -> None:
        """Gives the viewer's answer."""
        await self._message(self._handles[viewer], {"request": "start"}, {"type": "answer", "sdp": sdp})

    async def _attach(self) -> int:
        reply = await self._ask("attach", plugin=PLUGIN)
        return int(reply["data"]["id"])

    async def _message(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        described: dict[str, Any] = {"jsep": jsep} if jsep else {}
        event = await self._ask("message", handle_id=handle, body=body, **described)
        data = event["plugindata"]["data"]
        if "error" in data:
            raise JanusError(f"{body['request']}: {data['error']}")
        return event

    async def _ask(self, verb: str, *, session: bool = True, **fields: Any) -> dict[str, Any]:
        assert self._link
        transaction = str(next(self._transactions))
        request = {"janus": verb, "transaction": transaction, **fields}
        if session and self._session:
            request["session_id"] = self._session
        future = self._replies[transaction] = asyncio.get_running_loop().create_future()
        try:
            await self._link.send(json.dumps(request))
            return await asyncio.wait_for(future, REPLY_SECONDS)
        finally:
            del self._replies[transaction]

    async def _read(self, link: ClientConnection) -> None:
        async for text in link:
            message = json.loads(text)
            future = self._replies.get(message.get("transaction", ""))
            # A message is acknowledged first, what it has led to comes as an event.
            if future is None or future.done() or message["janus"] == "ack":
                continue
            if message["janus"] == "error":
                future.set_exception(JanusError(message["error"]["reason"]))
            else:
                future.set_result(message)

    async def _dial(self, url: str) -> ClientConnection:
        assert self._process
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.returncode is None:
            with contextlib.suppress(OSError):
                return await connect(url, subprotocols=[_SUBPROTOCOL], max_size=MAX_MESSAGE_BYTES)
            await asyncio.sleep(0.1)
        await self.stop()
        raise JanusError(f"Janus did not start:\n{self._log.read_bytes()[-LOG_TAIL_BYTES:].decode()}")

    def _configure(self, port: int) -> None:
        libraries = _libraries()
        folder = Path(self._folder.name)
        loops = f"event_loops = {self._event_loops}" if self._event_loops else ""
        main = _MAIN.format(
            libraries=libraries,
            event_loops=loops,
            other_plugins=_others(libraries / "plugins", "videoroom"),
            other_transports=_others(libraries / "transports", "websockets"),
        )
        (folder / "janus.jcfg").write_text(main)
        (folder / "janus.transport.websockets.jcfg").write_text(_WEBSOCKETS.format(port=port))
        (folder / "janus.plugin.videoroom.jcfg").write_text(_VIDEOROOM)


def _libraries() -> Path:
    """Where Debian keeps Janus' plugins, whatever the processor."""
    for folder in Path("/usr/lib").glob("*/janus"):
        return folder
    raise JanusError("Janus has no plugins under /usr/lib")


def _others(folder: Path, name: str) -> str:
    return ",".join(path.name for path in sorted(folder.glob("libjanus_*.so")) if name not in path.name)
