"""The cache of packets for retransmission."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media_relay.core.packet_cache import PacketCache


def test_a_packet_is_found_until_it_is_too_old() -> None:
    cache = PacketCache(4, 1000)
    cache.put(7, b"seven", now=10.0)
    assert cache.get(7, now=11.0, max_age=1.0) == b"seven"
    assert cache.get(7, now=11.1, max_age=1.0) is None
    assert cache.get(8, now=10.0, max_age=1.0) is None


def test_the_packet_put_longest_ago_leaves_first_even_around_the_wrap() -> None:
    cache = PacketCache(3, 1000)
    for sequence in (65534, 65535, 0, 1):
        cache.put(sequence, b"%d" % sequence, now=1.0)
    assert [cache.get(sequence, 1.0, 1.0) for sequence in (65534, 65535, 0, 1)] == [
        None,
        b"65535",
        b"0",
        b"1",
    ]


def test_large_packets_push_out_more() -> None:
    cache = PacketCache(100, 10)
    for sequence in range(5):
        cache.put(sequence, b"xx", now=1.0)
    cache.put(5, bytes(7), now=1.0)
    assert len(cache) == 2
    assert cache.size == 9
    cache.put(6, bytes(11), now=1.0)
    assert len(cache) == cache.size == 0


def test_a_number_that_comes_again_has_its_new_packet() -> None:
    cache = PacketCache(2, 1000)
    cache.put(1, b"old", now=1.0)
    cache.put(2, b"two", now=1.0)
    cache.put(1, b"newer", now=2.0)
    cache.put(3, b"three", now=2.0)
    assert cache.get(1, 2.0, 1.0) == b"newer"
    assert cache.get(2, 2.0, 1.0) is None
    assert cache.size == 10


def test_a_cleared_cache_is_empty() -> None:
    cache = PacketCache(2, 1000)
    cache.put(1, b"one", now=1.0)
    cache.clear()
    assert cache.get(1, 1.0, 1.0) is None
    assert cache.size == 0


@given(
    st.integers(1, 20),
    st.integers(1, 200),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)), max_size=80),
)
def test_the_bounds_hold_and_what_is_kept_is_the_latest(
    capacity: int, max_bytes: int, puts: list[tuple[int, int]]
) -> None:
    cache = PacketCache(capacity, max_bytes)
    latest: dict[int, bytes] = {}
    for index, (sequence, size) in enumerate(puts):
        packet = bytes([index]) * size
        cache.put(sequence, packet, now=1.0)
        latest.pop(sequence, None)
        latest[sequence] = packet
        assert len(cache) <= capacity
        assert cache.size <= max_bytes
    kept = {sequence for sequence in latest if cache.get(sequence, 1.0, 1.0) is not None}
    assert kept == set(list(latest)[len(latest) - len(cache) :])
    assert all(cache.get(sequence, 1.0, 1.0) == latest[sequence] for sequence in kept)
    assert cache.size == sum(len(latest[sequence]) for sequence in kept)
