"""A light WebRTC subscriber for loads: it connects like a browser, and then only counts.

A `Swarm` drives any number of them, and a publisher, from one event loop.
"""

from __future__ import annotations

import asyncio
import random
import select
import socket
import struct
import time
from collections.abc import Callable

from bench.batch_socket import BATCH, STRIDE, BatchReader
from bench.dtls import Identity
from bench.peer import Peer
from bench.sdp import Remote

POLL_SECONDS = 0.004
"""Between two rounds over the sockets; longer than a wake-up costs, shorter than a frame."""
TICK_SECONDS = 0.1
REPORT_SECONDS = 1.0
REMB_BITS_PER_SECOND = 5_000_000
SEQUENCES = 1 << 16

_RTP_HEADER = struct.Struct("!BBH4xI")


class SequenceCounter:
    """Counts the distinct sequence numbers of one RTP stream: what is repeated counts once."""

    __slots__ = ("duplicates", "expected", "missing", "received")

    def __init__(self, first: int) -> None:
        self.expected = first
        self.received = 0
        self.duplicates = 0
        self.missing: set[int] = set()

    def receive(self, sequence: int) -> None:
        """Takes the sequence number of a packet in any order."""
        ahead = (sequence - self.expected) % SEQUENCES
        if ahead < SEQUENCES // 2:
            self.missing.update((self.expected + step) % SEQUENCES for step in range(ahead))
            self.expected = (sequence + 1) % SEQUENCES
            self.received += 1
        elif sequence in self.missing:
            self.missing.discard(sequence)
            self.received += 1
        else:
            self.duplicates += 1


class Subscriber(Peer):
    """Receives what a relay sends; counts by default, decrypts where `on_packet` is given."""

    def __init__(self, identity: Identity, on_packet: Callable[[bytes], None] | None = None) -> None:
        super().__init__(identity)
        self.counters: dict[int, SequenceCounter] = {}
        self.other_packets = 0
        self.on_packet = on_packet
        self._payload_types: frozenset[int] = frozenset()
        self._announced: tuple[int, ...] = ()
        self._ssrc = random.getrandbits(32)
        self._next_report = 0.0

    def connect(self, remote: Remote, now: float) -> None:
        """Starts towards the relay; only the offer's media payload types will count."""
        self._payload_types = remote.payload_types
        self._announced = remote.ssrcs
        self._next_report = now + random.random() * REPORT_SECONDS
        super().connect(remote, now)

    @property
    def received(self) -> int:
        """How many distinct media packets have come."""
        return sum(counter.received for counter in self.counters.values())

    def read_waiting(self, reader: BatchReader, now: float) -> None:
        """Takes all that waits in the socket."""
        fileno = self.socket.fileno()
        while count := reader.read(fileno):
            self._take_batch(reader, count, now)
            if count < BATCH:
                return

    def tick(self, now: float) -> None:
        """Does what time demands, the receiver report among it."""
        super().tick(now)
        if self.sessions and now >= self._next_report:
            self._next_report = now + REPORT_SECONDS * random.uniform(0.9, 1.1)
            self.send(self.sessions.outbound.protect_rtcp(self._report()))

    def _take_batch(self, reader: BatchReader, count: int, now: float) -> None:
        unpack, memory, counters = _RTP_HEADER.unpack_from, reader.memory, self.counters
        for index in range(count):
            first, second, sequence, ssrc = unpack(memory, index * STRIDE)
            counter = counters.get(ssrc)
            if counter is not None and first & 0xC0 == 0x80 and not 192 <= second <= 223:
                if counter.expected == sequence:
                    counter.expected = (sequence + 1) & 0xFFFF
                    counter.received += 1
                else:
                    counter.receive(sequence)
                if self.on_packet:
                    self._decrypt(reader.datagram(index))
            else:
                self._take_other(reader.datagram(index), now)

    def _take_other(self, data: bytes, now: float) -> None:
        if len(data) < _RTP_HEADER.size or data[0] & 0xC0 != 0x80 or 192 <= data[1] <= 223:
            self.receive_datagram(data, now)
            return
        _, second, sequence, ssrc = _RTP_HEADER.unpack_from(data)
        if second & 0x7F not in self._payload_types:
            self.other_packets += 1
            return
        self.counters[ssrc] = counter = SequenceCounter(sequence)
        counter.receive(sequence)
        if self.on_packet:
            self._decrypt(data)

    def _decrypt(self, data: bytes) -> None:
        assert self.sessions
        assert self.on_packet
        self.on_packet(self.sessions.inbound.unprotect(data))

    def _report(self) -> bytes:
        """A receiver report and a REMB (draft-alvestrand-rmcat-remb), as browsers send them."""
        expected = {ssrc: counter.expected for ssrc, counter in self.counters.items()}
        # Who reads no media says that none is lost.
        ssrcs = list(expected or self._announced)[:31]
        blocks = b"".join(
            struct.pack("!IIIIII", ssrc, 0, (expected.get(ssrc, 0) - 1) & 0xFFFF, 0, 0, 0) for ssrc in ssrcs
        )
        report = struct.pack("!BBHI", 0x80 | len(ssrcs), 201, 1 + 6 * len(ssrcs), self._ssrc) + blocks
        exponent = max(0, REMB_BITS_PER_SECOND.bit_length() - 18)
        rate = len(ssrcs) << 24 | exponent << 18 | REMB_BITS_PER_SECOND >> exponent
        remb = struct.pack("!BBHII4sI", 0x8F, 206, 4 + len(ssrcs), self._ssrc, 0, b"REMB", rate)
        return report + remb + b"".join(struct.pack("!I", ssrc) for ssrc in ssrcs)


