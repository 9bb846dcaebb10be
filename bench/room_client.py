"""Pages of a room that cost next to nothing: a WebSocket client that counts and times what it hears.

It reads just as much of RFC 6455 as the web tier writes: whole, unmasked frames of text.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import time
import zlib
from collections.abc import Callable
from typing import Any

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FINAL = 0x80
MASK = 0x80
SHORT, MEDIUM, LONG = 125, 126, 127
STAMP = b"bench:"
"""Stands before the time, in nanoseconds, at which a text was sent."""
STAMP_DIGITS = 19
STAMPS = re.compile(STAMP + rb"([0-9]{%d})" % STAMP_DIGITS)
PING_SECONDS = 10.0


def stamp() -> str:
    """A text that tells when it was sent."""
    return f"{STAMP.decode()}{time.monotonic_ns():0{STAMP_DIGITS}}"


class RoomClient(asyncio.Protocol):
    """One page; `delays` are the seconds that stamped texts took to come."""

    def __init__(self, address: str, lesson: str, number: int, session: str) -> None:
        self.number, self.session = number, session
        self._request = _upgrade(address, lesson, number, session)
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next_id = 1
        self._is_open = False
        self._pinging: asyncio.TimerHandle | None = None
        self._dialled = time.monotonic()
        self.waited = 0.0
        """Seconds from dialling to the snapshot."""
        self.entered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.snapshot: dict[str, Any] = {}
        self.delays: list[float] = []
        self.board = 0
        """A running check sum over the operations of the board, in the order heard."""
        self.closed: int | None = None
        self.on_message: Callable[[bytes], None] | None = None

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks for the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Takes what has come."""
        self._buffer += data
        if not self._is_open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head[:20]:
                self.entered.set_exception(ConnectionError(head[:40].decode("latin-1")))
                return
            self._is_open = True
            self._buffer = rest
            self._ping_later()
        self._read_frames()

    def connection_lost(self, error: Exception | None) -> None:
        """Notes that the line is gone."""
        if self.closed is None:
            self.closed = 1006
        if self._pinging is not None:
            self._pinging.cancel()
        if not self.entered.done():
            self.entered.set_exception(ConnectionError("the line was lost"))
        for waiting in self._replies.values():
            if not waiting.done():
                waiting.cancel()

    # Frames

    def _read_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == MEDIUM:
                start += 2
                length = int.from_bytes(buffer[at + 2 : start], "big")
            elif length == LONG:
                start += 8
                length = int.from_bytes(buffer[at + 2 : start], "big")
            if len(buffer) < start + length or start > len(buffer):
                break
            self._take(buffer[at] & 0xF, bytes(buffer[start : start + length]))
            at = start + length
        del buffer[:at]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._send(PONG, payload)
        elif kind == CLOSE:
            self.closed = int.from_bytes(payload[:2], "big")
        elif kind == TEXT:
            self._hear(payload)

    def _hear(self, payload: bytes) -> None:
        now = time.monotonic_ns()
        if STAMP in payload and not payload.startswith(b'{"id"'):
            self.delays += ((now - int(sent)) / 1e9 for sent in STAMPS.findall(payload))
        if payload.startswith(b'{"type":"board.ops"') or payload.startswith(b'{"type": "board.ops"'):
            self.board = zlib.crc32(payload, self.board)
        elif payload.startswith(b'{"id"'):
            message = json.loads(payload)
            waiting = self._replies.pop(message["id"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        elif not self.entered.done() and b'"room.snapshot"' in payload[:40]:
            self.waited = time.monotonic() - self._dialled
            self.snapshot = json.loads(payload)["body"]
            self.entered.set_result(self.snapshot)

    def _send(self, kind: int, payload: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        size = len(payload)
        if size <= SHORT:
            head = bytes((FINAL | kind, MASK | size))
        else:
            head = bytes((FINAL | kind, MASK | MEDIUM)) + size.to_bytes(2, "big")
        # A mask of zeros is a mask, too (RFC 6455 section 5.3 wants it from browsers' randomness).
        self._transport.write(head + bytes(4) + payload)

    # A page's side

    def request(self, kind: str, body: dict[str, Any]) -> asyncio.Future[dict[str, Any]]:
        """Sends a request; the future is its reply."""
        self._next_id += 1
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[self._next_id] = reply
        self._send(TEXT, json.dumps({"id": self._next_id, "type": kind, "body": body}).encode())
        return reply

    def ping(self) -> None:
        """Shows that the page is there."""
        self.request("room.ping", {})

    def _ping_later(self) -> None:
        """Pings as pages do: every PING_SECONDS from when their line is open, let in or not."""
        self._pinging = asyncio.get_running_loop().call_later(PING_SECONDS, self._ping_on)

    def _ping_on(self) -> None:
        self.ping()
        self._ping_later()

    def close(self) -> None:
        """Breaks the line."""
        if self._transport is not None:
            self._transport.abort()


def _upgrade(address: str, lesson: str, number: int, session: str) -> bytes:
    lines = (
        f"GET /ws/lessons/{lesson}/?client=bench-page-{number:05} HTTP/1.1",
        f"Host: {address}",
        f"Origin: http://{address}",
        f"Cookie: sessionid={session}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "",
        "",
    )
    return "\r\n".join(lines).encode()
