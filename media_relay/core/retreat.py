"""How a relay stops without a lesson noticing: it says so, its lessons move, and it goes once they have."""

from __future__ import annotations

REPLY_SECONDS = 3.0
"""So long the web tier may take to say how many lessons move; it needs a few queries for each."""
MOVE_SECONDS = 10.0
"""So long pages may take to connect elsewhere; those that have not by then do so after the end."""


class Retreat:
    """Says when a relay that is to stop may do so; times in seconds.

    It stops at once where there is nothing to wait for: without a web tier, without another relay for its
    lessons, or when it is told a second time.
    """

    def __init__(self) -> None:
        self._ends: float | None = None
        self._moving = False

    @property
    def is_under_way(self) -> bool:
        """Whether the relay is to stop."""
        return self._ends is not None

    def begin(self, now: float) -> None:
        """Notes that the relay is to stop."""
        self._ends = now if self.is_under_way else now + REPLY_SECONDS

    def receive_moved(self, lessons: int, now: float) -> None:
        """Takes the web tier's word of how many lessons another relay carries from now on."""
        if self.is_under_way and not self._moving:
            self._moving = lessons > 0
            self._ends = now + MOVE_SECONDS if lessons else now

    def is_over(self, now: float, *, reachable: bool, connections: int) -> bool:
        """Whether to stop now; `reachable` is the web tier."""
        if self._ends is None:
            return False
        return now >= self._ends or not reachable or (self._moving and not connections)
