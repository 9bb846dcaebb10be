"""Floods upon the real relay process while a class watches: all are counted, and it loses hardly a packet.

Other than in `test_attacks.py` nobody waits for anybody here: the teacher sends at a steady rate, the
attacker at a far higher one, and afterwards everyone's packets are counted. On a busy machine there is less
of the attacker.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import cycle, islice
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from aioice import stun

from media_relay import protocol
from media_relay.core import rtcp, rtp
from media_relay.core.links import MAX_VIDEO_BITRATE
from media_relay.io.dtls import MAX_QUEUED_DATAGRAMS
from media_relay.io.peer import MAX_CHECKS_PER_SECOND, MAX_CONTROLS_PER_SECOND
from tests.media_relay import light
from tests.media_relay.attacked import ASSISTANT, KEYFRAME, PUBLISHERS, SCREEN_SSRC, Send
from tests.media_relay.light import LightPeer
from tests.media_relay.web import (
    CAMERA_SLOT,
    SCREEN_SLOT,
    TEACHER,
    RelayProcess,
    Web,
)
from tests.support.processes import patience

STUDENTS = 5
TEACHER_PACKETS_PER_SECOND = 200
FLOOD_SECONDS = 3.0
FLOOD_PER_SECOND = 14_000
STRANGERS = 50
TICK = 0.005
MAX_LOSS = 0.01
MAX_CPU_SECONDS = 60e-6
"""That a datagram may cost the relay, the lesson meanwhile included: some seven times what it does."""
TRIES = 5
MAX_WAITED = 0.1
"""Share of the time that relay or test may lack a processor: beyond it, losses tell of the machine alone."""
SCREEN = bytes((0x10, 0x01)) + b"screen" + bytes(1100)
STAGE = (
    protocol.StageEntry(CAMERA_SLOT, TEACHER, protocol.CAMERA),
    protocol.StageEntry(SCREEN_SLOT, ASSISTANT, protocol.SCREEN),
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Class:
    """A teacher who sends at a steady rate, and students who count."""

    def __init__(self, web: Web, relay: RelayProcess, peers: AsyncExitStack) -> None:
        assert relay.process is not None
        self.web = web
        self._process = psutil.Process(relay.process.pid)
        self._peers = peers
        self._sent = 0
        self.flooded_seconds = 0.0
        self.teacher = light.teacher(web)
        self.students = [light.student(web, client=f"student-{number}") for number in range(STUDENTS)]

    async def begin(self) -> None:
        """Connects everyone."""
        await self.web.permit(publishers=PUBLISHERS, stage=STAGE)
        for peer in (self.teacher, *self.students):
            self._peers.push_async_callback(peer.close)
        for student in self.students:
            assert isinstance(await student.subscribe(), protocol.Done)
        assert isinstance(await self.teacher.publish({"1": protocol.CAMERA}), protocol.Accepted)
        self._send()
        for student in self.students:
            await student.hear(1)

    def _send(self) -> None:
        self._sent += 1
        content = KEYFRAME + self._sent.to_bytes(4, "big")
        self.teacher.send_rtp(self._sent & 0xFFFF, content, timestamp=self._sent)

    async def attacker(self) -> LightPeer:
        """One of the class who means no good."""
        page = light.student(self.web, client="attacker")
        self._peers.push_async_callback(page.close)
        assert isinstance(await page.subscribe(), protocol.Done)
        return page

    async def endures(self, flood: Sequence[bytes], send: Send) -> int:
        """Sends the flood again and again while the lesson goes on, and asserts that nobody loses much of it.

        What a machine loses that had no time for the relay is no loss of the relay's: that is tried again.
        Returns how many datagrams the flood had.
        """
        flooded, begun = 0, self._process.cpu_times()
        for _ in range(TRIES):
            before, waited = self._sent, self._waited()
            flooded += await self._lesson_under(flood, send)
            taught, waited = self._sent - before, self._waited() - waited
            least = min(self._heard_since(student, before) for student in self.students)
            print(f"of {taught} packets {least} or more were heard; {waited:.2f} s without a processor")
            if least >= taught * (1 - MAX_LOSS) or waited <= FLOOD_SECONDS * MAX_WAITED:
                break
        used = self._process.cpu_times()
        seconds = used.user + used.system - begun.user - begun.system
        print(f"{flooded} datagrams, {seconds:.2f} s of CPU")
        assert least >= taught * (1 - MAX_LOSS)
        assert seconds <= flooded * MAX_CPU_SECONDS
        return flooded

    async def _lesson_under(self, flood: Sequence[bytes], send: Send) -> int:
        lesson = asyncio.create_task(self._teach())
        flooded = await self._flood(flood, send)
        lesson.cancel()
        await asyncio.gather(lesson, return_exceptions=True)
        await self.web.hear(protocol.Load, since=len(self.web.heard) + 2)
        self.flooded_seconds += FLOOD_SECONDS
        return flooded

    def _waited(self) -> float:
        """For how long in all the relay and this process have waited for a processor, in seconds."""
        files = (
            file
            for pid in (self._process.pid, os.getpid())
            for file in Path(f"/proc/{pid}/task").glob("*/schedstat")
        )
        return sum(int(file.read_text().split()[1]) for file in files) / 1e9

    async def _teach(self) -> None:
        loop = asyncio.get_running_loop()
        begun, sent = loop.time(), 0
        while True:
            while sent < (loop.time() - begun) * TEACHER_PACKETS_PER_SECOND:
                sent += 1
                self._send()
            await asyncio.sleep(TICK)

    @staticmethod
    async def _flood(flood: Sequence[bytes], send: Send) -> int:
        loop, rate = asyncio.get_running_loop(), FLOOD_PER_SECOND / patience()
        rest, flooded, begun = cycle(flood), 0, asyncio.get_running_loop().time()
        while (now := loop.time() - begun) < FLOOD_SECONDS:
            # What was not sent in time, since the machine was busy, is not sent at all.
            due = min(int(now * rate) - flooded, int(4 * TICK * rate))
            for data in islice(rest, max(0, due)):
                send(data)
            flooded += max(0, due)
            await asyncio.sleep(TICK)
        return flooded

    @staticmethod
    def _heard_since(student: LightPeer, number: int) -> int:
        contents = [bytes(rtp.payload(packet, rtp.parse_header(packet))) for packet in student.rtp]
        heard = {int.from_bytes(c[-4:], "big") for c in contents if c.startswith(KEYFRAME)}
        return sum(each > number for each in heard)


@pytest_asyncio.fixture(loop_scope="module")
async def class_(web: Web, relay: RelayProcess, peers: AsyncExitStack) -> Class:
    made = Class(web, relay, peers)
    await made.begin()
    return made


# From outside


def check_of_nobody() -> bytes:
    """A check for a peer that does not exist."""
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes.update({"USERNAME": "nobody00:tests", "PRIORITY": 1, "ICE-CONTROLLING": 1})
    request.add_message_integrity(b"password-of-nobody-000")
    return bytes(request)


def garbage(first: range) -> list[bytes]:
    """Noise of every length that begins with such a byte."""
    chance = random.Random(4)
    return [bytes((chance.choice(first),)) + chance.randbytes(chance.randrange(1400)) for _ in range(500)]


OUTSIDE = {
    "checks of nobody": ([check_of_nobody()], "stun_of_unknown_peer"),
    "ClientHellos": ([light.client_hello() for _ in range(50)], "dtls_from_unknown_address"),
    "noise like media": (garbage(range(128, 192)), "media_from_unknown_address"),
    "noise like nothing": (garbage(range(64, 128)), "datagrams_of_unknown_kind"),
    "noise like STUN": (garbage(range(4)), "stun_malformed"),
}


@pytest.mark.parametrize("kind", OUTSIDE)
async def test_a_flood_from_outside_is_counted_and_disturbs_nobody(
    class_: Class, peers: AsyncExitStack, kind: str
) -> None:
    datagrams, counter = OUTSIDE[kind]
    senders = cycle([peers.enter_context(light.stranger()) for _ in range(STRANGERS)])
    sent = await class_.endures(datagrams, lambda data: next(senders).sendto(data, class_.teacher.relay))
    load = await class_.web.hear(protocol.Load)
    assert await class_.web.counter(counter) >= sent - load.counters["kernel_drops"]
    assert (load.subscribers, load.publishers) == (STUDENTS, 1)


# From one of the class


async def test_a_subscribers_storm_of_feedback_is_bounded(class_: Class) -> None:
    attacker = await class_.attacker()
    heard = [rtp.parse_header(packet).sequence for packet in attacker.rtp] or [0]
    plain = rtcp.build_compound(
        rtcp.ReceiverReport(9),
        rtcp.Nack(9, attacker.camera_ssrc, tuple(heard)),
        rtcp.PictureLoss(9, attacker.camera_ssrc),
        rtcp.FullIntra(9, tuple((attacker.camera_ssrc, number) for number in range(50))),
        rtcp.Remb(9, 1, (attacker.camera_ssrc,)),
    )
    sent = await class_.endures([plain], lambda data: attacker.send(attacker.protect(data)))
    allowed = MAX_CONTROLS_PER_SECOND * (class_.flooded_seconds + 2) * patience()
    assert await class_.web.counter("rtcp_over_limit") >= sent - allowed


async def test_a_subscribers_storm_of_checks_is_bounded(class_: Class) -> None:
    attacker = await class_.attacker()
    sent = await class_.endures([attacker.binding_request()], attacker.send)
    allowed = MAX_CHECKS_PER_SECOND * (class_.flooded_seconds + 2) * patience()
    assert await class_.web.counter("stun_over_limit") >= sent - allowed


async def test_a_subscribers_own_media_goes_nowhere(class_: Class) -> None:
    attacker = await class_.attacker()
    sequence = cycle(range(1 << 16))

    def send(data: bytes) -> None:
        packet = rtp.build_packet(light.VP8, next(sequence), 0, attacker.camera_ssrc, data)
        attacker.send(attacker.protect(packet))

    sent = await class_.endures([KEYFRAME + b"forged"], send)
    load = await class_.web.hear(protocol.Load)
    assert await class_.web.counter("rtp_not_permitted") >= sent - load.counters["kernel_drops"]
    for student in class_.students:
        assert not [packet for packet in student.rtp if b"forged" in packet]


async def test_a_subscribers_noise_within_its_session_harms_itself_alone(class_: Class) -> None:
    """DTLS records and packets that are not authentic, from an address that the relay knows."""
    attacker = await class_.attacker()
    chance = random.Random(5)
    records = [bytes((chance.randrange(20, 64),)) + chance.randbytes(300) for _ in range(200)]
    sent = await class_.endures([*records, *garbage(range(128, 192))], attacker.send)
    load = await class_.web.hear(protocol.Load)
    names = ("srtp_not_authentic", "ssrcs_over_limit", "rtcp_over_limit", "media_from_unknown_address")
    counted = sum(load.counters.get(name, 0) for name in names)
    assert counted > sent // 4 > MAX_QUEUED_DATAGRAMS
    assert load.subscribers >= STUDENTS


async def test_a_publisher_at_twenty_times_its_bitrate_is_limited(class_: Class) -> None:
    presenter = LightPeer(class_.web, ASSISTANT)
    class_._peers.push_async_callback(presenter.close)
    assert isinstance(await presenter.publish({"0": protocol.SCREEN}), protocol.Accepted)
    numbers = cycle(range(1 << 16))
    assert FLOOD_PER_SECOND * len(SCREEN) * 8 >= 20 * MAX_VIDEO_BITRATE

    def send(data: bytes) -> None:
        number = next(numbers)
        presenter.send_rtp(number, data, ssrc=SCREEN_SSRC, mid="0", timestamp=number)

    sent = await class_.endures([SCREEN], send)
    allowed = MAX_VIDEO_BITRATE / 8 * (class_.flooded_seconds + 3) * patience() / len(SCREEN)
    load = await class_.web.hear(protocol.Load)
    limited = await class_.web.counter("rtp_over_bitrate")
    assert limited >= sent - allowed - load.counters["kernel_drops"]
