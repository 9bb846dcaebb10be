from __future__ import annotations

from media_relay.core.stats import Counters, Histogram, Rates, Reading, rates


def test_rates_are_per_second() -> None:
    before = Reading(now=10.0, cpu=1.0, packets_in=100, packets_out=1000, bytes_out=0)
    after = Reading(now=12.0, cpu=1.5, packets_in=300, packets_out=5000, bytes_out=500_000, bytes_in=25_000)
    assert rates(before, after) == Rates(
        cpu_percent=25.0, in_pps=100.0, out_pps=2000.0, out_mbps=2.0, in_mbps=0.1
    )


def test_no_time_makes_no_rate() -> None:
    reading = Reading(1.0, 1.0, 1, 1, 1)
    assert rates(reading, reading) == Rates(0.0, 0.0, 0.0, 0.0)


def test_a_counter_appears_with_its_first_event() -> None:
    counters = Counters()
    counters.add("lost")
    counters.add("lost", 4)
    assert counters == {"lost": 5}


def test_a_histogram_counts_values_up_to_each_bound() -> None:
    histogram = Histogram((0.001, 0.01))
    for value in (0.0, 0.001, 0.005, 0.01, 2.0):
        histogram.add(value)
    assert histogram.cumulative() == [2, 4, 5]
    assert histogram.total == 2.016
