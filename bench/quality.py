"""What students see on bad lines, in real Chromium: loss, too little room, and how soon all is well again.

`python -m bench.quality --json FILE`

One student's packets go through a line of the tests' own, whose conditions change from phase to phase;
another student, whose line is good, shows what the rest of a class notices, and whether the machine can make
30 pictures a second at all.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from bench.lesson import WINDOW, Lesson, UnfitRunError, running_lesson, wait_for
from bench.report import at_least, at_most, points_table, table, write_json
from bench.timeline import Sample, between, rates, recovery, summary
from tests.support.path import Conditions, UdpPath, leads_through
from tests.support.room import CAMERA

SEED = 1
START_SECONDS = 12.0
"""Until browser and relay have found the best layer."""
ENOUGH_FPS = 25
"""Of the camera's 30."""
GOOD = Conditions()
FAR = Conditions(delay_ms=30)


@dataclass(frozen=True, slots=True)
class Phase:
    """So many seconds of a line; what comes before `settled` is not summed up."""

    name: str
    seconds: float
    down: Conditions = GOOD
    up: Conditions = GOOD
    settled: float = 0.0


PHASES = (
    Phase("good", 5.0),
    Phase("5 % loss, 60 ms RTT", 15.0, Conditions(loss=0.05, delay_ms=30), FAR, settled=3.0),
    Phase("good again", 4.0),
    Phase("300 kbps", 15.0, Conditions(kbps=300), settled=5.0),
    Phase("wide again", 18.0, settled=15.0),
    Phase("30 % loss", 10.0, Conditions(loss=0.3, delay_ms=30), FAR),
    Phase("calm again", 6.0, settled=3.0),
)
LOSSY, NARROW, WIDE_AGAIN, CALM_AGAIN = 1, 3, 4, 6

GOALS = {
    "lossy_fps": at_least(ENOUGH_FPS),
    "lossy_frozen_percent": at_most(1),
    "narrow_fps": at_least(ENOUGH_FPS),
    "narrow_frozen_percent": at_most(1),
    "narrow_concealed_percent": at_most(1),
    "wide_again_s": at_most(15),
    "calm_again_s": at_most(3),
    "neighbour_fps": at_least(ENOUGH_FPS),
    "neighbour_frozen_percent": at_most(1),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run has shown: the samples of both students, and when each phase began."""

    student: list[Sample]
    neighbour: list[Sample]
    phases: Sequence[Phase]
    begins: Sequence[float]

    def settled(self, index: int) -> list[Sample]:
        """Returns the student's samples of a phase once it has settled."""
        phase, begin = self.phases[index], self.begins[index]
        return between(self.student, begin + phase.settled, begin + phase.seconds)


def watch(lesson: Lesson, phases: Sequence[Phase], start: float) -> Seen:
    """Plays all phases after so many seconds; a teacher must be live."""
    with UdpPath(lesson.media_port, seed=SEED) as path:
        student = _join(lesson, "student1", leads_through(path.port))
        neighbour = _join(lesson, "student2")
        student.wait_for_timeout(start * 1000)
        begins = []
        for phase in phases:
            path.change(up=phase.up, down=phase.down)
            begins.append(time.time())
            student.wait_for_timeout(phase.seconds * 1000)
    return Seen(_samples(student), _samples(neighbour), phases, begins)


def _join(lesson: Lesson, name: str, *scripts: str) -> Page:
    context = lesson.person(name, "quality_watch.js", viewport=WINDOW)
    for script in scripts:
        context.add_init_script(script)
    page = lesson.room(context).join().page
    wait_for(page, f"document.querySelector('video[data-slot={CAMERA}]')?.videoWidth > 0")
    page.evaluate("watchQuality()")
    return page


def _samples(page: Page) -> list[Sample]:
    return [Sample(**sample) for sample in page.evaluate("window.qualitySamples")]


def figures(seen: Seen) -> dict[str, Any]:
    """Returns what is told of a run of all phases."""
    best = max(sample.height for sample in seen.student)
    lossy, narrow = (summary(seen.settled(index)) for index in (LOSSY, NARROW))
    neighbour = summary(between(seen.neighbour, seen.begins[0], seen.begins[-1] + seen.phases[-1].seconds))
    return {
        "best_height": best,
        "lossy_fps": lossy.fps,
        "lossy_frozen_percent": lossy.frozen_percent,
        "narrow_fps": narrow.fps,
        "narrow_height": narrow.height,
        "narrow_frozen_percent": narrow.frozen_percent,
        "narrow_concealed_percent": narrow.concealed_percent,
        "wide_again_s": _again(seen, WIDE_AGAIN, best),
        "calm_again_s": _again(seen, CALM_AGAIN, 0.0),
        "neighbour_fps": neighbour.fps,
        "neighbour_frozen_percent": neighbour.frozen_percent,
    }


def _again(seen: Seen, index: int, height: float) -> float:
    """How long it took; the whole phase and one second where it did not come to pass."""
    begin, seconds = seen.begins[index], seen.phases[index].seconds
    samples = between(seen.student, begin, begin + seconds)
    found = recovery(samples, begin, height, ENOUGH_FPS)
    return seconds + 1 if found is None else found


def told(seen: Seen) -> dict[str, Any]:
    """Returns all that is written down: figures, a line for each phase, and the course of it all."""
    phases = [
        {"phase": phase.name, **asdict(summary(seen.settled(index)))}
        for index, phase in enumerate(seen.phases)
    ]
    start = seen.begins[0]
    return {
        "figures": figures(seen),
        "phases": phases,
        "begins": [round(begin - start, 1) for begin in seen.begins],
        "fps": _course(rates(seen.student), start),
        "neighbour_fps": _course(rates(seen.neighbour), start),
        "height": _course([(sample.time, sample.height) for sample in seen.student], start),
    }


def _course(points: Sequence[tuple[float, float]], start: float) -> list[tuple[float, float]]:
    return [(round(moment - start, 2), round(value, 2)) for moment, value in points if moment >= start]


def measure(pace: float = 1.0) -> Seen:
    """Starts Lectern and Chromium, and plays all phases, each for so much of its time."""
    phases = [replace(phase, seconds=phase.seconds * pace, settled=phase.settled * pace) for phase in PHASES]
    with running_lesson() as lesson:
        teacher = lesson.person("teacher", "drawn_camera.js", "busy_camera.js")
        lesson.room(teacher).go_live()
        return watch(lesson, phases, START_SECONDS * pace)


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pace", type=float, default=1.0, help="how much of its time each phase takes")
    parser.add_argument("--json", type=Path, help="where to write the result")
    options = parser.parse_args()
    try:
        result = told(measure(options.pace))
    except (UnfitRunError, ValueError, AssertionError, PlaywrightError) as error:
        sys.exit(f"nothing was measured: {error}")
    write_json(result, options.json)
    print(points_table(result["phases"]))
    print(table(result["figures"], GOALS))


if __name__ == "__main__":
    main()
