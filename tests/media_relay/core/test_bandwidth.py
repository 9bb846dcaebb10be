"""The estimate of what a subscriber can take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media_relay.core.bandwidth import INITIAL_BITRATE, MAX_BITRATE, MIN_BITRATE, REMB_LIFETIME, Estimate


def test_an_estimate_begins_with_a_guess() -> None:
    assert Estimate().bitrate == INITIAL_BITRATE
    assert Estimate(300_000).bitrate == 300_000


def test_the_browser_s_own_estimate_is_the_limit() -> None:
    estimate = Estimate()
    estimate.receive_remb(400_000, 0.0)
    assert estimate.bitrate == 400_000


def test_the_browser_s_first_word_may_raise_the_guess() -> None:
    estimate = Estimate()
    estimate.receive_remb(3_000_000, 0.0)
    assert estimate.bitrate == 3_000_000


def test_without_loss_there_is_more_room_each_second() -> None:
    estimate = Estimate()
    for second in range(3):
        estimate.receive_loss(0.0, float(second))
    assert estimate.bitrate == pytest.approx(INITIAL_BITRATE * 1.05**3)


def test_much_loss_takes_half_of_itself() -> None:
    estimate = Estimate()
    estimate.receive_loss(0.2, 0.0)
    assert estimate.bitrate == pytest.approx(INITIAL_BITRATE * 0.9)


def test_some_loss_changes_nothing() -> None:
    estimate = Estimate()
    for fraction in (0.02, 0.05, 0.10):
        estimate.receive_loss(fraction, 0.0)
    assert estimate.bitrate == INITIAL_BITRATE


def test_reports_that_come_together_count_once() -> None:
    estimate = Estimate()
    for _ in range(4):
        estimate.receive_loss(0.2, 0.0)
        estimate.receive_loss(0.0, 0.0)
    assert estimate.bitrate == pytest.approx(INITIAL_BITRATE * 0.9)


def test_loss_counts_even_if_another_stream_has_none() -> None:
    estimate = Estimate()
    estimate.receive_loss(0.0, 0.0)
    estimate.receive_loss(0.5, 0.0)
    assert estimate.bitrate == pytest.approx(INITIAL_BITRATE * 1.05 * 0.75)


def test_loss_cuts_what_is_really_sent() -> None:
    estimate = Estimate(10_000_000)
    estimate.receive_remb(1_000_000, 0.0)
    estimate.receive_loss(0.2, 0.0)
    assert estimate.bitrate == pytest.approx(900_000)


def test_a_browser_that_falls_silent_no_longer_limits() -> None:
    estimate = Estimate()
    estimate.receive_remb(400_000, 0.0)
    estimate.receive_loss(0.0, REMB_LIFETIME)
    assert estimate.bitrate == 400_000
    estimate.receive_loss(0.0, REMB_LIFETIME + 1)
    assert estimate.bitrate > 400_000


reports = st.tuples(st.booleans(), st.floats(0, 2), st.integers(0, 2**48), st.floats(0, 10))


@given(st.lists(reports, max_size=50))
def test_the_estimate_stays_within_its_bounds(history: list[tuple[bool, float, int, float]]) -> None:
    estimate, now = Estimate(), 0.0
    for is_remb, fraction, bps, pause in history:
        now += pause
        if is_remb:
            estimate.receive_remb(bps, now)
        else:
            estimate.receive_loss(fraction, now)
        assert MIN_BITRATE <= estimate.bitrate <= MAX_BITRATE
