"""What reports tell of a link."""

from __future__ import annotations

import math

import pytest

from media_relay.core.congestion import CONFIRMING_SECONDS, REMB_LIFETIME, Congestion

SENT = 1_000_000.0


def test_a_low_estimate_alone_says_nothing() -> None:
    congestion = Congestion()
    assert not congestion.receive_remb(800_000, SENT, 0.0)
    for second in range(1, 6):
        assert not congestion.receive_remb(300_000 + second * 10_000, 3 * SENT, second * 6.0)


def test_a_first_estimate_far_below_what_is_sent_is_too_low() -> None:
    assert Congestion().receive_remb(650_000, SENT, 0.0)


def test_an_estimate_that_sinks_far_below_what_is_sent_tells_of_a_thin_link() -> None:
    congestion = Congestion()
    congestion.receive_remb(1_200_000, SENT, 0.0)
    assert congestion.receive_remb(650_000, SENT, 0.5)
    assert congestion.overused_since(0.5)


def test_one_false_alarm_is_not_enough_but_a_second_one_soon_is() -> None:
    congestion = Congestion()
    congestion.receive_remb(1_200_000, SENT, 0.0)
    assert not congestion.receive_remb(850_000, SENT, 1.0)
    assert not congestion.receive_remb(900_000, SENT, 2.0)
    assert congestion.receive_remb(850_000, SENT, 3.0)


def test_delay_that_our_own_train_makes_does_not_count() -> None:
    congestion = Congestion()
    congestion.receive_remb(1_200_000, SENT, 0.0)
    congestion.shadow(2.0)
    assert not congestion.receive_remb(300_000, SENT, 1.0)
    assert not congestion.overused_since(0.0)
    assert congestion.receive_remb(250_000, SENT, 2.0)


def test_an_estimate_that_does_not_grow_is_stalled_and_one_that_does_is_not() -> None:
    congestion = Congestion()
    for second in range(8):
        congestion.receive_remb(500_000, SENT, float(second))
    assert congestion.is_stalled(SENT, 7.0)
    assert not congestion.is_stalled(500_000, 7.0)
    assert not congestion.is_stalled(SENT, CONFIRMING_SECONDS)
    congestion.receive_remb(540_000, SENT, 8.0)
    assert not congestion.is_stalled(SENT, 8.0)


def test_an_estimate_of_long_ago_is_forgotten() -> None:
    congestion = Congestion()
    congestion.receive_remb(500_000, SENT, 0.0)
    assert congestion.remb(REMB_LIFETIME) == 500_000
    assert congestion.remb(REMB_LIFETIME + 0.1) == math.inf
    assert not congestion.receive_remb(200_000, SENT, REMB_LIFETIME + 0.1)


def test_loss_is_smoothed_but_not_when_it_is_certain() -> None:
    congestion = Congestion()
    assert congestion.receive_loss(0.15, 1.0) == pytest.approx(0.15)
    assert congestion.loss == pytest.approx(0.09)
    congestion.receive_loss(0.5, 2.0)
    assert congestion.loss == pytest.approx(0.5)
    congestion.receive_loss(7.0, 4.0)
    assert congestion.loss == 1
    congestion.forget_loss(4.0)
    congestion.receive_loss(-1.0, 5.0)
    assert congestion.loss == 0


def test_reports_of_less_than_a_second_count_together() -> None:
    congestion = Congestion()
    congestion.forget_loss(0.0)
    for fraction, now in ((0.5, 0.2), (0.0, 0.4), (0.0, 0.8)):
        assert congestion.receive_loss(fraction, now) is None
    assert congestion.loss == 0
    assert congestion.receive_loss(0.0, 1.0) == pytest.approx(0.1)
