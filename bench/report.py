"""How a benchmark says what it has found: JSON for machines, a table with goals for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound that a figure should keep."""

    bound: float
    is_ceiling: bool

    def is_met(self, value: float) -> bool:
        """Whether the figure keeps the bound."""
        return value <= self.bound if self.is_ceiling else value >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.is_ceiling else '≥'} {self.bound:g}"


def at_most(bound: float) -> Goal:
    """A goal from above."""
    return Goal(bound, is_ceiling=True)


def at_least(bound: float) -> Goal:
    """A goal from below."""
    return Goal(bound, is_ceiling=False)


def table(figures: Figures, goals: Mapping[str, Goal]) -> str:
    """Returns the figures, a line each, with the goal where there is one and whether it is met."""
    lines = []
    for name, value in figures.items():
        line = f"{name:<30}{value:>14,.10g}"
        if goal := goals.get(name):
            line += f"   {goal!s:>8}  {'met' if goal.is_met(value) else 'MISSED'}"
        lines.append(line)
    return "\n".join(lines)


def write_json(figures: Figures, path: Path) -> None:
    """Writes the figures, making the folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
