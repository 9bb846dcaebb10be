"""What a packet, a join and a subscriber cost the relay: one publisher, N light subscribers, ICE and DTLS.

`python -m bench.relay_fanout --subscribers 300 --seconds 10 --json FILE`
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.batch_socket import allow_open_files
from bench.control import RelayError, RelayProcess, WebEnd
from bench.dtls import Identity
from bench.footage import Footage, make_footage
from bench.light_client import Subscriber, Swarm
from bench.publisher import AUDIO_MID, VIDEO_MID, Publisher
from bench.report import at_least, at_most, table, write_json
from bench.sdp import answer_to, read_remote
from media_relay import protocol

ROOM = "bench"
TEACHER = "teacher"
CONNECT_SECONDS = 20.0
JOINS_AT_ONCE = 8
WARM_UP_SECONDS = 3.0
SETTLE_SECONDS = 1.0
SPARE_FILES = 200
VP8_DESCRIPTOR_BYTES = 4

SLOTS = (
    protocol.Slot("teacher-microphone", protocol.AUDIO),
    protocol.Slot("teacher-camera", protocol.VIDEO),
    protocol.Slot("teacher-screen", protocol.VIDEO),
    protocol.Slot("teacher-screen-audio", protocol.AUDIO),
)
STAGE = (
    protocol.StageEntry("teacher-microphone", TEACHER, protocol.MICROPHONE),
    protocol.StageEntry("teacher-camera", TEACHER, protocol.CAMERA),
)


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


@dataclass(frozen=True, slots=True)
class Mark:
    """The counters at one quiet moment."""

    time: float
    cpu: float
    sent: int
    received: int


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


class Fanout:
    """One run: a relay, a publisher and the subscribers."""

    def __init__(self, subscribers: int, profile: Path | None = None) -> None:
        self._count = subscribers
        self._identity = Identity()
        self._footage = make_footage()
        self._contents = Contents(self._footage)
        self._web = WebEnd()
        self._relay = RelayProcess(self._web, capacity=subscribers + 10, profile=profile)
        self._swarm = Swarm()
        self._publisher = Publisher(self._identity, self._footage)

    async def run(self, seconds: float) -> Result:
        """Measures; raises RelayError, ConnectionError or ValueError where there is nothing to measure."""
        await self._web.start()
        try:
            await self._relay.start()
            self._swarm.start()
            return await self._measure(seconds)
        finally:
            await self._swarm.stop()
            await self._relay.stop()
            await self._web.stop()

    async def _measure(self, seconds: float) -> Result:
        await self._web.send(self._permits())
        await self._publish()
        await self._publisher.play(SETTLE_SECONDS)
        rss_before = self._relay.rss_kb()
        join_cpu = await self._join_all()
        await self._publisher.play(WARM_UP_SECONDS)
        before = await self._mark()
        await self._publisher.play(seconds)
        ended = time.monotonic()
        after = await self._mark()
        self._check_contents()
        return self._result(before, after, ended - before.time, rss_before, join_cpu)

    def _permits(self) -> protocol.Permits:
        viewers = tuple(f"viewer-{index}" for index in range(self._count))
        publishers = {TEACHER: (protocol.MICROPHONE, protocol.CAMERA)}
        return protocol.Permits(ROOM, 1, SLOTS, viewers, publishers, STAGE)

    async def _publish(self) -> None:
        sources = {AUDIO_MID.decode(): protocol.MICROPHONE, VIDEO_MID.decode(): protocol.CAMERA}
        accepted = await self._web.publish(ROOM, TEACHER, "page", self._publisher.offer, sources)
        self._swarm.add(self._publisher)
        self._publisher.connect(read_remote(accepted.sdp), time.monotonic())
        await self._swarm.connected(self._publisher, CONNECT_SECONDS)

    async def _join_all(self) -> float:
        """Returns the CPU seconds that the relay has spent meanwhile."""
        before = self._relay.cpu_seconds()
        gate = asyncio.Semaphore(JOINS_AT_ONCE)
        await asyncio.gather(*(self._join(index, gate) for index in range(self._count)))
        return self._relay.cpu_seconds() - before

    async def _join(self, index: int, gate: asyncio.Semaphore) -> None:
        participant = f"viewer-{index}"
        async with gate:
            subscriber = Subscriber(self._identity, None if index else self._contents.receive)
            self._swarm.add(subscriber)
            offer = await self._web.subscribe(ROOM, participant, "page")
            answer = answer_to(offer.sdp, subscriber.local)
            await self._web.answer(ROOM, participant, "page", answer)
            subscriber.connect(read_remote(offer.sdp), time.monotonic())
            await self._swarm.connected(subscriber, CONNECT_SECONDS)

    async def _mark(self) -> Mark:
        """Waits until nothing is on the way, so that what was sent can be compared with what has come."""
        await self._swarm.quiet()
        return Mark(time.monotonic(), self._relay.cpu_seconds(), self._publisher.sent, self._swarm.received)

    def _check_contents(self) -> None:
        if not self._contents.seen or self._contents.strange:
            seen, strange = self._contents.seen, self._contents.strange
            raise ValueError(f"{strange} of {seen} packets looked at were not the publisher's")

    def _result(self, before: Mark, after: Mark, seconds: float, rss_before: int, join_cpu: float) -> Result:
        sent, received = after.sent - before.sent, after.received - before.received
        cpu, rss = after.cpu - before.cpu, self._relay.rss_kb()
        return Result(
            subscribers=self._count,
            in_pps=round(sent / seconds, 1),
            received_pps=round(received / seconds, 1),
            received_ratio=round(received / (sent * self._count), 6),
            relay_cpu_percent=round(100 * cpu / seconds, 2),
            us_per_forwarded_packet=round(1e6 * cpu / max(1, received), 3),
            relay_rss_mb=round(rss / 1024, 1),
            rss_kb_per_subscriber=round((rss - rss_before) / self._count, 1),
            join_cpu_ms=round(1e3 * join_cpu / self._count, 3),
        )


GOALS = {
    "received_ratio": at_least(0.999),
    "us_per_forwarded_packet": at_most(5),
    "rss_kb_per_subscriber": at_most(150),
    "join_cpu_ms": at_most(3),
}


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--profile", type=Path, help="where to write a cProfile of the relay (slows it down)")
    options = parser.parse_args()
    allow_open_files(options.subscribers + SPARE_FILES)
    try:
        result = asyncio.run(Fanout(options.subscribers, options.profile).run(options.seconds))
    except (RelayError, ConnectionError, ValueError) as error:
        sys.exit(f"nothing was measured: {error}")
    if options.json:
        write_json(asdict(result), options.json)
    print(table(asdict(result), GOALS))


if __name__ == "__main__":
    main()
