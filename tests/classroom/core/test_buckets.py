"""The token bucket."""

from __future__ import annotations

from classroom.core.buckets import TokenBucket


def test_a_burst_is_allowed_and_no_more() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]


def test_tokens_come_back_with_time_up_to_the_burst() -> None:
    bucket = TokenBucket(rate=10, burst=3, now=0)
    for _ in range(3):
        bucket.take(0)
    assert bucket.take(0.1)
    assert not bucket.take(0.1)
    assert [bucket.take(60) for _ in range(4)] == [True, True, True, False]
