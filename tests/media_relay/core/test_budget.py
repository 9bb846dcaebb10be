from __future__ import annotations

import pytest

from media_relay import protocol
from media_relay.core import budget
from media_relay.core.budget import Budget, Smoother
from media_relay.core.stats import Rates

BUDGET = Budget(connections=2000, mbps=900, pps=300_000)


@pytest.mark.parametrize(
    ("connections", "rates", "expected"),
    [
        (0, Rates(0, 0, 0, 0), (0, budget.CONNECTIONS)),
        (1000, Rates(20, 0, 30_000, 90), (0.5, budget.CONNECTIONS)),
        (10, Rates(20, 0, 30_000, 810), (0.9, budget.BANDWIDTH)),
        (10, Rates(20, 0, 240_000, 90), (0.8, budget.PACKETS)),
        (10, Rates(85, 0, 30_000, 90), (0.85, budget.CPU)),
        (10, Rates(85, 0, 600_000, 90), (2.0, budget.PACKETS)),
    ],
)
def test_usage_is_of_what_is_nearest_to_its_end(
    connections: int, rates: Rates, expected: tuple[float, str]
) -> None:
    used, nearest = BUDGET.usage(connections, rates)
    assert (round(used, 9), nearest) == expected


def test_the_names_are_those_of_the_protocol() -> None:
    names = (budget.CONNECTIONS, budget.BANDWIDTH, budget.PACKETS, budget.CPU)
    assert names == protocol.BUDGETS


def test_what_comes_in_counts_for_the_processor_alone() -> None:
    assert BUDGET.usage(1, Rates(0, 10_000_000, 0, 0))[0] == 1 / 2000


def test_a_second_of_handshakes_is_no_load_and_half_a_minute_is() -> None:
    smoother = Smoother()
    assert smoother.add(100, 1.0) < 20
    for _ in range(30):
        smoother.add(100, 1.0)
    assert smoother.value > 99


def test_the_average_does_not_depend_on_how_often_it_is_told() -> None:
    often, rarely = Smoother(), Smoother()
    for _ in range(10):
        often.add(80, 0.2)
    rarely.add(80, 2.0)
    assert often.value == pytest.approx(rarely.value)


def test_no_time_changes_no_average() -> None:
    smoother = Smoother()
    smoother.add(50, 5.0)
    assert smoother.add(100, 0.0) == smoother.add(100, -1.0) == smoother.value
