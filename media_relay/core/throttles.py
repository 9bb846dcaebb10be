"""What may happen how often: a rate with a burst, and requests for keyframes."""

from __future__ import annotations

import math

KEYFRAME_INTERVAL = 0.6
"""Seconds between two requests to one source: at most two within any second; others use 0.5 to 1."""


class TokenBucket:
    """Allows a rate on average, and a burst at once."""

    __slots__ = ("_burst", "_level", "_rate", "_updated")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = self._level = burst
        self._updated = -math.inf

    def set(self, rate: float, burst: float) -> None:
        """Allows this from now on; what was saved up above the burst is lost."""
        self._rate, self._burst = rate, burst

    def take(self, amount: float, now: float) -> bool:
        """Takes the amount if there is as much."""
        self._level = min(self._burst, self._level + (now - self._updated) * self._rate)
        self._updated = now
        if amount > self._level:
            return False
        self._level -= amount
        return True


class KeyframeThrottle:
    """Turns many wishes for a keyframe into one request at a time; one that comes too soon waits."""

    __slots__ = ("_interval", "_sent", "_wanted")

    def __init__(self, interval: float = KEYFRAME_INTERVAL) -> None:
        self._interval = interval
        self._sent = -math.inf
        self._wanted = False

    @property
    def wanted(self) -> bool:
        """Whether a request is still to be sent."""
        return self._wanted

    def want(self) -> None:
        """Notes that someone cannot go on without a keyframe."""
        self._wanted = True

    def seen(self) -> None:
        """Notes that a keyframe begins: whoever waited is served."""
        self._wanted = False

    def due(self, now: float) -> bool:
        """Tells whether to send a request now, and counts it as sent."""
        if not self._wanted or now - self._sent < self._interval:
            return False
        self._sent = now
        self._wanted = False
        return True
