"""What a packet, a join and a subscriber cost the relay: one publisher, N light subscribers, ICE and DTLS.

`python -m bench.relay_fanout --subscribers 1000 --seconds 10 --json FILE`
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.batch_socket import allow_open_files
from bench.control import RelayError
from bench.dtls import Identity
from bench.footage import Footage, make_footage
from bench.lecture import SPARE_FILES, Lecture, Window
from bench.relay import Relay
from bench.report import Goal, at_least, at_most, table, write_json

WARM_UP_SECONDS = 3.0
SETTLE_SECONDS = 1.0
VP8_DESCRIPTOR_BYTES = 4
MANY = 2_000
"""From so many subscribers on a packet may cost less."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has shown; rates and CPU are those of the measured window."""

    subscribers: int
    in_pps: float
    """Packets a second that the publisher has sent."""
    received_pps: float
    """Distinct packets a second that all subscribers have received."""
    received_ratio: float
    """Received by all ÷ (sent, times subscribers)."""
    relay_cpu_percent: float
    """utime + stime of the relay in percent of one core."""
    us_per_forwarded_packet: float
    """The same CPU time ÷ packets received, in microseconds."""
    relay_rss_mb: float
    """Resident memory at the end of the window."""
    rss_kb_per_subscriber: float
    """What memory has grown by since the publisher was alone ÷ subscribers."""
    join_cpu_ms: float
    """CPU time of the relay during all joins ÷ subscribers; the publisher is silent meanwhile."""


class Contents:
    """Looks into what one subscriber gets: every payload must be one that the publisher has."""

    def __init__(self, footage: Footage) -> None:
        self._known = {*footage.audio, *(part for frame in footage.video for part in frame)}
        self.seen = 0
        self.strange = 0

    def receive(self, packet: bytes) -> None:
        """Takes a decrypted RTP packet."""
        offset = 12 + 4 * (packet[0] & 15)
        if packet[0] & 0x10:
            offset += 4 + 4 * int.from_bytes(packet[offset + 2 : offset + 4], "big")
        self.seen += 1
        # The relay may pad pictures, to send their packets as one message.
        payload = packet[offset : len(packet) - (packet[-1] if packet[0] & 0x20 else 0)]
        self.strange += payload not in self._known and payload[VP8_DESCRIPTOR_BYTES:] not in self._known

    def check(self) -> None:
        """Raises ValueError if something came that the publisher has not sent."""
        if not self.seen or self.strange:
            raise ValueError(f"{self.strange} of {self.seen} packets looked at were not the publisher's")


async def run(subscribers: int, seconds: float, profile: Path | None = None) -> Result:
    """Measures; raises RelayError, ConnectionError or ValueError where there is nothing to measure."""
    footage = make_footage()
    contents = Contents(footage)
    relay = Relay(subscribers, profile)
    async with Lecture(relay, Identity(), footage) as lecture:
        await lecture.publisher.play(SETTLE_SECONDS)
        rss_before = relay.rss_kb()
        join_cpu = await lecture.join(1, on_packet=contents.receive)
        join_cpu += await lecture.join(subscribers - 1)
        await lecture.publisher.play(WARM_UP_SECONDS)
        window = await lecture.measure(seconds)
        rss = relay.rss_kb()
    contents.check()
    return _result(subscribers, window, rss_before, rss, join_cpu)


def _result(count: int, window: Window, rss_before: int, rss: int, join_cpu: float) -> Result:
    return Result(
        subscribers=count,
        in_pps=round(window.sent / window.seconds, 1),
        received_pps=round(window.received / window.seconds, 1),
        received_ratio=round(window.received / (window.sent * count), 6),
        relay_cpu_percent=round(100 * window.cpu / window.seconds, 2),
        us_per_forwarded_packet=round(1e6 * window.cpu / max(1, window.received), 3),
        relay_rss_mb=round(rss / 1024, 1),
        rss_kb_per_subscriber=round((rss - rss_before) / count, 1),
        join_cpu_ms=round(1e3 * join_cpu / count, 3),
    )


def goals(subscribers: int) -> dict[str, Goal]:
    """Returns what a run with so many subscribers should keep."""
    return {
        "received_ratio": at_least(0.999),
        "us_per_forwarded_packet": at_most(2.9 if subscribers >= MANY else 3.0),
        "rss_kb_per_subscriber": at_most(100),
        "join_cpu_ms": at_most(2),
    }


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--profile", type=Path, help="where to write a cProfile of the relay (slows it down)")
    options = parser.parse_args()
    allow_open_files(options.subscribers + SPARE_FILES)
    try:
        result = asyncio.run(run(options.subscribers, options.seconds, options.profile))
    except (RelayError, ConnectionError, ValueError) as error:
        sys.exit(f"nothing was measured: {error}")
    write_json(asdict(result), options.json)
    print(table(asdict(result), goals(options.subscribers)))


if __name__ == "__main__":
    main()
