"""How a benchmark says what it has found: JSON for machines, a table with goals for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import about

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


def points_table(points: Sequence[Mapping[str, Any]]) -> str:
    """Returns figures of the same names, a line for each point and a column for each name."""
    rows = [list(points[0]), *([_cell(value) for value in point.values()] for point in points)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.rjust, row, widths)) for row in rows)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,.10g}"


def write_json(figures: Any, path: Path | None) -> None:
    """Writes the figures and where they come from, making the folder if need be; nowhere without a path."""
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"about": about(), "figures": figures}, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def not_measured(reason: str, path: Path | None) -> None:
    """Says plainly that there is nothing, on paper too."""
    print(f"not measured here: {reason}")
    write_json({"not_measured": reason}, path)
