"""Limits on single connections that Daphne leaves open: bodies, messages, and what waits to be sent."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from config.sockets import RELAY_PATH

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 5 << 20
"""Daphne buffers a whole body before Django sees any of it; uploads come in parts of at most 4 MB."""
MAX_MESSAGE_BYTES = 64 << 10
"""What a page may send in one message; docs/room-protocol.md."""
MAX_RELAY_MESSAGE_BYTES = 256 << 10
MAX_UNSENT_BYTES = 1 << 20
"""So much may wait for a peer that doesn't read; Daphne's `send` never waits, so nobody else can see it."""

ROOM_FOR_MORE_BYTES = MAX_UNSENT_BYTES // 2
"""An answer in parts goes on when no more than this waits."""
STALLED_SECONDS = 60
"""A peer that takes nothing of an answer for so long is given up."""

MAX_WAITING_MESSAGES = 128
"""So many of a page's messages may wait to be taken up; the room's own limit allows 60 at once."""

NORMAL_CLOSURE = 1000
TOO_FAST = 4429
"""docs/room-protocol.md."""

TOO_LARGE = (
    b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 26\r\n\r\nThis request is too large.\n"[:-1]
)


POLL_SECONDS = 0.02
"""Twisted tells only one producer that its peer has read, and Daphne is none."""


def unsent_bytes(connection: Any) -> int:
    """How much of what was written a connection's peer has not taken yet; 0 once it is closed.

    Twisted's TCP transport offers no public count.
    """
    transport = getattr(connection, "transport", None)
    if transport is None or not getattr(transport, "connected", False):
        return 0
    waiting: int = len(transport.dataBuffer) - transport.offset + transport._tempDataLen
    return waiting


def write_at_once(transport: Any, data: bytes) -> None:
    """Writes what the peer takes now, and leaves the rest to Twisted; nothing overtakes what waits already.

    Twisted's own `write` first waits for the reactor to find that the peer takes anything. Where hundreds are
    told something that is three more system calls for each, and most of what telling them costs.
    """
    is_idle = transport.connected and not (transport.TLS or transport.dataBuffer or transport._tempDataLen)
    sent = transport.writeSomeData(data) if is_idle else 0
    # What it returns for a lost connection is an exception: Twisted finds out by itself.
    if isinstance(sent, int) and sent < len(data):
        transport.write(data[sent:])


class LimitedRequest(WebRequest):
    """Refuses a body over MAX_BODY_BYTES, at once where its length is declared."""

    finished = 0
    _received = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802 (Twisted's name)
        """Is called when the headers are complete; the length is None for a chunked body."""
        super().gotLength(length)
        if (length or 0) > MAX_BODY_BYTES:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        """Is called with every part of the body."""
        self._received += len(data)
        if self._received <= MAX_BODY_BYTES:
            super().handleContentChunk(data)
        else:
            self._refuse()

    def check_timeouts(self) -> None:
        """Ends what takes too long: Daphne's limit is for the whole of an answer, ours for its beginning.

        A film or a large file takes as long as its reader's line; `wait_for_room` ends who takes nothing.
        """
        if not self._response_started:
            super().check_timeouts()

    async def wait_for_room(self) -> None:
        """Waits until the peer has read enough for more to be written; closes one that reads nothing."""
        waited, before = 0.0, unsent_bytes(self.channel)
        while (now := unsent_bytes(self.channel)) > ROOM_FOR_MORE_BYTES:
            waited = waited + POLL_SECONDS if now >= before else 0.0
            before = now
            if waited >= STALLED_SECONDS:
                log.warning("gave up an answer at %r that nobody reads", self.path)
                self.channel.transport.abortConnection()
                return
            await asyncio.sleep(POLL_SECONDS)

    def _refuse(self) -> None:
        if not self.finished:
            self.finished = 1
            self.channel.transport.write(TOO_LARGE)
            self.channel.loseConnection()

    def process(self) -> Any:
        """Hands the request on, unless it was refused."""
        return None if self.finished else super().process()


class LimitedHTTPFactory(HTTPFactory):
    """Makes connections whose requests are limited."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802 (Twisted's name)
        """Returns the protocol of a new connection."""
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = LimitedRequest
        return protocol


class LimitedWebSocket(WebSocketProtocol):
    """Limits what is received, by the path, and what waits to be sent, whatever the path."""

    muted = False
    _is_page = True

    def onConnect(self, request: Any) -> Any:  # noqa: N802 (Autobahn's name)
        """Is called before anything is accepted."""
        self._is_page = request.path != RELAY_PATH
        limit = MAX_MESSAGE_BYTES if self._is_page else MAX_RELAY_MESSAGE_BYTES
        self.maxMessagePayloadSize = self.maxFramePayloadSize = limit
        return super().onConnect(request)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803 (Autobahn's names)
        """Is called with every message; Daphne would let any number wait for a busy application."""
        if self.state != self.STATE_OPEN:
            return
        if self._is_page and self.application_queue.qsize() >= MAX_WAITING_MESSAGES:
            log.warning("closed a socket of %s that sends faster than it is served", self.path)
            self.serverClose(TOO_FAST)
        else:
            super().onMessage(payload, isBinary)

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802 (Daphne's name)
        """Sends a text, or drops a connection whose peer has stopped reading; after the end, nothing.

        The text may be of any size: Autobahn's other ways would hold it to the limit of a page's.
        """
        if self.state != self.STATE_OPEN:
            return
        if unsent_bytes(self) <= MAX_UNSENT_BYTES:
            write_at_once(self.transport, self.factory.frame_of(content))
        elif not self.muted:
            self.muted = True
            log.warning("dropped a socket of %s that does not read", self.path)
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
            self.dropConnection(abort=True)

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802 (Daphne's name)
        """Closes with any code: Daphne's way allows no 1012, by which a server says that it comes back."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=code or NORMAL_CLOSURE)
        elif hasattr(self, "handshake_deferred"):
            self.serverReject()


class LimitedWebSocketFactory(WebSocketFactory):
    """Makes WebSockets that are limited, and frames for what they send."""

    protocol = LimitedWebSocket
    _framed: tuple[str, bytes] | None = None

    def frame_of(self, text: str) -> bytes:
        """A frame for the text, made once for the sockets of a room that are sent it one after the other."""
        if self._framed is None or self._framed[0] is not text:
            self._framed = (text, self.prepareMessage(text.encode(), doNotCompress=True).payloadHybi)
        return self._framed[1]
