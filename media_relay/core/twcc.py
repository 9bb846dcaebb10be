"""Transport-wide feedback: when a connection's packets arrived.

draft-holmer-rmcat-transport-wide-cc-extensions-01.

A publisher gets it for all its packets, from `Log`; a subscriber gives it for the few of a `Train`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from media_relay.core.rtp import unwrap

TICKS_PER_SECOND = 4000
TICKS_PER_REFERENCE = 256
REFERENCE_MASK = 0xFFFFFF

FEEDBACK_INTERVAL = 0.1
"""Seconds between the feedback to a publisher; libwebrtc varies it from 50 to 250 ms."""
MAX_STATUSES = 1024
"""Packets that one datagram may tell of."""
MAX_MESSAGE_STATUSES = 400
"""Packets that one of our messages tells of: at two bytes each, and two bits, it still fits a datagram."""
MAX_MESSAGES = 8
MAX_PENDING = 2000
"""Arrivals that are kept: 100 ms of the most that a publisher may send are far fewer."""
MAX_GAP = 200
"""Missing packets that are told of; after a larger gap it begins anew."""
MAX_APART = 0x7FFF
"""Ticks between neighbours of one message."""
TRAIN_TIMEOUT = 1.0
MAX_TRAIN_LOSS = 0.25
REMEMBERED_SECONDS = 0.5
"""How long what was told is kept, so that a straggler's feedback doesn't call its neighbours lost."""

TRUNCATED = "RTCP transport feedback is truncated"
TOO_MANY = "RTCP transport feedback tells of too many packets"
TOO_FAR_APART = "RTCP transport feedback has arrivals that are too far apart"

_NOT_RECEIVED, _SMALL, _LARGE = 0, 1, 2
_FIXED = struct.Struct("!HHI")
_CHUNK = struct.Struct("!H")
_DELTA = struct.Struct("!h")
_MAX_RUN = 0x1FFF
_BITS_CHUNK, _PAIRS_CHUNK = 14, 7
_TIME_MASK = REFERENCE_MASK * TICKS_PER_REFERENCE | TICKS_PER_REFERENCE - 1
_HALF_TIME = _TIME_MASK + 1 >> 1


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The body of a feedback message: when the packets from sequence number `base` on arrived.

    `reference` counts 64 ms modulo 2**24, `ticks` are 250 µs since then for each packet in turn, None for
    one that is missing; `count` numbers the messages modulo 256.
    """

    base: int
    reference: int
    count: int
    ticks: tuple[int | None, ...]

    def to_bytes(self) -> bytes:
        """Returns the body without padding; raises ValueError for arrivals that are too far apart."""
        statuses, deltas, last = [], b"", 0
        for tick in self.ticks:
            delta = 0 if tick is None else tick - last
            if tick is None:
                statuses.append(_NOT_RECEIVED)
                continue
            last = tick
            statuses.append(_SMALL if 0 <= delta <= 0xFF else _LARGE)
            if not -0x8000 <= delta <= 0x7FFF:
                raise ValueError(TOO_FAR_APART)
            deltas += bytes((delta,)) if 0 <= delta <= 0xFF else _DELTA.pack(delta)
        fixed = _FIXED.pack(self.base, len(statuses), self.reference << 8 | self.count)
        return fixed + b"".join(map(_CHUNK.pack, _chunks(statuses))) + deltas


def _chunks(statuses: list[int]) -> Iterator[int]:
    """Yields packet chunks (section 3.1.3 and 3.1.4): a run where that is shorter, else a vector."""
    position = 0
    while position < len(statuses):
        run = len(next(list(group) for _, group in groupby(statuses[position : position + _MAX_RUN])))
        ahead = statuses[position : position + _BITS_CHUNK]
        if run > _PAIRS_CHUNK or run == len(ahead):
            yield statuses[position] << 13 | run
            position += run
        elif _LARGE not in ahead:
            yield 0x8000 | sum(status << 13 - bit for bit, status in enumerate(ahead))
            position += _BITS_CHUNK
        else:
            pairs = enumerate(ahead[:_PAIRS_CHUNK])
            yield 0xC000 | sum(status << 12 - 2 * pair for pair, status in pairs)
            position += _PAIRS_CHUNK


def parse(body: bytes) -> Arrivals:
    """Reads the body of a feedback message, without its two SSRCs; raises ValueError."""
    if len(body) < _FIXED.size:
        raise ValueError(TRUNCATED)
    base, size, last_word = _FIXED.unpack_from(body)
    if size > MAX_STATUSES:
        raise ValueError(TOO_MANY)
    statuses, position = _parse_chunks(body, size)
    ticks: list[int | None] = []
    tick = 0
    for status in statuses:
        if status == _NOT_RECEIVED:
            ticks.append(None)
            continue
        width = 1 if status == _SMALL else 2
        if position + width > len(body):
            raise ValueError(TRUNCATED)
        tick += body[position] if status == _SMALL else _DELTA.unpack_from(body, position)[0]
        position += width
        ticks.append(tick)
    return Arrivals(base, last_word >> 8, last_word & 0xFF, tuple(ticks))


