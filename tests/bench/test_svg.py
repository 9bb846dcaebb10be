from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from bench.svg import HEIGHT, WIDTH, Axis, Series, nice_ticks, plot

SVG = "{http://www.w3.org/2000/svg}"
LINES = [Series("ours <1>", [(50, 4.0), (500, 3.0)]), Series("theirs", [(50, 24.0), (500, 26.0)])]


def drawn(**options: Any) -> ET.Element:
    """A plot of two lines, parsed."""
    across = Axis("subscribers", (50, 500), is_logarithmic=True)
    return ET.fromstring(plot('Cost & "more"', across, Axis("µs"), LINES, **options))


def test_a_plot_is_sound_xml_that_says_everything_in_words() -> None:
    root = drawn(goal=("goal", 3.0), marks=[("1", 100.0)])
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert root.get("aria-label") == 'Cost & "more"'
    assert {'Cost & "more"', "subscribers", "µs", "ours <1>", "theirs", "goal", "1", "50", "500"} <= set(
        words
    )


def test_a_line_has_a_mark_at_each_point_within_the_page() -> None:
    circles = list(drawn().iter(f"{SVG}circle"))
    assert len(circles) == 1 + len(LINES[0].points)
    for circle in circles:
        assert 0 < float(circle.get("cx", "")) < WIDTH
        assert 0 < float(circle.get("cy", "")) < HEIGHT


def test_a_plot_is_for_dark_pages_too() -> None:
    style = drawn().find(f"{SVG}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in (style.text or "")


def test_nothing_is_not_drawn() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        plot("", Axis("x"), Axis("y"), [Series("none", [])])


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (3, (0, 0.5, 1, 1.5, 2, 2.5, 3)),
        (26, (0, 5, 10, 15, 20, 25, 30)),
        (100, (0, 20, 40, 60, 80, 100)),
        (0.07, (0, 0.02, 0.04, 0.06, 0.08)),
    ],
)
def test_ticks_are_round_and_reach_the_highest_value(highest: float, expected: tuple[float, ...]) -> None:
    assert nice_ticks(highest) == pytest.approx(expected)
