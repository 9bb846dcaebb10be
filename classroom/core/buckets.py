"""A token bucket: so many at once, so many a second; pure."""

from __future__ import annotations

from collections.abc import Hashable


class TokenBucket:
    """Holds up to `burst` tokens and gains `rate` a second; time is given in seconds."""

    __slots__ = ("_burst", "_filled_at", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled_at = now

    def take(self, now: float, tokens: float = 1) -> bool:
        """Takes one token, or so many; says whether they were there."""
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < tokens:
            return False
        self._tokens -= tokens
        return True

    def is_full(self, now: float) -> bool:
        """Whether it holds all that it can."""
        return self._tokens + (now - self._filled_at) * self._rate >= self._burst


class TokenBuckets:
    """A bucket for each key; those that have filled up again are forgotten."""

    SWEPT_AT = 1_000
    """So many buckets are kept before the full ones are looked for."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[Hashable, TokenBucket] = {}
        self._sweep_at = self.SWEPT_AT

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, now: float, tokens: float = 1) -> bool:
        """Takes one token of the key's bucket, or so many; says whether they were there."""
        if len(self._buckets) >= self._sweep_at:
            self._sweep(now)
        bucket = self._buckets.setdefault(key, TokenBucket(self._rate, self._burst, now))
        return bucket.take(now, tokens)

    def _sweep(self, now: float) -> None:
        self._buckets = {key: each for key, each in self._buckets.items() if not each.is_full(now)}
        self._sweep_at = max(self.SWEPT_AT, 2 * len(self._buckets))
