"""What there is to choose from: every picture first gets its lowest layer, then each in turn all it has.

The gallery comes after all that: its pictures are the last to be shown and the first to pause.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

Rates = tuple[tuple[float, ...], ...]
"""Bits per second, by slot and layer."""

LAYER_FACTOR = 2.0
"""A layer needs so many times what the one below does, however little is measured: it may have just begun."""


class Plan:
    """The steps there are, each a slot's index and its layer.

    `totals` are the rates that flow at each level, `needs` those that a link must bear for it.
    """

    __slots__ = ("lowest", "needs", "steps", "totals")

    def __init__(self, rates: Rates, needs: Rates, limits: tuple[int, ...], gallery: int = 0) -> None:
        tops = [min(len(slot) - 1, limit) for slot, limit in zip(rates, limits, strict=True)]
        shown = [index for index, top in enumerate(tops) if top >= 0]
        first = [index for index in shown if index < len(tops) - gallery]
        steps = [*_steps(first, tops), *_steps(shown[len(first) :], tops)]
        self.steps = tuple(steps)
        self.lowest = len(first)
        """The level at which every slot before the gallery has its lowest layer."""
        self.totals = _totals(steps, rates)
        self.needs = _totals(steps, tuple(map(_least_needs, needs)))

    @property
    def top(self) -> int:
        """The level at which everything is shown."""
        return len(self.steps)

    def fitting(self, bps: float) -> int:
        """Returns the highest level that needs no more than this rate."""
        return max(level for level, need in enumerate(self.needs) if need <= max(bps, 0.0))


def _steps(slots: Sequence[int], tops: Sequence[int]) -> list[tuple[int, int]]:
    raised = ((index, layer) for index in slots for layer in range(1, tops[index] + 1))
    return [*((index, 0) for index in slots), *raised]


def _totals(steps: Iterable[tuple[int, int]], rates: Rates) -> tuple[float, ...]:
    parts = (rates[index][layer] - (rates[index][layer - 1] if layer else 0.0) for index, layer in steps)
    return tuple(accumulate(parts, initial=0.0))


def _least_needs(needs: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(accumulate(needs, lambda below, need: max(need, below * LAYER_FACTOR)))


@lru_cache(maxsize=512)
def plan_of(rates: Rates, needs: Rates, limits: tuple[int, ...], gallery: int = 0) -> Plan:
    """All who watch the same with the same limits share one; the last so many slots are the gallery."""
    return Plan(rates, needs, limits, gallery)
