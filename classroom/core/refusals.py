"""Work that wrong keys and busy keys may cause: bounded, by key, never by address; pure."""

from __future__ import annotations

from collections import OrderedDict

from classroom.core.buckets import TokenBucket


class RecentFailures:
    """Names that failed within the last so many seconds, at most `limit` of them, the newest."""

    def __init__(self, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._until: OrderedDict[str, float] = OrderedDict()

    def note(self, name: str, now: float) -> None:
        """Notes that the name has failed just now."""
        self._until[name] = now + self._seconds
        self._until.move_to_end(name)
        if len(self._until) > self._limit:
            self._until.popitem(last=False)

    def has(self, name: str, now: float) -> bool:
        """Whether the name has failed lately."""
        return now < self._until.get(name, now)

    def __len__(self) -> int:
        return len(self._until)


class Buckets:
    """A token bucket for each name; of at most `limit` names, those used last."""

    def __init__(self, rate: float, burst: float, limit: int) -> None:
        self._rate = rate
        self._burst = burst
        self._limit = limit
        self._buckets: OrderedDict[object, TokenBucket] = OrderedDict()

    def take(self, name: object, now: float) -> bool:
        """Takes one of the name's tokens; says whether there was one."""
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = self._buckets[name] = TokenBucket(self._rate, self._burst, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._limit:
            self._buckets.popitem(last=False)
        return bucket.take(now)

    def __len__(self) -> int:
        return len(self._buckets)