class Swarm:
    """Drives subscribers and other peers: reads their sockets in rounds and lets them tick."""

    def __init__(self) -> None:
        self.peers: dict[int, Peer] = {}
        self._epoll = select.epoll()
        self._reader = BatchReader()
        self._task: asyncio.Task[None] | None = None

    @property
    def received(self) -> int:
        """How many distinct media packets all subscribers have got."""
        return sum(peer.received for peer in self.peers.values() if isinstance(peer, Subscriber))

    def start(self) -> None:
        """Starts driving on the running event loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stops driving and closes every peer."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        for peer in self.peers.values():
            peer.close()
        self._epoll.close()

    def add(self, peer: Peer) -> None:
        """Drives this peer too."""
        self.peers[peer.socket.fileno()] = peer
        self._epoll.register(peer.socket.fileno(), select.EPOLLIN)

    def turn_deaf(self, peer: Peer) -> None:
        """Reads nothing more of this peer: what its socket has no room for is dropped by the kernel."""
        self._epoll.unregister(peer.socket.fileno())
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)

    async def connected(self, peer: Peer, patience: float) -> None:
        """Returns when the peer is connected; raises ConnectionError if it fails or takes too long."""
        deadline = time.monotonic() + patience
        while not peer.is_connected:
            self._raise_failure()
            if peer.failure or time.monotonic() > deadline:
                raise ConnectionError(peer.failure or f"no connection within {patience} s")
            await asyncio.sleep(POLL_SECONDS)

    async def quiet(self, still: float = 0.03, patience: float = 1.0) -> None:
        """Returns when no media has come for a while, or when patience ends."""
        deadline = time.monotonic() + patience
        before, since = self.received, time.monotonic()
        while time.monotonic() < min(deadline, since + still):
            self._raise_failure()
            await asyncio.sleep(POLL_SECONDS)
            if self.received != before:
                before, since = self.received, time.monotonic()

    def _raise_failure(self) -> None:
        if self._task and self._task.done():
            self._task.result()

    async def _run(self) -> None:
        next_tick = 0.0
        while True:
            now = time.monotonic()
            for fileno, _ in self._epoll.poll(0):
                self._read(self.peers[fileno], now)
            if now >= next_tick:
                next_tick = now + TICK_SECONDS
                for peer in list(self.peers.values()):
                    peer.tick(now)
            await asyncio.sleep(POLL_SECONDS)

    def _read(self, peer: Peer, now: float) -> None:
        if isinstance(peer, Subscriber):
            peer.read_waiting(self._reader, now)
            return
        for index in range(self._reader.read(peer.socket.fileno())):
            peer.receive_datagram(self._reader.datagram(index), now)
