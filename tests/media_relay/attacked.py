"""A lesson with an attacker in it or beside it, that must go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from itertools import islice

from media_relay import protocol
from tests.media_relay import light
from tests.media_relay.light import LightPeer
from tests.media_relay.web import (
    CAMERA_SLOT,
    MICROPHONE_SLOT,
    SCREEN_SLOT,
    TEACHER,
    Web,
)

ASSISTANT = "assistant"
PORTION = 50
MAX_LOOP_LAG_MS = 50
KEYFRAME = bytes((0x10, 0x00)) + b"keyframe"
DELTA = bytes((0x10, 0x01)) + b"delta"
CAMERA_SSRC, SCREEN_SSRC = 1, 7
STAGE = (
    protocol.StageEntry(MICROPHONE_SLOT, TEACHER, protocol.MICROPHONE),
    protocol.StageEntry(CAMERA_SLOT, TEACHER, protocol.CAMERA),
    protocol.StageEntry(SCREEN_SLOT, ASSISTANT, protocol.SCREEN),
)
PUBLISHERS = {TEACHER: tuple(protocol.SOURCE_KINDS), ASSISTANT: (protocol.SCREEN,)}

Send = Callable[[bytes], object]


class Lesson:
    """A teacher, who is seen by a student; whoever else is there attacks."""

    def __init__(self, web: Web, peers: AsyncExitStack, host: str) -> None:
        self.web = web
        self.host = host
        self.teacher, self.student = light.teacher(web, host=host), light.student(web, host=host)
        self._peers = peers
        self._sequence = 0

    async def begin(self) -> None:
        """Connects both; the student has seen a keyframe."""
        await self.web.permit(publishers=PUBLISHERS, stage=STAGE)
        self._peers.push_async_callback(self.teacher.close)
        self._peers.push_async_callback(self.student.close)
        assert isinstance(await self.student.subscribe(), protocol.Done)
        await self.web.hear(protocol.ConnectionChanged, lambda m: m.state == "connected")
        assert isinstance(await self.teacher.publish(), protocol.Accepted)
        self.teacher.send_rtp(0, KEYFRAME)
        await self.student.hear_payload(KEYFRAME)

    async def goes_on(self) -> None:
        """Asserts that the teacher's next packet comes to the student."""
        self._sequence += 1
        content = DELTA + self._sequence.to_bytes(4, "big")
        since = len(self.student.rtp)
        self.teacher.send_rtp(self._sequence, content)
        await self.student.hear_payload(content, since)

    async def stands(self, datagrams: Iterable[bytes], *senders: Send) -> None:
        """Sends everything through each sender, and asserts that meanwhile the lesson goes on."""
        rest = iter(datagrams)
        while portion := list(islice(rest, PORTION)):
            for data in portion:
                for send in senders:
                    send(data)
            await self.goes_on()

    async def viewer(self, client: str) -> LightPeer:
        """Another page of the student's."""
        page = light.student(self.web, client=client)
        self._peers.push_async_callback(page.close)
        assert isinstance(await page.subscribe(), protocol.Done)
        await self.web.hear(
            protocol.ConnectionChanged, lambda m: (m.client, m.state) == (client, "connected")
        )
        return page

    async def presenter(self) -> LightPeer:
        """An assistant who shares a screen, of which the student sees a keyframe."""
        page = LightPeer(self.web, ASSISTANT)
        self._peers.push_async_callback(page.close)
        assert isinstance(await page.publish({"0": protocol.SCREEN}), protocol.Accepted)
        page.send_rtp(0, KEYFRAME + b"screen", ssrc=SCREEN_SSRC, mid="0")
        await self.student.hear_payload(KEYFRAME + b"screen")
        return page

    def stranger(self) -> Send:
        """Sends datagrams from an address that nobody knows."""
        own = self._peers.enter_context(light.stranger(self.host))
        return lambda data: own.sendto(data, self.teacher.relay)

    def changes(self) -> list[str]:
        """All connections that were closed."""
        gone = (m for m in self.web.heard if isinstance(m, protocol.ConnectionChanged))
        return [change.reason for change in gone if change.state == "closed"]


async def begun(web: Web, peers: AsyncExitStack, host: str = "127.0.0.1") -> Lesson:
    """A lesson in which the student has seen a picture."""
    made = Lesson(web, peers, host)
    await made.begin()
    return made
