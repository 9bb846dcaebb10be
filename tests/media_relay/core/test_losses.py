"""What is asked for again, and what is reported of a stream."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from media_relay.core.losses import (
    MAX_REQUESTS,
    REORDER_WAIT,
    REPEAT_INTERVAL,
    WINDOW,
    LossDetector,
    Reception,
)
from media_relay.core.rtcp import ReportBlock

starts = st.integers(0, 0xFFFF)


def detector(*received: int) -> LossDetector:
    """A detector that got those packets at time 0."""
    found = LossDetector()
    for sequence in received:
        found.receive(sequence & 0xFFFF, 0.0)
    return found


def test_a_stream_without_gaps_lacks_nothing() -> None:
    losses = detector(*range(65530, 65545))
    assert losses.due(10.0) == []
    assert losses.missing == 0


def test_a_gap_is_asked_for_after_a_short_wait() -> None:
    losses = detector(65533, 65534, 2)
    assert losses.due(REORDER_WAIT - 0.001) == []
    assert losses.due(REORDER_WAIT) == [65535, 0, 1]
    assert losses.due(REORDER_WAIT) == []


def test_a_packet_that_was_only_overtaken_is_not_asked_for() -> None:
    losses = detector(1, 3)
    losses.receive(2, 0.001)
    assert losses.due(1.0) == []


def test_each_packet_is_asked_for_a_few_times_at_intervals() -> None:
    losses = detector(1, 3)
    now, asked = REORDER_WAIT, 0
    while losses.missing:
        asked += losses.due(now) == [2]
        assert losses.due(now + REPEAT_INTERVAL / 2) == []
        now += REPEAT_INTERVAL
    assert asked == MAX_REQUESTS


def test_what_has_arrived_is_not_asked_for_again() -> None:
    losses = detector(1, 4)
    assert losses.due(1.0) == [2, 3]
    losses.receive(2, 1.05)
    losses.receive(2, 1.05)
    assert losses.due(2.0) == [3]


def test_it_lacks_what_is_missing_and_what_is_still_to_come() -> None:
    missing = detector(1, 2, 5)
    assert [missing.lacks(sequence) for sequence in (2, 3, 4, 5, 6, 5 + WINDOW + 1)] == [
        False, True, True, False, True, False,
    ]  # fmt: skip


def test_what_leaves_the_window_is_given_up() -> None:
    losses = detector(0, 2, *range(3, WINDOW + 1))
    assert losses.missing == 1
    losses.receive(WINDOW + 1, 0.0)
    assert losses.missing == 0


def test_a_stray_packet_from_far_away_changes_nothing() -> None:
    losses = detector(1, 3, 30000, 40000, 4, 30000, 5)
    assert losses.due(1.0) == [2]


def test_two_packets_in_a_row_from_far_away_are_a_new_start() -> None:
    losses = detector(1, 3, 30000, 30001, 30003)
    assert losses.due(1.0) == [30002]


def test_a_flood_of_gaps_is_bounded() -> None:
    losses = detector(*range(0, 60000, WINDOW))
    assert losses.missing < WINDOW
    assert len(losses.due(1.0)) < WINDOW


@given(starts, st.lists(st.integers(0, 9), min_size=1, max_size=150), st.integers(0, 2**32))
def test_exactly_what_was_lost_is_asked_for(start: int, fates: list[int], seed: int) -> None:
    """Of packets lost (0), doubled (1), and delayed by up to three places (2)."""
    order = [(index + (2.5 if fate == 2 else 0), index) for index, fate in enumerate(fates) if fate]
    order += [(index + 4.5, index) for index, fate in enumerate(fates) if fate == 1]
    arrived = [0, *(index + 1 for _, index in sorted(order)), len(fates) + 1]
    losses = detector(*(start + index for index in arrived))
    lost = [(start + index + 1) & 0xFFFF for index, fate in enumerate(fates) if not fate]
    assert losses.due(1.0) == lost
    random.Random(seed).shuffle(lost)
    for sequence in lost:
        losses.receive(sequence, 1.01)
    assert losses.missing == 0
    assert losses.due(2.0) == []


@given(st.lists(st.tuples(starts, st.floats(0, 0.1)), max_size=300))
def test_any_stream_keeps_the_bounds(packets: list[tuple[int, float]]) -> None:
    losses, now, asked = LossDetector(), 0.0, 0
    for sequence, pause in packets:
        now += pause
        losses.receive(sequence, now)
        asked += len(losses.due(now))
        assert losses.missing < WINDOW
    assert asked <= MAX_REQUESTS * WINDOW * max(1, len(packets))


def test_a_report_of_nothing_received_is_all_zero() -> None:
    assert Reception(7, 90000).report(1.0) == ReportBlock(7, 0, 0, 0, 0, 0, 0)


def test_a_report_counts_what_is_missing() -> None:
    reception = Reception(7, 90000)
    for sequence in (65534, 65535, 1, 2):
        reception.receive(sequence, 0, 0.0)
    report = reception.report(1.0)
    assert (report.lost, report.fraction_lost, report.highest) == (1, 256 // 5, 0x10002)
    reception.receive(0, 0, 0.0)
    reception.receive(3, 0, 0.0)
    report = reception.report(2.0)
    assert (report.lost, report.fraction_lost, report.highest) == (0, 0, 0x10003)


def test_the_fraction_is_of_the_time_since_the_last_report() -> None:
    reception = Reception(7, 90000)
    for sequence in range(0, 20, 2):
        reception.receive(sequence, 0, 0.0)
    assert reception.report(1.0).fraction_lost == (9 << 8) // 19
    for sequence in range(19, 29):
        reception.receive(sequence, 0, 0.0)
    report = reception.report(2.0)
    assert (report.fraction_lost, report.lost) == (0, 9)
    assert reception.report(3.0).fraction_lost == 0


def test_packets_that_come_twice_make_the_loss_negative() -> None:
    reception = Reception(7, 90000)
    for sequence in (1, 1, 1):
        reception.receive(sequence, 0, 0.0)
    report = reception.report(1.0)
    assert (report.lost, report.fraction_lost) == (-2, 0)


def test_everything_lost_since_the_last_report_is_the_largest_fraction() -> None:
    reception = Reception(7, 90000)
    reception.receive(0, 0, 0.0)
    reception.report(0.5)
    reception.receive(2000, 0, 1.0)
    assert reception.report(1.0).fraction_lost == (1999 << 8) // 2000


def test_a_jump_counts_only_when_the_stream_goes_on_from_there() -> None:
    reception = Reception(7, 90000)
    for sequence in (10, 11, 40000, 12):
        reception.receive(sequence, 0, 0.0)
    assert (reception.received, reception.lost) == (3, 0)
    for sequence in (40000, 40001, 40002):
        reception.receive(sequence, 0, 0.0)
    assert (reception.received, reception.expected, reception.report(1.0).highest) == (2, 2, 40002)


def test_a_steady_stream_has_no_jitter_even_around_the_timestamp_s_wrap() -> None:
    reception = Reception(7, 90000)
    for index in range(50):
        reception.receive(index, (2**32 - 30000 + index * 3000) & 0xFFFFFFFF, index / 30)
    assert reception.report(2.0).jitter == 0


def test_jitter_approaches_the_mean_deviation() -> None:
    reception = Reception(7, 90000)
    for index in range(500):
        late = 0.010 if index % 2 else 0.0
        reception.receive(index, index * 3000, index / 30 + late)
    assert 890 <= reception.report(20.0).jitter <= 900


def test_the_delay_since_a_sender_report_is_told() -> None:
    reception = Reception(7, 90000)
    reception.receive_sender_report(0x0123456789ABCDEF, now=5.0)
    report = reception.report(5.5)
    assert (report.lsr, report.dlsr) == (0x456789AB, 32768)


@given(starts, st.lists(st.booleans(), min_size=1, max_size=300))
def test_every_report_fits_its_fields(start: int, arrived: list[bool]) -> None:
    reception = Reception(7, 48000)
    reception.receive(start, 0, 0.0)
    for index, here in enumerate([*arrived, True], 1):
        if here:
            reception.receive((start + index) & 0xFFFF, index * 960, index * 0.02)
    report = reception.report(10.0)
    assert report.lost == reception.lost == arrived.count(False)
    assert report.highest == (start & 0xFFFF) + len(arrived) + 1
    assert len(report.to_bytes()) == 24


@given(st.lists(st.tuples(starts, st.integers(0, 2**32 - 1), st.floats(0, 10)), max_size=100))
def test_any_stream_can_be_reported(packets: list[tuple[int, int, float]]) -> None:
    reception, now = Reception(7, 90000), 0.0
    for sequence, timestamp, pause in packets:
        now += pause
        reception.receive(sequence, timestamp, now)
        assert len(reception.report(now).to_bytes()) == 24
