"""What wrong keys and busy keys may cause stays bounded."""

from __future__ import annotations

from classroom.core.refusals import Buckets, RecentFailures


def test_a_failure_is_remembered_for_so_long() -> None:
    failures = RecentFailures(5.0, 10)
    assert not failures.has("key", 0.0)
    failures.note("key", 0.0)
    assert failures.has("key", 4.9)
    assert not failures.has("other", 4.9)
    assert not failures.has("key", 5.0)


def test_the_newest_failures_are_kept_and_no_more_than_the_limit() -> None:
    failures = RecentFailures(5.0, 3)
    for number in range(10):
        failures.note(str(number), 0.0)
    failures.note("7", 1.0)
    failures.note("10", 1.0)
    assert len(failures) == 3
    assert [number for number in range(11) if failures.has(str(number), 1.0)] == [7, 9, 10]


def test_each_name_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(1.0, 2, 10)
    assert [buckets.take("busy", 0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("calm", 0.0)
    assert buckets.take("busy", 1.0)


def test_so_many_buckets_are_kept_and_no_more() -> None:
    buckets = Buckets(1.0, 2, 3)
    for number in range(10):
        buckets.take(number, 0.0)
    assert len(buckets) == 3
