"""What a student waits for, in real Chromium: from a click on `Join` to the first picture; glass to glass.

`python -m bench.join --json FILE`
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError

from bench.glass import WATCHING, Glass, measure_direct, measure_lesson
from bench.lesson import Lesson, UnfitRunError, running_lesson, wait_for
from bench.quantiles import quantile
from bench.report import Figures, at_most, table, write_json
from tests.support.room import Room

JOINS = 12
REST_SECONDS = 1.0
"""Between two joins, so that the end of one is not the delay of the next."""

GOALS = {
    "join_median_ms": at_most(250),
    "glass_median_ms": at_most(45),
    "glass_p95_ms": at_most(80),
}


def measure_joins(lesson: Lesson, count: int) -> list[float]:
    """Returns the milliseconds from click to first picture of each join; one before them warms up."""
    context = lesson.person("student1", "join_watch.js")
    waits = [_measure_join(lesson.room(context)) for _ in range(count + 1)]
    context.close()
    return waits[1:]


def _measure_join(room: Room) -> float:
    room.button("Join").wait_for()
    room.page.wait_for_timeout(REST_SECONDS * 1000)
    room.join()
    wait_for(room.page, "joinTimes.picture !== null")
    wait: float = room.page.evaluate("joinTimes.picture - joinTimes.clicked")
    room.page.close()
    return wait


def measure(joins: int) -> Figures:
    """Runs everything, one after the other, in one browser."""
    with running_lesson() as lesson:
        teacher = lesson.person("teacher", "drawn_camera.js", "clock_camera.js")
        room = lesson.room(teacher).go_live()
        waits = measure_joins(lesson, joins)
        with_sound = measure_lesson(lesson)
        room.button("Microphone").click()
        alone = measure_lesson(lesson)
        teacher.close()
        direct = measure_direct(lesson.browser, lesson.sign_in_url, sound=False)
        direct_with_sound = measure_direct(lesson.browser, lesson.sign_in_url, sound=True)
    return {
        "joins": joins,
        "join_median_ms": round(statistics.median(waits), 1),
        "join_p95_ms": round(quantile(waits, 0.95), 1),
        "watching": len(WATCHING),
        **glass_figures("glass", alone),
        **glass_figures("direct", direct),
        **glass_figures("glass_with_sound", with_sound),
        **glass_figures("direct_with_sound", direct_with_sound),
        "glass_sound_buffer_ms": round(with_sound.sound_buffer, 1),
        "direct_sound_buffer_ms": round(direct_with_sound.sound_buffer, 1),
    }


def glass_figures(name: str, glass: Glass) -> Figures:
    """Returns the figures of one way from glass to glass."""
    return {
        f"{name}_pictures": len(glass.ages),
        f"{name}_lines": glass.lines,
        f"{name}_median_ms": round(statistics.median(glass.ages), 1),
        f"{name}_p95_ms": round(quantile(glass.ages, 0.95), 1),
    }


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=JOINS)
    parser.add_argument("--json", type=Path, help="where to write the result")
    options = parser.parse_args()
    try:
        figures = measure(options.joins)
    except (UnfitRunError, AssertionError, PlaywrightError) as error:
        sys.exit(f"nothing was measured: {error}")
    write_json(figures, options.json)
    print(table(figures, GOALS))


if __name__ == "__main__":
    main()
