from __future__ import annotations

import math

import pytest

from bench.quantiles import histogram_quantile, most_within, quantile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3], 0.99, 3),
        ([1, 2, 3, 4, 5], 0.5, 3),
        ([4, 1, 3, 2], 0.5, 2.5),
        ([0, 10], 0.95, 9.5),
        ([1, 2], 1, 2),
    ],
)
def test_a_quantile_lies_between_its_neighbours(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == pytest.approx(expected)


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="quantile of nothing"):
        quantile([], 0.5)
    with pytest.raises(ValueError, match="quantile of nothing"):
        histogram_quantile({1.0: 0, math.inf: 0}, 0.5)


@pytest.mark.parametrize(
    ("times", "expected"),
    [([], 0), ([5.0], 1), ([0.0, 0.5, 1.0, 1.4], 3), ([0.0, 1.0, 2.0], 1), ([0.0, 0.9, 1.8, 1.9, 2.0], 3)],
)
def test_the_fullest_span_is_found(times: list[float], expected: int) -> None:
    assert most_within(times, 1.0) == expected


@pytest.mark.parametrize(("share", "expected"), [(0.1, 2), (0.5, 10), (0.7, 15), (0.99, 30)])
def test_a_histogram_is_even_within_a_bucket_and_ends_at_its_last_bound(
    share: float, expected: float
) -> None:
    buckets = {10.0: 50.0, 20.0: 90.0, 30.0: 90.0, math.inf: 100.0}
    assert histogram_quantile(buckets, share) == pytest.approx(expected)
