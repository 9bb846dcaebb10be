"""How long permits are good for without the web tier that gave them."""

from __future__ import annotations


class Lease:
    """Runs while the web tier is out of reach; times in seconds."""

    def __init__(self, seconds: float, now: float) -> None:
        self._seconds = seconds
        self._ends = now + seconds

    def renew(self, now: float) -> None:
        """Notes that the web tier is there."""
        self._ends = now + self._seconds

    def is_over(self, now: float) -> bool:
        """Whether the web tier has been away for longer than permits are good for."""
        return now >= self._ends
