"""Many join a lecture that goes on: when each could show a picture, and what those already in notice.

`python -m bench.storm --inside 300 --joining 500 --span 10 --json FILE`
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from bench.batch_socket import allow_open_files
from bench.control import RelayError
from bench.dtls import Identity
from bench.footage import FRAMES_PER_SECOND, Footage, make_footage
from bench.lecture import SPARE_FILES, Lecture
from bench.light_client import Subscriber
from bench.pictures import FirstPicture
from bench.quantiles import most_within, quantile
from bench.relay import Relay
from bench.report import at_least, at_most, table, write_json

WARM_UP_SECONDS = 2.0
TAIL_SECONDS = 3.0
"""After the last has asked; the longest wait that is measured."""
RATE_SPAN = 1.0
SHOWN = (0, *range(5, 100, 5), 99, 100)
"""Of the joiners, in percent: after how long so many had a picture."""

GOALS = {
    "picture_p95_ms": at_most(1500),
    "joiners_without_picture": at_most(0),
    "keyframe_requests_in_a_second": at_most(2),
    "received_ratio_inside": at_least(1),
}


class Storm:
    """One run; the clients inside count, those who join look at packets until they have a picture."""

    def __init__(self, lecture: Lecture, identity: Identity, joining: int, span: float) -> None:
        self._lecture = lecture
        self._identity = identity
        self._joining = joining
        self._span = span
        self._waits: list[float] = []

    async def run(self) -> dict[str, Any]:
        """Returns what was seen."""
        lecture, publisher = self._lecture, self._lecture.publisher
        inside = list(lecture.subscribers)
        await publisher.play(WARM_UP_SECONDS)
        await lecture.swarm.quiet()
        asked, keyframes = len(publisher.keyframe_requests), publisher.keyframes
        joins = asyncio.gather(*(self._join(index) for index in range(self._joining)))
        got = sum(subscriber.received for subscriber in inside)
        window = await lecture.measure(self._span + TAIL_SECONDS)
        got = sum(subscriber.received for subscriber in inside) - got
        await joins
        waits = [1000 * wait for wait in self._waits]
        return {
            "inside": len(inside),
            "joined": self._joining,
            "span_s": self._span,
            "picture_quantiles": [(percent, round(quantile(waits, percent / 100), 1)) for percent in SHOWN],
            "picture_p50_ms": round(quantile(waits, 0.5), 1),
            "picture_p95_ms": round(quantile(waits, 0.95), 1),
            "picture_max_ms": round(max(waits), 1),
            "joiners_without_picture": self._joining - len(waits),
            "keyframe_requests_in_a_second": most_within(publisher.keyframe_requests[asked:], RATE_SPAN),
            "keyframes_per_s": round((publisher.keyframes - keyframes) / window.seconds, 2),
            "received_ratio_inside": round(got / (window.sent * len(inside)), 6),
            "relay_cpu_percent": round(100 * window.cpu / window.seconds, 1),
        }

    async def _join(self, index: int) -> None:
        await asyncio.sleep(index * self._span / self._joining)
        asked = time.monotonic()
        subscriber = Subscriber(self._identity)
        remote = await self._lecture.begin(subscriber)
        first = FirstPicture(remote.vp8)

        def look(packet: bytes) -> None:
            if first.receive(packet):
                self._waits.append(time.monotonic() - asked)
                subscriber.on_packet = None

        subscriber.on_packet = look
        await self._lecture.connected(subscriber)


async def run(inside: int, joining: int, span: float, footage: Footage) -> dict[str, Any]:
    """Measures; raises RelayError, ConnectionError or ValueError where there is nothing to measure."""
    identity = Identity()
    async with Lecture(Relay(inside + joining), identity, footage) as lecture:
        await lecture.join(inside)
        return await Storm(lecture, identity, joining, span).run()


def replay_costs(footage: Footage) -> list[dict[str, float]]:
    """Returns what the pictures since the last keyframe would be for one who joins so many seconds after it.

    The alternative to asking for a keyframe: bits that are sent to the joiner on top of the running pictures.
    """
    sizes = [sum(map(len, frame)) * 8 for frame in footage.video]
    return [
        {
            "seconds_after": seconds,
            "replay_kbit": round(sum(sizes[: max(1, round(seconds * FRAMES_PER_SECOND))]) / 1000, 1),
            "keyframe_kbit": round(sizes[0] / 1000, 1),
        }
        for seconds in (0.0, 0.5, 1.0, 2.0, 3.0)
    ]


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inside", type=int, default=300, help="how many are in before")
    parser.add_argument("--joining", type=int, default=500)
    parser.add_argument("--span", type=float, default=10.0, help="seconds in which they join")
    parser.add_argument("--json", type=Path, help="where to write the result")
    options = parser.parse_args()
    allow_open_files(options.inside + options.joining + SPARE_FILES)
    footage = make_footage()
    try:
        figures = asyncio.run(run(options.inside, options.joining, options.span, footage))
    except (RelayError, ConnectionError, ValueError) as error:
        sys.exit(f"nothing was measured: {error}")
    write_json({"storm": figures, "replay": replay_costs(footage)}, options.json)
    print(table({name: value for name, value in figures.items() if name != "picture_quantiles"}, GOALS))


if __name__ == "__main__":
    main()