def _parse_chunks(body: bytes, size: int) -> tuple[list[int], int]:
    """Returns the status of each packet, and where the deltas begin."""
    statuses: list[int] = []
    position = _FIXED.size
    while len(statuses) < size:
        if position + _CHUNK.size > len(body):
            raise ValueError(TRUNCATED)
        (chunk,) = _CHUNK.unpack_from(body, position)
        position += _CHUNK.size
        if not chunk & 0x8000:
            statuses += [chunk >> 13] * min(chunk & _MAX_RUN, size - len(statuses))
            if not chunk & _MAX_RUN:
                raise ValueError("RTCP transport feedback has an empty run")
        elif not chunk & 0x4000:
            statuses += [chunk >> 13 - bit & 1 for bit in range(_BITS_CHUNK)]
        else:
            statuses += [chunk >> 12 - 2 * pair & 3 for pair in range(_PAIRS_CHUNK)]
    del statuses[size:]
    if 3 in statuses:
        raise ValueError("RTCP transport feedback has an unknown status")
    return statuses, position


class Log:
    """The arrivals of a publisher's packets, until they have been told of."""

    __slots__ = ("_count", "_highest", "_new", "_next", "_ticks")

    def __init__(self) -> None:
        self._ticks: dict[int, int] = {}
        self._new: set[int] = set()
        self._highest: int | None = None
        self._next = 0
        self._count = 0

    def receive(self, sequence: int, now: float) -> None:
        """Notes a packet by its transport-wide sequence number; a repeated one counts once."""
        number = sequence if self._highest is None else unwrap(sequence, self._highest)
        if (
            self._highest is None
            or abs(number - self._highest) > MAX_PENDING
            or len(self._ticks) >= MAX_PENDING
        ):
            # Whoever numbers anew is followed, and nobody fills the memory.
            self._ticks.clear()
            self._new.clear()
            self._highest = self._next = number
        if number not in self._ticks:
            self._highest = max(self._highest, number)
            self._ticks[number] = int(now * TICKS_PER_SECOND)
            self._new.add(number)

    def build(self, now: float) -> list[Arrivals]:
        """Returns what has not been told yet, in messages of limited size; due every FEEDBACK_INTERVAL."""
        messages: list[Arrivals] = []
        first = min(self._new, default=self._next)
        waiting = sorted(number for number in self._ticks if number >= first)
        while self._new and waiting and len(messages) < MAX_MESSAGES:
            messages.append(self._message(waiting))
        self._new.clear()
        self._forget(now)
        return messages

    def _message(self, waiting: list[int]) -> Arrivals:
        """Takes from `waiting` what one message can tell."""
        # What is missing since the last message belongs to this one.
        first = self._next if 0 <= waiting[0] - self._next <= MAX_GAP else waiting[0]
        last_tick = self._ticks[waiting[0]]
        reference = last_tick // TICKS_PER_REFERENCE
        ticks: list[int | None] = []
        taken = 0
        for number in waiting:
            gap, tick = number - first - len(ticks), self._ticks[number]
            if number - first >= MAX_MESSAGE_STATUSES or gap > MAX_GAP or abs(tick - last_tick) > MAX_APART:
                break
            ticks += [*[None] * gap, tick - reference * TICKS_PER_REFERENCE]
            last_tick = tick
            taken += 1
        del waiting[:taken]
        self._next = max(self._next, first + len(ticks))
        self._count = (self._count + 1) & 0xFF
        return Arrivals(first & 0xFFFF, reference & REFERENCE_MASK, self._count, tuple(ticks))

    def _forget(self, now: float) -> None:
        limit = int((now - REMEMBERED_SECONDS) * TICKS_PER_SECOND)
        self._ticks = {number: tick for number, tick in self._ticks.items() if tick >= limit}


class Passage(NamedTuple):
    """How fast a train's packets were sent and how fast they arrived, in bits per second."""

    sent: float
    arrived: float


class Train:
    """A few packets that are sent to see how fast they arrive; a new object for each train."""

    __slots__ = ("_arrivals", "_sent")

    def __init__(self) -> None:
        self._sent: dict[int, tuple[int, float]] = {}
        self._arrivals: dict[int, int] = {}

    def add(self, sequence: int, size: int, now: float) -> None:
        """Notes a packet that is sent: its transport-wide sequence number, and its size in bytes."""
        self._sent[sequence] = (size, now)

    def receive(self, arrivals: Arrivals) -> None:
        """Takes what the other side says; packets of other trains don't matter."""
        origin = arrivals.reference * TICKS_PER_REFERENCE
        for index, tick in enumerate(arrivals.ticks):
            sequence = (arrivals.base + index) & 0xFFFF
            if tick is not None and sequence in self._sent:
                self._arrivals.setdefault(sequence, origin + tick)

    def is_over(self, now: float) -> bool:
        """Whether all has been heard that will be."""
        last = max((time for _, time in self._sent.values()), default=-TRAIN_TIMEOUT)
        return len(self._arrivals) == len(self._sent) or now - last >= TRAIN_TIMEOUT

    def delivered(self) -> Passage | None:
        """Returns how fast the packets went and came, or None if too few came to tell."""
        arrived = [sequence for sequence in self._sent if sequence in self._arrivals]
        if len(arrived) < max(2, len(self._sent) * (1 - MAX_TRAIN_LOSS)):
            return None
        first = self._arrivals[arrived[0]]
        ticks = [
            (self._arrivals[sequence] - first + _HALF_TIME & _TIME_MASK) - _HALF_TIME for sequence in arrived
        ]
        times = [self._sent[sequence][1] for sequence in arrived]
        # What the first one carries was sent before the time that is measured.
        bits = 8 * sum(self._sent[sequence][0] for sequence in arrived[1:])
        came = max(max(ticks) - min(ticks), 1) / TICKS_PER_SECOND
        return Passage(bits / max(times[-1] - times[0], 1 / TICKS_PER_SECOND), bits / came)
