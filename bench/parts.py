"""What the sections of `docs/performance.md` are made of."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.report import Goal

LINE_LETTERS = 125


@dataclass(frozen=True, slots=True)
class Check:
    """A figure, and the goal it was to keep."""

    what: str
    value: float
    goal: Goal

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in a table."""
        return (
            self.what,
            number(self.value),
            str(self.goal),
            "met" if self.goal.is_met(self.value) else "**missed**",
        )


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page; images by their names, without the ending."""

    title: str
    text: str
    checks: Sequence[Check] = ()
    images: Mapping[str, str] = field(default_factory=dict)


def number(value: Any) -> str:
    """Returns what a reader needs of a figure."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.4g}"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Returns a table whose first column is words."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *([number(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def wrapped(text: str) -> str:
    """Returns a paragraph in lines of the documents' length."""
    return textwrap.fill(" ".join(text.split()), LINE_LETTERS, break_long_words=False, break_on_hyphens=False)


def image(name: str, words: str) -> str:
    """Returns the reference to a plot, with its words."""
    return f"![{words}](images/performance/{name}.svg)"


def check_goals(
    prefix: str, figures: Mapping[str, Any], goals: Mapping[str, Goal], names: Mapping[str, str]
) -> list[Check]:
    """Returns the figures that have goals, by the names that people read."""
    return [Check(f"{prefix}{names[name]}", figures[name], goal) for name, goal in goals.items()]
