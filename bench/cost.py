"""What forwarding costs over the number of subscribers, on one core: one relay whose lecture grows.

`python -m bench.cost deaf --steps 50,500,2000 --seconds 6 --json FILE`

Counting clients show that everything arrives, but need processor time themselves; deaf ones read nothing, so
that what is measured goes on where this machine could not feed the others.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.batch_socket import allow_open_files
from bench.control import RelayError
from bench.dtls import Identity
from bench.footage import make_footage
from bench.lecture import SPARE_FILES, Lecture, Window
from bench.quantiles import histogram_quantile
from bench.relay import Relay
from bench.report import Goal, at_least, at_most, points_table, table, write_json

DEAF, COUNTING = "deaf", "counting"
SETTLE_SECONDS = 2.0
QUIET_SECONDS = 0.3
"""Longer than the relay keeps any packet."""
ENOUGH = 0.999
"""Of the packets must arrive; counting clients are not asked for more once they do not."""
SENT = "lectern_relay_packets_sent_total"
LARGE, LARGEST = 1000, 2000
LAG = re.compile(r'lectern_relay_loop_wait_seconds_bucket\{le="(.+)"\}')


@dataclass(frozen=True, slots=True)
class Point:
    """What a lecture of a size has cost."""

    subscribers: int
    out_pps: float
    """Packets a second that were received, or sent where nobody reads."""
    ratio: float
    """The same ÷ (sent by the publisher, times subscribers)."""
    cpu_percent: float
    """Of one core."""
    us_per_packet: float
    lag_p99_ms: float
    """How late the relay's event loop was for its timer."""
    rss_kb_per_subscriber: float
    """What memory has grown by since the publisher was alone ÷ subscribers."""
    join_cpu_ms: float
    """Of each who has joined in this step, the publisher being silent."""


async def grow(kind: str, steps: Sequence[int], seconds: float) -> list[Point]:
    """Returns a point for each step; with counting clients up to the first that this machine can't feed."""
    relay, points = Relay(max(steps)), list[Point]()
    async with Lecture(relay, Identity(), make_footage()) as lecture:
        await lecture.publisher.play(SETTLE_SECONDS)
        alone = relay.rss_kb()
        for count in steps:
            joining = count - len(lecture.subscribers)
            join_cpu = await lecture.join(joining, deaf=kind == DEAF)
            await lecture.publisher.play(SETTLE_SECONDS)
            await lecture.swarm.quiet(QUIET_SECONDS)
            before, reports = await relay.metrics(), lecture.publisher.reports
            window = await lecture.measure(seconds)
            await lecture.swarm.quiet(QUIET_SECONDS)
            after, reports = await relay.metrics(), lecture.publisher.reports - reports
            sent = int(after[SENT] - before[SENT]) - reports * count
            packets = sent if kind == DEAF else window.received
            lag = loop_lag(before, after)
            point = _point(count, window, packets, lag, relay.rss_kb() - alone, join_cpu / joining)
            points.append(point)
            print(f"{count}: {point.us_per_packet} µs, {point.cpu_percent} %, {point.ratio}", flush=True)
            if kind == COUNTING and point.ratio < ENOUGH:
                break
    return points


def _point(count: int, window: Window, packets: int, lag: float, grown_kb: int, join_cpu: float) -> Point:
    return Point(
        subscribers=count,
        out_pps=round(packets / window.seconds),
        ratio=round(packets / (window.sent * count), 5),
        cpu_percent=round(100 * window.cpu / window.seconds, 1),
        us_per_packet=round(1e6 * window.cpu / max(1, packets), 2),
        lag_p99_ms=round(1000 * lag, 2),
        rss_kb_per_subscriber=round(grown_kb / count, 1),
        join_cpu_ms=round(1000 * join_cpu, 2),
    )


def goals(subscribers: int) -> dict[str, Goal]:
    """Returns what a lecture of such a size should keep."""
    by_size: dict[str, Goal] = {}
    if subscribers >= LARGE:
        by_size = {
            "us_per_packet": at_most(2.9 if subscribers >= LARGEST else 3.0),
            "rss_kb_per_subscriber": at_most(100),
            "join_cpu_ms": at_most(2),
        }
    return {"ratio": at_least(ENOUGH), "lag_p99_ms": at_most(20), **by_size}


def loop_lag(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Returns the 99th percentile of how late the event loop was between two readings, in seconds."""
    buckets = {
        float(found[1]): value - before.get(name, 0.0)
        for name, value in after.items()
        if (found := LAG.fullmatch(name))
    }
    return histogram_quantile(buckets, 0.99)


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", choices=(DEAF, COUNTING))
    parser.add_argument("--steps", default="50,150,300,500,1000,1500,2000", help="subscribers, ascending")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each step")
    parser.add_argument("--json", type=Path, help="where to write the points")
    options = parser.parse_args()
    steps = [int(step) for step in options.steps.split(",")]
    allow_open_files(max(steps) + SPARE_FILES)
    try:
        points = [asdict(point) for point in asyncio.run(grow(options.clients, steps, options.seconds))]
    except (RelayError, ConnectionError, ValueError) as error:
        sys.exit(f"nothing was measured: {error}")
    write_json({"points": points}, options.json)
    print(points_table(points))
    print(table(points[-1], goals(points[-1]["subscribers"])))


if __name__ == "__main__":
    main()
