"""The control link: the relay dials in to the web tier, and again whenever the line breaks."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode

from media_relay import protocol

MIN_BACKOFF = 0.2
MAX_BACKOFF = 2.0
OPEN_SECONDS = 5.0
PING_SECONDS = 5.0
MIN_LOAD_INTERVAL = 0.1
NOT_UNDERSTOOD = 4400
"""The code with which the web tier closes the line of whoever speaks another version of the protocol."""
MAX_UNSENT = 10_000
MAX_ENDED = 2_000

logger = logging.getLogger(__name__)


class ControlLink:
    """Registers, reports load, hands each message to `handle` and sends its reply.

    Media never waits for it: while the line is down, what would be said is dropped, but for word of
    connections that have ended, for which nothing else would tell.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        register: Callable[[], protocol.Register],
        load: Callable[[], protocol.Load],
        handle: Callable[[protocol.Message], protocol.Message | None],
    ) -> None:
        self._url = url
        self._secret = secret
        self._register = register
        self._load = load
        self._handle = handle
        self._outbox: asyncio.Queue[protocol.Message] | None = None
        self._ended: deque[protocol.ConnectionChanged] = deque(maxlen=MAX_ENDED)
        """What could not be said of connections that are gone."""
        self._interval = protocol.Registered().load_interval
        self._complaint = ""
        self.is_registered = False
        """Whether the web tier is there and knows the relay."""

    def report(self) -> None:
        """Says now what the relay carries, not only when it is due."""
        self.send(self._load())

    def send(self, message: protocol.Message) -> None:
        """Sends a message if the line is up and has room."""
        if self._outbox is not None and not self._outbox.full():
            self._outbox.put_nowait(message)
        elif isinstance(message, protocol.ConnectionChanged) and message.state == "closed":
            self._ended.append(message)

    async def run(self) -> None:
        """Keeps the line up until cancelled."""
        backoff = MIN_BACKOFF
        while True:
            try:
                line = await self._dial()
                backoff = MIN_BACKOFF
                await self._serve(line)
            # A redirect to what is no address is a ValueError.
            except (OSError, TimeoutError, WebSocketException, ValueError) as error:
                self._complain(error)
            await asyncio.sleep(backoff * random.uniform(0.5, 1))  # noqa: S311  # spreads dialling, hides nothing
            backoff = min(MAX_BACKOFF, backoff * 2)

    def _dial(self) -> connect:
        return connect(
            self._url,
            additional_headers={"Authorization": f"Bearer {self._secret}"},
            max_size=protocol.MAX_MESSAGE_BYTES,
            open_timeout=OPEN_SECONDS,
            close_timeout=1,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            proxy=None,
            compression=None,
        )

    def _complain(self, error: Exception) -> None:
        """Logs why the line is down, once for each reason."""
        complaint = f"the web tier is out of reach: {error}"
        if isinstance(error, InvalidStatus):
            complaint = "the web tier refuses the secret"
        elif isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code == NOT_UNDERSTOOD:
            complaint = "the web tier does not understand this relay: both must be of one release"
        if complaint != self._complaint:
            self._complaint = complaint
            logger.warning("control link: %s", complaint)

    async def _serve(self, line: ClientConnection) -> None:
        outbox = self._outbox = asyncio.Queue(MAX_UNSENT)
        tasks = [
            asyncio.create_task(self._write(line, outbox)),
            asyncio.create_task(self._report(outbox)),
        ]
        try:
            await line.send(protocol.encode(self._register()))
            async for text in line:
                self._receive(text)
                # A long row of messages must not keep media waiting.
                await asyncio.sleep(0)
        finally:
            self._outbox = None
            self.is_registered = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await line.close(CloseCode.GOING_AWAY)

    def _receive(self, text: str | bytes) -> None:
        try:
            message = protocol.decode(text)
        except ValueError as error:
            logger.warning("control link: a message was not understood: %s", error)
            return
        if isinstance(message, protocol.Registered):
            self._complaint = ""
            self.is_registered = True
            self._interval = max(MIN_LOAD_INTERVAL, message.load_interval)
            logger.info("control link: registered")
            ended = list(self._ended)
            self._ended.clear()
            for word in ended:
                self.send(word)
        reply = self._answer(message)
        if reply is not None:
            self.send(reply)

    def _answer(self, message: protocol.Message) -> protocol.Message | None:
        try:
            return self._handle(message)
        except Exception:
            # Whatever is wrong with one request, the relay goes on to serve the others.
            logger.exception("control link: a request failed")
            identifier = getattr(message, "id", "")
            failure = protocol.Refused(identifier, protocol.FAILED, "The relay could not do this.")
            return failure if identifier else None

    async def _write(self, line: ClientConnection, outbox: asyncio.Queue[protocol.Message]) -> None:
        while True:
            await line.send(protocol.encode(await outbox.get()))

    async def _report(self, outbox: asyncio.Queue[protocol.Message]) -> None:
        while True:
            await asyncio.sleep(self._interval)
            if not outbox.full():
                outbox.put_nowait(self._load())
