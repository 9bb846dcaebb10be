"""What a student's samples say about pictures and sound: rates, freezes, when all was well again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEADY_SECONDS = 1.0
"""For so long all must be well to count as well again."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a page has received up to a moment, since it began; seconds, and samples of sound.

    `height` are the lines of the picture at that moment.
    """

    time: float
    frames: float
    height: float
    frozen: float
    freezes: float
    heard: float
    concealed: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What a while was like."""

    fps: float
    frozen_percent: float
    concealed_percent: float
    """Of the sound, invented by the browser because nothing had come."""
    height: float
    """Lines of the picture at the end."""


def between(samples: Sequence[Sample], start: float, end: float) -> list[Sample]:
    """Returns the samples of a while."""
    return [sample for sample in samples if start <= sample.time <= end]


def summary(samples: Sequence[Sample]) -> Summary:
    """Sums up a while; raises ValueError if there are not two samples of it."""
    if len(samples) < 2:
        raise ValueError("a while has two samples at least")
    first, last = samples[0], samples[-1]
    seconds = last.time - first.time
    return Summary(
        round((last.frames - first.frames) / seconds, 2),
        round(100 * (last.frozen - first.frozen) / seconds, 2),
        round(100 * (last.concealed - first.concealed) / max(1.0, last.heard - first.heard), 2),
        last.height,
    )


def rates(samples: Sequence[Sample]) -> list[tuple[float, float]]:
    """Returns the pictures a second over time, each over the last second."""
    found = []
    for index, sample in enumerate(samples):
        before = next((each for each in samples[:index] if sample.time - each.time <= STEADY_SECONDS), None)
        if before and sample.time - before.time >= STEADY_SECONDS / 2:
            found.append((sample.time, (sample.frames - before.frames) / (sample.time - before.time)))
    return found


def recovery(samples: Sequence[Sample], since: float, height: float, fps: float) -> float | None:
    """Returns the seconds until pictures of so many lines came at such a rate for a while; None if never.

    What counts is the beginning of that while.
    """
    after = [sample for sample in samples if sample.time >= since]
    for index, first in enumerate(after):
        steady = [each for each in after[index:] if each.time - first.time <= STEADY_SECONDS]
        seconds = steady[-1].time - first.time
        if seconds < STEADY_SECONDS / 2:
            return None
        rate = (steady[-1].frames - first.frames) / seconds
        if rate >= fps and all(each.height >= height for each in steady):
            return round(first.time - since, 2)
    return None
