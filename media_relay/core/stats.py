"""What the relay counts, and rates made of two readings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


class Counters(dict[str, int]):
    """Events by name since the start; a name appears with its first event."""

    def add(self, name: str, amount: int = 1) -> None:
        """Counts an event."""
        self[name] = self.get(name, 0) + amount


class Histogram:
    """How often a value was up to each of the ascending bounds, since the start."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Counts a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[int]:
        """Returns how many values were up to each bound, and last how many there were."""
        return list(accumulate(self.counts))


@dataclass(frozen=True, slots=True)
class Reading:
    """The running totals of one moment; times in seconds."""

    now: float
    cpu: float
    packets_in: int
    packets_out: int
    bytes_out: int
    bytes_in: int = 0


@dataclass(frozen=True, slots=True)
class Rates:
    """What happened between two readings, per second."""

    cpu_percent: float
    in_pps: float
    out_pps: float
    out_mbps: float
    in_mbps: float = 0.0


def rates(before: Reading, after: Reading) -> Rates:
    """Returns the rates between two readings; zeros if no time went by."""
    elapsed = after.now - before.now
    if elapsed <= 0:
        return Rates(0.0, 0.0, 0.0, 0.0)
    return Rates(
        max(0.0, after.cpu - before.cpu) / elapsed * 100,
        max(0, after.packets_in - before.packets_in) / elapsed,
        max(0, after.packets_out - before.packets_out) / elapsed,
        max(0, after.bytes_out - before.bytes_out) * 8 / elapsed / 1e6,
        max(0, after.bytes_in - before.bytes_in) * 8 / elapsed / 1e6,
    )
