from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media_relay.core.throttles import KeyframeThrottle, TokenBucket


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 300)), max_size=60))
def test_a_bucket_never_gives_more_than_its_rate_and_one_burst(wishes: list[tuple[float, float]]) -> None:
    bucket, now, given_out = TokenBucket(100, 200), 50.0, 0.0
    for wait, amount in wishes:
        now += wait
        given_out += amount if bucket.take(amount, now) else 0
    assert given_out <= 200 + 100 * (now - 50.0) + 1e-6


def test_a_bucket_is_full_again_after_a_while() -> None:
    bucket = TokenBucket(10, 20)
    assert bucket.take(20, 1.0)
    assert not bucket.take(1, 1.0)
    assert bucket.take(20, 3.0)


def test_a_wish_is_granted_once_and_the_next_one_waits() -> None:
    throttle = KeyframeThrottle(0.5)
    assert not throttle.due(1.0)
    throttle.want()
    assert throttle.due(1.0)
    throttle.want()
    assert not throttle.due(1.49)
    assert throttle.due(1.5)
    assert not throttle.due(9.0)


def test_a_keyframe_that_comes_by_itself_grants_the_wish() -> None:
    throttle = KeyframeThrottle(0.5)
    throttle.want()
    throttle.seen()
    assert not throttle.due(1.0)
