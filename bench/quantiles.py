"""What a benchmark makes of many values: quantiles, of lists and of histograms."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """Returns the value that `share` of the values (0 to 1) do not exceed, between neighbours if need be.

    Raises ValueError if there are no values.
    """
    if not values:
        raise ValueError("there is no quantile of nothing")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def most_within(times: Sequence[float], span: float) -> int:
    """Returns how many of the times at most lie within `span` of each other; the times ascend."""
    return max(
        (bisect.bisect_left(times, start + span) - index for index, start in enumerate(times)), default=0
    )


def histogram_quantile(buckets: Mapping[float, float], share: float) -> float:
    """Returns a quantile of a cumulative histogram: counts by upper bound, the last of which is infinite.

    Within a bucket values count as evenly spread; raises ValueError if there are none.
    """
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]]:
        raise ValueError("there is no quantile of nothing")
    wanted = share * buckets[bounds[-1]]
    below, floor = 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= wanted and count > below:
            return (
                floor if math.isinf(bound) else floor + (bound - floor) * (wanted - below) / (count - below)
            )
        below, floor = count, bound
    return floor
