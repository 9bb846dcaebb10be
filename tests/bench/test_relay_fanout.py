"""The fan-out benchmark counts right: a small run of it against a real relay, and the counter by itself."""

from __future__ import annotations

import pytest

from bench.light_client import SequenceCounter
from tests.bench.running import figures_of

SUBSCRIBERS = 5
FIGURES = {
    "subscribers",
    "in_pps",
    "received_pps",
    "received_ratio",
    "relay_cpu_percent",
    "us_per_forwarded_packet",
    "relay_rss_mb",
    "rss_kb_per_subscriber",
    "join_cpu_ms",
}


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """What a run with five subscribers of two seconds has written."""
    options = ["--subscribers", str(SUBSCRIBERS), "--seconds", "2"]
    measured: dict[str, float] = figures_of(tmp_path_factory.mktemp("bench"), "relay_fanout", *options)
    return measured


def test_a_run_writes_every_figure(figures: dict[str, float]) -> None:
    assert figures.keys() == FIGURES
    assert figures["subscribers"] == SUBSCRIBERS


def test_a_run_counts_what_each_subscriber_gets(figures: dict[str, float]) -> None:
    assert 0.9 < figures["received_ratio"] <= 1
    assert 150 < figures["in_pps"] < 200
    assert figures["received_pps"] == pytest.approx(
        figures["in_pps"] * SUBSCRIBERS * figures["received_ratio"], rel=0.01
    )


def test_a_run_measures_what_the_relay_costs(figures: dict[str, float]) -> None:
    assert figures["relay_cpu_percent"] > 0
    assert figures["relay_rss_mb"] > 0


def count(*sequences: int) -> SequenceCounter:
    """A counter that has seen these sequence numbers."""
    counter = SequenceCounter(sequences[0])
    for sequence in sequences:
        counter.receive(sequence)
    return counter


def test_a_late_packet_counts_and_a_repeated_one_does_not() -> None:
    counter = count(10, 12, 11, 11, 12)
    assert (counter.received, counter.duplicates) == (3, 2)


def test_a_lost_packet_does_not_count() -> None:
    assert count(10, 11, 14).received == 3


def test_counting_goes_on_where_sequence_numbers_wrap() -> None:
    counter = count(65534, 0, 65535, 1)
    assert (counter.received, counter.duplicates, counter.missing) == (4, 0, set())
