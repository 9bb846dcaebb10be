"""How many bits a second flow: over about the last two seconds, and in the long run."""

from __future__ import annotations

import math

WINDOW = 0.75
RISE_SECONDS = 2.0
FALL_SECONDS = 30.0


class Meter:
    """Counts bytes in two windows: the one that is running and the last whole one; times in seconds."""

    __slots__ = ("_began", "_bytes", "_rate", "latest")

    def __init__(self) -> None:
        self.latest = -1.0
        """When something flowed last."""
        self._began = -1.0
        self._bytes = 0
        self._rate: float | None = None

    def add(self, size: int, now: float) -> None:
        """Notes bytes that flowed now."""
        if self._began < 0:
            self._began = now
        elif now - self._began >= WINDOW:
            self._roll(now)
        self._bytes += size
        self.latest = now

    def _roll(self, now: float) -> None:
        latest = self._bytes * 8 / (now - self._began)
        self._rate = latest if self._rate is None else (self._rate + latest) / 2
        self._began, self._bytes = now, 0

    def rate(self, now: float) -> float:
        """Returns bits per second; 0 while nothing flows."""
        if self._began < 0:
            return 0.0
        if now - self._began >= 2 * WINDOW:
            self._roll(now)
        if self._rate is None:
            return self._bytes * 8 / max(now - self._began, WINDOW)
        return self._rate


class SteadyRate:
    """Follows a measured rate up soon and down slowly: what starts or pauses doesn't count for less."""

    __slots__ = ("_since", "bps")

    def __init__(self) -> None:
        self.bps = 0.0
        """Bits per second."""
        self._since: float | None = None

    def follow(self, bps: float, now: float) -> None:
        """Takes what is measured; to be called again and again while something flows."""
        passed = min(now - self._since, WINDOW) if self._since is not None else WINDOW
        self._since = now
        seconds = RISE_SECONDS if bps > self.bps else FALL_SECONDS
        self.bps += (bps - self.bps) * (1 - math.exp(-passed / seconds)) if self.bps else bps
