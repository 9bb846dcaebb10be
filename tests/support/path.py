"""A bad line to the relay: a UDP path that loses, delays, reorders and limits datagrams by a seed.

`Line` is the pure part, one direction: when a datagram arrives, if it does. `UdpPath` is a proxy before one
relay, with a thread and two lines of its own. A test gives each person on a bad line a path of their own:

    with UdpPath(relay_port, seed=1) as path:
        page.add_init_script(leads_through(path.port))     # before the page is loaded
        path.change(down=Conditions(loss=0.05, delay_ms=30), up=Conditions(delay_ms=30))
"""

from __future__ import annotations

import heapq
import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

HOST = "127.0.0.1"
MAX_DATAGRAM_BYTES = 65_535
BUFFER_BYTES = 4 << 20
"""The kernel must lose nothing that the line does not count."""

LEAD_THROUGH = """
(() => {
  const original = RTCPeerConnection.prototype.setRemoteDescription;
  const host = / 127\\.0\\.0\\.1 \\d+ /;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    const lines = sdp.split("\\r\\n").filter((line) => !line.startsWith("a=candidate:") || host.test(line));
    const led = lines.map((line) => line.replace(/^(a=candidate:.* 127\\.0\\.0\\.1 )\\d+ /, "$1PORT "));
    return original.call(this, { type, sdp: led.join("\\r\\n") });
  };
})();
"""


def leads_through(port: int) -> str:
    """Returns an init script that makes a page's peers send to a path instead of to the relay itself."""
    return LEAD_THROUGH.replace("PORT", str(port))


@dataclass(frozen=True, slots=True)
class Conditions:
    """What happens to the datagrams of one direction; by default nothing.

    Jitter delays each by up to so much more, but keeps their order; a `reordered` one comes `reordered_ms`
    later than it would, and those behind it overtake. Over `kbps` (0 is no limit; of UDP payload) datagrams
    wait in a queue of `queue_ms`, and what finds it full is dropped.
    """

    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    reordered: float = 0.0
    reordered_ms: float = 20.0
    kbps: float = 0.0
    queue_ms: float = 200.0


@dataclass(slots=True)
class Counts:
    """What became of the datagrams of one direction: each offered one is in exactly one of the others."""

    offered: int = 0
    lost: int = 0
    overflowed: int = 0
    carried: int = 0
    carried_bytes: int = 0


class Line:
    """One direction; what is lost follows from the seed and the datagram's number, and nothing else."""

    def __init__(self, seed: int, conditions: Conditions = Conditions()) -> None:
        self.counts = Counts()
        self.conditions = conditions
        self._chance = random.Random(seed)
        self._free_at = 0.0
        """When all that is in the queue will have left it."""
        self._latest = 0.0
        """When the latest of those that keep their order arrives."""

    def change(self, conditions: Conditions, now: float) -> None:
        """From now on other conditions hold; what waits in the queue leaves it at the new rate."""
        waiting = max(0.0, self._free_at - now) * self.conditions.kbps
        self._free_at = now + (waiting / conditions.kbps if conditions.kbps else 0.0)
        self._latest = min(self._latest, self._free_at + self._delay(conditions))
        self.conditions = conditions

    @staticmethod
    def _delay(conditions: Conditions) -> float:
        return (conditions.delay_ms + conditions.jitter_ms) / 1000

    def send(self, size: int, now: float) -> float | None:
        """Takes a datagram of so many bytes; returns when it arrives, None if it never does."""
        given = self.conditions
        lost, jitter, reordered = (self._chance.random() for _ in range(3))
        self.counts.offered += 1
        if given.kbps and (self._free_at - now) * 1000 > given.queue_ms:
            self.counts.overflowed += 1
            return None
        # A lost one has had its time on the line.
        self._free_at = max(self._free_at, now) + (size * 8 / (given.kbps * 1000) if given.kbps else 0.0)
        if lost < given.loss:
            self.counts.lost += 1
            return None
        self.counts.carried += 1
        self.counts.carried_bytes += size
        arrival = self._free_at + (given.delay_ms + jitter * given.jitter_ms) / 1000
        self._latest = arrival = max(arrival, self._latest)
        return arrival + given.reordered_ms / 1000 if reordered < given.reordered else arrival


class UdpPath:
    """A proxy on loopback before the relay at a port of 127.0.0.1; each client has an own port behind it."""

    def __init__(self, relay_port: int, *, seed: int) -> None:
        self._relay = (HOST, relay_port)
        self._up, self._down = Line(seed), Line(seed + 1)
        self._front = _bound_socket()
        self.port: int = self._front.getsockname()[1]
        self._behind: dict[Any, socket.socket] = {}
        self._clients: dict[socket.socket, Any] = {}
        self._due: list[tuple[float, int, bytes, socket.socket, Any]] = []
        self._numbers = count()
        self._changes = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._front, selectors.EVENT_READ)
        self._waker, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"path {self.port}", daemon=True)

    def __enter__(self) -> UdpPath:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._waker.close()
        self._thread.join()
        self._selector.close()
        for each in (self._front, self._woken, *self._clients):
            each.close()

    def change(self, *, up: Conditions | None = None, down: Conditions | None = None) -> None:
        """From now on other conditions hold for what is given; `up` is towards the relay."""
        with self._changes:
            for line, conditions in ((self._up, up), (self._down, down)):
                if conditions is not None:
                    line.change(conditions, time.monotonic())

    @property
    def up(self) -> Counts:
        """What became of the datagrams towards the relay."""
        return self._up.counts

    @property
    def down(self) -> Counts:
        """What became of the relay's datagrams."""
        return self._down.counts

    # Everything from here on runs in the path's own thread.

    def _run(self) -> None:
        while True:
            self._deliver()
            timeout = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            for key, _ in self._selector.select(timeout):
                if key.fileobj is self._woken:
                    return
                self._read(key.fileobj)  # type: ignore[arg-type]  # all are sockets

    def _read(self, own: socket.socket) -> None:
        for data, sender in _received(own):
            if own is self._front:
                self._send(self._up, data, self._behind.get(sender) or self._open(sender), self._relay)
            else:
                self._send(self._down, data, self._front, self._clients[own])

    def _open(self, client: Any) -> socket.socket:
        own = self._behind[client] = _bound_socket()
        self._clients[own] = client
        self._selector.register(own, selectors.EVENT_READ)
        return own

    def _send(self, line: Line, data: bytes, own: socket.socket, to: Any) -> None:
        with self._changes:
            arrival = line.send(len(data), time.monotonic())
        if arrival is not None:
            heapq.heappush(self._due, (arrival, next(self._numbers), data, own, to))

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, _, data, own, to = heapq.heappop(self._due)
            own.sendto(data, to)


def _bound_socket() -> socket.socket:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    own.bind((HOST, 0))
    own.setblocking(False)
    return own


def _received(own: socket.socket) -> Iterator[tuple[bytes, Any]]:
    while True:
        try:
            yield own.recvfrom(MAX_DATAGRAM_BYTES)
        except BlockingIOError:
            return
