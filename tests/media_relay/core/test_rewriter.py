from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from media_relay.core.codecs import parse_vp8
from media_relay.core.rewriter import MAX_LATE, PictureIds, Rewriter, Timeline
from media_relay.core.rtp import seq_delta, timestamp_delta

RATE = 90_000
FRAME = RATE // 30

sequences = st.integers(0, 0xFFFF)
timestamps = st.integers(0, 0xFFFFFFFF)


def rewriter_from(sequence: int, timestamp: int = 0) -> Rewriter:
    return Rewriter(Timeline(RATE, timestamp), sequence)


def send(rewriter: Rewriter, first: int, timestamp: int, count: int, start: float) -> list[tuple[int, int]]:
    """Sends a new stream, a packet for each frame of 30 a second, without loss."""
    rewriter.switch(first, timestamp, start)
    numbers = [
        rewriter.rewrite((first + i) & 0xFFFF, (timestamp + i * FRAME) & 0xFFFFFFFF, start + i / 30)
        for i in range(count)
    ]
    assert None not in numbers
    return [pair for pair in numbers if pair is not None]


def vp8(picture_id: int, tl0: int) -> bytes:
    """A packet that begins a keyframe, with a picture id of 15 bits and a TL0PICIDX."""
    return bytes((0x90, 0xC0)) + (0x8000 | picture_id).to_bytes(2, "big") + bytes((tl0, 0, 1, 2, 3))


@given(sequences, st.lists(st.tuples(sequences, timestamps, st.integers(1, 40)), min_size=2, max_size=6))
def test_sequence_numbers_and_timestamps_go_on_over_any_switches(
    start: int, streams: list[tuple[int, int, int]]
) -> None:
    rewriter = rewriter_from(start, 7)
    now, out = 100.0, []
    for first, timestamp, count in streams:
        out += send(rewriter, first, timestamp, count, now)
        now += count / 30
    assert out[0][0] == start
    for before, after in pairwise(out):
        assert seq_delta(after[0], before[0]) == 1
        assert timestamp_delta(after[1], before[1]) in (FRAME, FRAME - 1, FRAME + 1)


@given(sequences, timestamps, st.floats(0, 3600))
def test_a_pause_before_a_switch_shows_in_the_timestamps(first: int, timestamp: int, pause: float) -> None:
    rewriter = rewriter_from(0)
    last = send(rewriter, 500, 123_456, 10, 10.0)[-1]
    next_one = send(rewriter, first, timestamp, 1, 10.0 + 9 / 30 + pause)[0]
    assert abs(timestamp_delta(next_one[1], last[1]) - max(1, pause * RATE)) <= 1


@given(sequences, st.permutations(range(1, 20)), st.data())
def test_each_packet_has_its_own_place_whenever_it_comes_but_only_once(
    first: int, order: list[int], data: st.DataObject
) -> None:
    rewriter = rewriter_from(60_000)
    rewriter.switch(first, 0, 1.0)
    for place in [0, *order]:
        sequence = (first + place) & 0xFFFF
        assert rewriter.rewrite(sequence, place, 1.0) == (60_000 + place, place)
    again = data.draw(st.sampled_from(order))
    assert rewriter.rewrite((first + again) & 0xFFFF, again, 2.0) is None


@given(sequences, st.integers(1, 1000))
def test_packets_from_before_a_switch_find_no_place(first: int, back: int) -> None:
    rewriter = rewriter_from(0)
    send(rewriter, 1000, 0, 30, 1.0)
    send(rewriter, first, 5, 3, 3.0)
    assert rewriter.rewrite((first - back) & 0xFFFF, 5, 3.1) is None
    assert rewriter.highest == 32


@given(sequences, st.integers(2, MAX_LATE))
def test_a_gap_stays_a_gap(first: int, gap: int) -> None:
    rewriter = rewriter_from(40_000)
    send(rewriter, first, 0, 1, 1.0)
    assert rewriter.rewrite((first + gap) & 0xFFFF, 0, 1.1) == (40_000 + gap, 0)
    assert rewriter.rewrite((first + 1) & 0xFFFF, 0, 1.2) == (40_001, 0)


def test_numbers_stay_unique_over_three_wraps() -> None:
    rewriter = rewriter_from(5)
    rewriter.switch(65_000, 0, 0.0)
    for i in range(200_000):
        assert rewriter.rewrite((65_000 + i) & 0xFFFF, i & 0xFFFFFFFF, float(i)) == (
            5 + i,
            i & 0xFFFFFFFF,
        )


def test_a_late_packet_does_not_turn_time_back() -> None:
    rewriter = rewriter_from(0)
    rewriter.switch(10, 0, 1.0)
    for i in (0, 2):
        assert rewriter.rewrite(10 + i, i * FRAME, 1.0 + i / 30) == (i, i * FRAME)
    assert rewriter.rewrite(11, FRAME, 5.0) == (1, FRAME)
    assert send(rewriter, 99, 77, 1, 1.0 + 3 / 30) == [(3, 3 * FRAME)]


def test_tracks_of_a_slot_go_on_from_each_others_time() -> None:
    timeline = Timeline(RATE, 1000)
    low, high = Rewriter(timeline, 5), Rewriter(timeline, 5)
    assert send(low, 9, 77, 3, 10.0) == [(5, 1000), (6, 1000 + FRAME), (7, 1000 + 2 * FRAME)]
    assert send(high, 40, 123_456, 1, 10.0 + 3 / 30) == [(5, 1000 + 3 * FRAME)]


@given(st.integers(-5000, 5000))
def test_a_realignment_moves_time_but_never_back(error: int) -> None:
    rewriter = rewriter_from(0)
    send(rewriter, 10, 0, 3, 1.0)
    rewriter.realign(13, 3 * FRAME, error)
    place, timestamp = rewriter.rewrite(13, 3 * FRAME, 1.1) or (0, 0)
    assert (place, timestamp) == (3, max(3 * FRAME + error, 2 * FRAME + 1))
    assert rewriter.rewrite(12, 2 * FRAME, 1.1) is None


@given(st.integers(0, 0x7FFF), st.integers(0, 0xFF))
def test_picture_ids_go_on_over_a_switch(picture_id: int, tl0: int) -> None:
    pictures = PictureIds()
    for number in (32_766, 32_767):
        payload = vp8(number, 255)
        assert pictures.rewrite(payload, parse_vp8(payload)) == payload
    payload = vp8(picture_id, tl0)
    pictures.switch(parse_vp8(payload))
    changed = pictures.rewrite(payload, parse_vp8(payload))
    assert (parse_vp8(changed).picture_id, parse_vp8(changed).tl0_picture_index) == (0, 0)
    assert changed[5:] == payload[5:]


def test_a_stream_without_picture_ids_is_left_as_it_is() -> None:
    pictures = PictureIds()
    pictures.rewrite(vp8(1, 1), parse_vp8(vp8(1, 1)))
    plain = bytes((0x10, 0, 1, 2))
    pictures.switch(parse_vp8(plain))
    assert pictures.rewrite(plain, parse_vp8(plain)) == plain
