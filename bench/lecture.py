"""A lecture under load: one publisher and any number of light clients, through our relay or another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from bench.dtls import Identity
from bench.footage import Footage
from bench.light_client import Subscriber, Swarm
from bench.publisher import Publisher
from bench.sdp import Remote, answer_to, read_remote

CONNECT_SECONDS = 20.0
JOINS_AT_ONCE = 8
SPARE_FILES = 200
"""Open files beside those of the clients."""


class Sfu(Protocol):
    """What forwards the lecture, in a process of its own; a viewer is any name."""

    name: str

    async def start(self) -> None:
        """Returns when it is ready."""

    async def stop(self) -> None:
        """Ends the process."""

    def cpu_seconds(self) -> float:
        """Returns the processor time used since its start."""

    def rss_kb(self) -> int:
        """Returns the resident memory."""

    async def publish(self, offer: str) -> str:
        """Returns the answer to the publisher's offer."""

    async def subscribe(self, viewer: str) -> str:
        """Returns the offer to a viewer."""

    async def answer(self, viewer: str, sdp: str) -> None:
        """Takes the viewer's answer."""


@dataclass(frozen=True, slots=True)
class Window:
    """What has happened between two quiet moments: seconds, and packets."""

    seconds: float
    cpu: float
    sent: int
    """By the publisher."""
    received: int
    """Distinct ones, by all counting clients."""


@dataclass(frozen=True, slots=True)
class _Mark:
    time: float
    cpu: float
    sent: int
    received: int


class Lecture:
    """An SFU that runs, with its publisher connected; within `async with`."""

    def __init__(self, sfu: Sfu, identity: Identity, footage: Footage) -> None:
        self.sfu = sfu
        self.publisher = Publisher(identity, footage)
        self.swarm = Swarm()
        self.subscribers: list[Subscriber] = []
        self._identity = identity
        self._ended = 0.0

    async def __aenter__(self) -> Self:
        try:
            await self.sfu.start()
            self.swarm.start()
            answer = await self.sfu.publish(self.publisher.offer)
            self.swarm.add(self.publisher)
            self.publisher.connect(read_remote(answer), time.monotonic())
            await self.swarm.connected(self.publisher, CONNECT_SECONDS)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        await self.swarm.stop()
        await self.sfu.stop()

    async def join(
        self,
        count: int,
        *,
        deaf: bool = False,
        at_once: int = JOINS_AT_ONCE,
        on_packet: Callable[[bytes], None] | None = None,
    ) -> float:
        """Lets so many more subscribers in; returns the CPU seconds that this has cost the SFU.

        A deaf subscriber connects and keeps its connection, but reads no media: the kernel drops it.
        """
        before = self.sfu.cpu_seconds()
        gate = asyncio.Semaphore(at_once)
        await asyncio.gather(
            *(self._join(Subscriber(self._identity, on_packet), deaf, gate) for _ in range(count))
        )
        return self.sfu.cpu_seconds() - before

    async def _join(self, subscriber: Subscriber, deaf: bool, gate: asyncio.Semaphore) -> None:
        async with gate:
            await self.begin(subscriber)
            await self.connected(subscriber)
            if deaf:
                self.swarm.turn_deaf(subscriber)

    async def begin(self, subscriber: Subscriber) -> Remote:
        """Lets one ask, answer and start towards the SFU; returns what it was offered."""
        viewer = f"viewer-{len(self.subscribers)}"
        self.subscribers.append(subscriber)
        self.swarm.add(subscriber)
        offer = await self.sfu.subscribe(viewer)
        await self.sfu.answer(viewer, answer_to(offer, subscriber.local))
        remote = read_remote(offer)
        subscriber.connect(remote, time.monotonic())
        return remote

    async def connected(self, subscriber: Subscriber) -> None:
        """Returns when it is in; raises ConnectionError if it does not get through."""
        await self.swarm.connected(subscriber, CONNECT_SECONDS)

    async def measure(self, seconds: float) -> Window:
        """Plays for a while; nothing is on the way at either end of the window."""
        before = await self._mark()
        await self.publisher.play(seconds)
        ended = time.monotonic()
        after = await self._mark()
        return Window(
            ended - before.time,
            after.cpu - before.cpu,
            after.sent - before.sent,
            after.received - before.received,
        )

    async def _mark(self) -> _Mark:
        await self.swarm.quiet()
        return _Mark(time.monotonic(), self.sfu.cpu_seconds(), self.publisher.sent, self.swarm.received)
