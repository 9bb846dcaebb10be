"""The token bucket."""

from __future__ import annotations

from classroom.core.buckets import TokenBucket, TokenBuckets


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


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets = TokenBuckets(rate=1, burst=2)
    assert [buckets.take("one", 0) for _ in range(3)] == [True, True, False]
    assert buckets.take("other", 0)


def test_full_buckets_are_forgotten_and_empty_ones_kept() -> None:
    buckets = TokenBuckets(rate=1, burst=2)
    for _ in range(2):
        buckets.take("busy", 10)
    for number in range(5 * TokenBuckets.SWEPT_AT):
        buckets.take(number, 0)
        buckets.take("busy", 10)
    assert len(buckets) <= 5 * TokenBuckets.SWEPT_AT
    assert not buckets.take("busy", 10)
    for number in range(20 * TokenBuckets.SWEPT_AT):
        buckets.take(number, number * 10.0)
    assert len(buckets) <= 10 * TokenBuckets.SWEPT_AT
