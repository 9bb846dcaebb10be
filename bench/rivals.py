"""What forwarding a packet costs here and in Janus: the same publisher and clients, in turns in one run.

`python -m bench.rivals --steps 50,150,300 --rounds 2 --seconds 3 --json FILE`

All are up all the time, and play one after the other; the first round is thrown away.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bench.batch_socket import allow_open_files
from bench.control import RelayError
from bench.dtls import Identity
from bench.footage import make_footage
from bench.janus import Janus, JanusError, is_installed
from bench.lecture import JOINS_AT_ONCE, SPARE_FILES, Lecture
from bench.relay import Relay
from bench.report import at_least, not_measured, points_table, table, write_json

SETTLE_SECONDS = 0.4
JANUS_JOINS_AT_ONCE = 50
"""Each takes a second, in which Janus makes up its mind on ICE."""
OURS = "Lectern"
GOAL = at_least(8.0)
"""What of theirs a packet costs, at the largest size of both, in our own."""


async def compare(steps: Sequence[int], rounds: int, seconds: float) -> dict[str, Any]:
    """Returns Janus' version and a point for each step and SFU; the rounds are those that count."""
    identity, footage = Identity(), make_footage()
    janus, tuned = Janus(), Janus(event_loops=os.cpu_count() or 1)
    async with AsyncExitStack() as stack:
        lectures = [
            await stack.enter_async_context(Lecture(sfu, identity, footage))
            for sfu in (Relay(max(steps)), janus, tuned)
        ]
        points = []
        for count in steps:
            for lecture in lectures:
                at_once = JOINS_AT_ONCE if lecture.sfu.name == OURS else JANUS_JOINS_AT_ONCE
                await lecture.join(count - len(lecture.subscribers), at_once=at_once)
            turns = [[await _turn(lecture, seconds) for lecture in lectures] for _ in range(rounds + 1)]
            for lecture, measured in zip(lectures, zip(*turns[1:], strict=True), strict=True):
                points.append({"sfu": lecture.sfu.name, "subscribers": count, **_medians(measured)})
                print(points[-1], flush=True)
    return {"janus": janus.version, "points": with_ratios(points)}


async def _turn(lecture: Lecture, seconds: float) -> dict[str, float]:
    await lecture.publisher.play(SETTLE_SECONDS)
    window = await lecture.measure(seconds)
    return {
        "us_per_packet": 1e6 * window.cpu / max(1, window.received),
        "cpu_percent": 100 * window.cpu / window.seconds,
        "received_ratio": window.received / (window.sent * len(lecture.subscribers)),
    }


def _medians(turns: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(turn[name] for turn in turns), 4) for name in turns[0]}


def with_ratios(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the points, each with what its packet costs in ours of the same size."""
    ours = {point["subscribers"]: point["us_per_packet"] for point in points if point["sfu"] == OURS}
    return [
        {**point, "times_ours": round(point["us_per_packet"] / ours[point["subscribers"]], 2)}
        for point in points
    ]


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", default="50,150,300", help="subscribers, ascending")
    parser.add_argument("--rounds", type=int, default=2, help="that count; one more is run first")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn")
    parser.add_argument("--json", type=Path, help="where to write the points")
    options = parser.parse_args()
    if not is_installed():
        not_measured("no janus", options.json)
        return
    steps = [int(step) for step in options.steps.split(",")]
    allow_open_files(3 * max(steps) + SPARE_FILES)
    try:
        figures = asyncio.run(compare(steps, options.rounds, options.seconds))
    except (RelayError, JanusError, ConnectionError, ValueError) as error:
        sys.exit(f"nothing was measured: {error}")
    write_json(figures, options.json)
    print(points_table(figures["points"]))
    times = [point["times_ours"] for point in figures["points"] if point["sfu"] == "Janus"][-1]
    print(table({"janus_times_ours": times}, {"janus_times_ours": GOAL}))


if __name__ == "__main__":
    main()
