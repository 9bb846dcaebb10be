"""How much of what a relay may carry is used: the part of its budget that is nearest to its end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from media_relay.core.stats import Rates

SMOOTHING_SECONDS = 5.0
"""The processor's share is averaged over about so long: handshakes of a whole class at once pass."""
FULL_CPU_PERCENT = 100.0
"""A relay is one thread: one core is all it can use."""

CONNECTIONS, BANDWIDTH, PACKETS, CPU = "connections", "bandwidth", "packets", "cpu"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a relay may carry: connections, megabits and packets sent a second; each more than zero."""

    connections: int
    mbps: float
    pps: float

    def usage(self, connections: int, rates: Rates) -> tuple[float, str]:
        """Returns the largest part that is used, 0 to 1 or above, and what it is a part of."""
        parts = {
            CONNECTIONS: connections / self.connections,
            BANDWIDTH: rates.out_mbps / self.mbps,
            PACKETS: rates.out_pps / self.pps,
            CPU: rates.cpu_percent / FULL_CPU_PERCENT,
        }
        nearest = max(parts, key=lambda name: parts[name])
        return parts[nearest], nearest


class Smoother:
    """An average that forgets: a value's weight falls to about a third within SMOOTHING_SECONDS."""

    def __init__(self) -> None:
        self.value = 0.0

    def add(self, value: float, seconds: float) -> float:
        """Takes a value that held for so many seconds; returns the average."""
        self.value += (value - self.value) * (1 - math.exp(-max(0.0, seconds) / SMOOTHING_SECONDS))
        return self.value
