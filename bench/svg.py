"""Plots as plain SVG text, for light and for dark pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

WIDTH, HEIGHT = 720, 396
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 100, 52
LEGEND_Y = 58
MAX_TICKS = 7
MAX_SHAPES = 12
"""A line of more points goes without them."""
LETTER_WIDTH = 6.6
"""Of the legend's letters, about."""
SHAPES = (
    '<circle cx="{x}" cy="{y}" r="4"/>',
    '<rect x="{x0}" y="{y0}" width="8" height="8"/>',
    '<path d="M{x} {y0}l5 9h-10z"/>',
    '<path d="M{x} {y0}l5 5l-5 5l-5 -5z"/>',
)
"""So that lines can be told apart without their colours."""

STYLE = """
svg { color-scheme: light dark; font: 13px system-ui, sans-serif; }
.page { fill: #ffffff; stroke: #d9dde5; }
text { fill: #4a5160; }
.title { fill: #1c2230; font-size: 15px; font-weight: 600; }
.grid { stroke: #e6e9ef; }
.axis { stroke: #9aa1ae; }
.goal { stroke: #4a5160; stroke-dasharray: 3 4; stroke-width: 1.5; }
.line { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
.l0 { stroke: #1d5fd1; } .f0 { fill: #1d5fd1; }
.l1 { stroke: #b45309; } .f1 { fill: #b45309; }
.l2 { stroke: #0b7a55; } .f2 { fill: #0b7a55; }
.l3 { stroke: #a21a74; } .f3 { fill: #a21a74; }
@media (prefers-color-scheme: dark) {
  .page { fill: #151922; stroke: #313848; }
  text { fill: #b4bccb; }
  .title { fill: #eef1f6; }
  .grid { stroke: #262d3a; }
  .axis { stroke: #6c7689; }
  .goal { stroke: #b4bccb; }
  .l0 { stroke: #7fabff; } .f0 { fill: #7fabff; }
  .l1 { stroke: #f3ae55; } .f1 { fill: #f3ae55; }
  .l2 { stroke: #55cfa0; } .f2 { fill: #55cfa0; }
  .l3 { stroke: #f08bc6; } .f3 { fill: #f08bc6; }
}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a plot."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows; a logarithmic one has its ticks where the caller wants them."""

    label: str
    ticks: tuple[float, ...] = ()
    is_logarithmic: bool = False


@dataclass(frozen=True, slots=True)
class _Scale:
    ticks: tuple[float, ...]
    place: Callable[[float], float]


def plot(
    title: str,
    x: Axis,
    y: Axis,
    series: Sequence[Series],
    *,
    goal: tuple[str, float] | None = None,
    marks: Sequence[tuple[str, float]] = (),
) -> str:
    """Returns a drawing of at most four lines, a horizontal one for the goal and a vertical one at each mark.

    Raises ValueError if there is nothing to draw.
    """
    points = [point for line in series for point in line.points]
    if not points:
        raise ValueError("there is nothing to draw")
    heights = [value for _, value in points] + ([goal[1]] if goal else [])
    across = _scale(x, [value for value, _ in points], LEFT, WIDTH - RIGHT)
    up = _scale(y, heights, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>',
        f'<text class="title" x="20" y="30">{escape(title)}</text>',
        *_grid(x, y, across, up),
        *(_goal(goal, up) if goal else ()),
        *_marks(marks, across),
        *_legend([line.name for line in series]),
    ]
    for index, line in enumerate(series):
        parts += _line(index, [(across.place(a), up.place(b)) for a, b in line.points])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f"aria-label={quoteattr(title)}>\n<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def nice_ticks(highest: float) -> tuple[float, ...]:
    """Returns round numbers from 0 to at least the highest value, which is above 0; at most seven."""
    magnitude = 10.0 ** math.floor(math.log10(highest / MAX_TICKS))
    steps = (magnitude * factor for factor in (1, 2, 2.5, 5, 10, 20))
    step = next(step for step in steps if math.ceil(highest / step - 1e-9) < MAX_TICKS)
    return tuple(round(step * index, 10) for index in range(math.ceil(highest / step - 1e-9) + 1))


def _scale(axis: Axis, values: Sequence[float], start: float, end: float) -> _Scale:
    ticks = axis.ticks or nice_ticks(max(values) or 1.0)
    bend = math.log if axis.is_logarithmic else float
    low, high = bend(min(*ticks, *values)), bend(max(*ticks, *values))
    high += low == high

    def place(value: float) -> float:
        return round(start + (bend(value) - low) / (high - low) * (end - start), 1)

    return _Scale(ticks, place)


def _grid(x: Axis, y: Axis, across: _Scale, up: _Scale) -> Iterable[str]:
    for tick in up.ticks:
        height = up.place(tick)
        yield f'<path class="grid" d="M{LEFT} {height}H{WIDTH - RIGHT}"/>'
        yield f'<text x="{LEFT - 10}" y="{height + 4.5}" text-anchor="end">{tick:,g}</text>'
    for tick in across.ticks:
        place = across.place(tick)
        yield f'<path class="axis" d="M{place} {HEIGHT - BOTTOM}v5"/>'
        yield f'<text x="{place}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{tick:,g}</text>'
    yield f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x.label)}</text>'
    yield f'<text x="{LEFT - 44}" y="{TOP - 16}">{escape(y.label)}</text>'


def _goal(goal: tuple[str, float], up: _Scale) -> Iterable[str]:
    name, value = goal
    height = up.place(value)
    yield f'<path class="goal" d="M{LEFT} {height}H{WIDTH - RIGHT}"/>'
    yield f'<text x="{WIDTH - RIGHT - 4}" y="{height + 16}" text-anchor="end">{escape(name)}</text>'


def _marks(marks: Sequence[tuple[str, float]], across: _Scale) -> Iterable[str]:
    for name, value in marks:
        place = across.place(value)
        yield f'<path class="goal" d="M{place} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{place + 4}" y="{TOP + 12}">{escape(name)}</text>'


def _legend(names: Sequence[str]) -> Iterable[str]:
    place = 24.0
    for index, name in enumerate(names):
        yield f'<g class="f{index}">{_shape(index, place, LEGEND_Y - 4)}</g>'
        yield f'<text x="{place + 11}" y="{LEGEND_Y}">{escape(name)}</text>'
        place += 34 + LETTER_WIDTH * len(name)


def _line(index: int, places: Sequence[tuple[float, float]]) -> Iterable[str]:
    path = "L".join(f"{x} {y}" for x, y in places)
    yield f'<path class="line l{index}" d="M{path}"/>'
    if len(places) <= MAX_SHAPES:
        yield f'<g class="f{index}">{"".join(_shape(index, x, y) for x, y in places)}</g>'


def _shape(index: int, x: float, y: float) -> str:
    return SHAPES[index].format(x=x, y=y, x0=round(x - 4, 1), y0=round(y - 5, 1))
