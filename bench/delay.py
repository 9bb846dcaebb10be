"""How long the relay keeps a packet: from the publisher's socket to those of a few of many subscribers.

`python -m bench.delay --subscribers 1000 --seconds 10 --json FILE`

The publisher writes the time into each payload as it sends it; the kernel notes when a packet reaches a
subscriber's socket. So neither end of the load adds to what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import struct
import sys
from pathlib import Path

from bench.batch_socket import BatchReader, allow_open_files
from bench.control import RelayError
from bench.dtls import Identity
from bench.footage import make_footage
from bench.lecture import SPARE_FILES, Lecture
from bench.light_client import Subscriber
from bench.publisher import STAMP_BYTES
from bench.quantiles import quantile
from bench.relay import Relay
from bench.report import Figures, at_most, table, write_json
from bench.sdp import Remote
from media_relay.core import rtp

PROBES = 10
WARM_UP_SECONDS = 2.0
MAX_DATAGRAM_BYTES = 2048
SO_TIMESTAMPNS = 35
"""socket(7); the standard library has no name for it."""
_TIMESPEC = struct.Struct("@qq")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)

GOALS = {"p50_ms": at_most(1), "p99_ms": at_most(10)}


class Probe(Subscriber):
    """A subscriber that compares when each packet was sent and when it came; milliseconds."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(identity)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.sound: list[float] = []
        self.pictures: list[float] = []
        self._vp8 = -1

    def connect(self, remote: Remote, now: float) -> None:
        """Starts towards the relay."""
        self._vp8 = remote.vp8
        super().connect(remote, now)

    def read_waiting(self, reader: BatchReader, now: float) -> None:
        """Takes all that waits in the socket."""
        while True:
            try:
                data, [(_, _, stamp)], _, _ = self.socket.recvmsg(MAX_DATAGRAM_BYTES, _ANCILLARY_BYTES)
            except BlockingIOError:
                return
            seconds, nanoseconds = _TIMESPEC.unpack(stamp)
            if self.sessions and data[0] & 0xC0 == 0x80 and not rtp.is_rtcp(data):
                self._compare(self.sessions.inbound.unprotect(data), seconds * 10**9 + nanoseconds)
            else:
                self.receive_datagram(data, now)

    def _compare(self, packet: bytes, arrived: int) -> None:
        header = rtp.parse_header(packet)
        if header.payload_type not in self._payload_types:
            return
        sent = int.from_bytes(rtp.payload(packet, header)[-STAMP_BYTES:])
        kind = self.pictures if header.payload_type == self._vp8 else self.sound
        kind.append((arrived - sent) / 1e6)


async def run(subscribers: int, seconds: float, probes: int) -> Figures:
    """Measures; raises RelayError, ConnectionError or ValueError where there is nothing to measure.

    All but the probes are deaf: the relay sends to them, but they leave the processor to those that measure.
    """
    identity = Identity()
    async with Lecture(Relay(subscribers), identity, make_footage()) as lecture:
        lecture.publisher.is_stamping = True
        probing = []
        for index in range(probes):
            # Spread over the order of joining.
            before = (index + 1) * subscribers // probes - 1
            await lecture.join(before - len(lecture.subscribers), deaf=True)
            probing.append(probe := Probe(identity))
            await lecture.begin(probe)
            await lecture.connected(probe)
        await lecture.publisher.play(WARM_UP_SECONDS)
        for probe in probing:
            probe.sound.clear()
            probe.pictures.clear()
        await lecture.publisher.play(seconds)
        await lecture.swarm.quiet()
    sound = [delay for probe in probing for delay in probe.sound]
    pictures = [delay for probe in probing for delay in probe.pictures]
    return {
        "subscribers": subscribers,
        "probes": probes,
        "packets": len(sound) + len(pictures),
        **_quantiles("", [*sound, *pictures]),
        **_quantiles("sound_", sound),
        **_quantiles("pictures_", pictures),
    }


def _quantiles(prefix: str, delays: list[float]) -> Figures:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {f"{prefix}{name}_ms": round(quantile(delays, share), 3) for name, share in shares.items()}


def main() -> None:
    """Runs the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--probes", type=int, default=PROBES, help="how many of them measure")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="where to write the result")
    options = parser.parse_args()
    allow_open_files(options.subscribers + SPARE_FILES)
    try:
        figures = asyncio.run(run(options.subscribers, options.seconds, options.probes))
    except (RelayError, ConnectionError, ValueError) as error:
        sys.exit(f"nothing was measured: {error}")
    write_json(figures, options.json)
    print(table(figures, GOALS))


if __name__ == "__main__":
    main()
