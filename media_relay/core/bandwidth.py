"""How much a subscriber can take, from what its browser says: REMB and the loss in its receiver reports."""

from __future__ import annotations

import math

INITIAL_BITRATE = 1_000_000.0
MIN_BITRATE = 50_000.0
MAX_BITRATE = 50_000_000.0

# Browsers send REMB at least every second while media flows.
REMB_LIFETIME = 5.0
# Receiver reports of several streams come together: they are one observation.
UPDATE_INTERVAL = 0.2

LOW_LOSS = 0.02
HIGH_LOSS = 0.10
INCREASE = 1.05


class Estimate:
    """A subscriber's bitrate: what little loss allows, but no more than its last REMB."""

    def __init__(self, initial: float = INITIAL_BITRATE) -> None:
        self._by_loss = initial
        self._raised = self._lowered = -math.inf
        self._remb = MAX_BITRATE
        self._remb_time: float | None = None

    def receive_remb(self, bps: float, now: float) -> None:
        """Notes what the browser itself estimates, in bits per second."""
        # A first word of the browser's is better than our guess.
        if self._remb_time is None:
            self._by_loss = max(self._by_loss, min(bps, MAX_BITRATE))
        self._remb = min(max(bps, MIN_BITRATE), MAX_BITRATE)
        self._remb_time = now

    def receive_loss(self, fraction: float, now: float) -> None:
        """Notes the part of packets that was lost, 0 to 1: below 2 % there is room, above 10 % too little."""
        if self._remb_time is not None and now - self._remb_time > REMB_LIFETIME:
            self._remb, self._remb_time = MAX_BITRATE, None
        if fraction < LOW_LOSS and now - max(self._raised, self._lowered) >= UPDATE_INTERVAL:
            self._raised = now
            self._by_loss = min(self._by_loss * INCREASE, self._remb * INCREASE, MAX_BITRATE)
        elif fraction > HIGH_LOSS and now - self._lowered >= UPDATE_INTERVAL:
            self._lowered = now
            self._by_loss = max(self.bitrate * (1 - min(fraction, 1.0) / 2), MIN_BITRATE)

    @property
    def bitrate(self) -> float:
        """Bits per second that may be sent."""
        return min(self._by_loss, self._remb)
