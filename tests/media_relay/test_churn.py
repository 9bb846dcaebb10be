"""People come and go without end, in every way there is: nothing of them stays in the real relay process.

`CHURN_VISITS=50000` makes it an hour.
"""

from __future__ import annotations

import asyncio
import os
import re
import urllib.request
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import psutil
import pytest

from media_relay import protocol
from tests.media_relay import light
from tests.media_relay.light import LightPeer
from tests.media_relay.web import ROOM, STUDENT, TEACHER, RelayProcess, Web, running_relay
from tests.support.processes import free_port, patience

ASSISTANT, GUEST = "assistant", "guest"
PUBLISHERS = {TEACHER: tuple(protocol.SOURCE_KINDS), ASSISTANT: (protocol.SCREEN,)}
KEYFRAME = bytes((0x10, 0x00)) + b"keyframe"
GONE_SECONDS = 45.0
"""So long after its last check a silent page may still count as there."""
FIRST_VISITS = 420
"""Until memory grows no more: what was once used is seldom given back."""
VISITS = int(os.environ.get("CHURN_VISITS", "210"))
GROWTH = 1.05
PACKET_SECONDS = 0.02


@dataclass(frozen=True)
class Size:
    """How large the process is: resident bytes, descriptors, tasks."""

    memory: int
    descriptors: int
    tasks: int


class Door:
    """A lesson that goes on while others come and go."""

    def __init__(self, web: Web, relay: RelayProcess, metrics: int) -> None:
        assert relay.process is not None
        self.web = web
        self._process = psutil.Process(relay.process.pid)
        self._metrics = metrics
        self.teacher, self.student = light.teacher(web), light.student(web)
        self.silent: list[LightPeer] = []
        self._number = 0

    async def begin(self) -> None:
        """The teacher publishes and one student watches from beginning to end."""
        await self.permit()
        assert isinstance(await self.student.subscribe(), protocol.Done)
        assert isinstance(await self.teacher.publish(), protocol.Accepted)

    async def permit(self, *guests: str) -> None:
        """Lets the class in, and guests."""
        await self.web.permit(viewers=(STUDENT, TEACHER, *guests), publishers=PUBLISHERS)

    async def teach(self) -> None:
        """Sends pictures until cancelled."""
        while True:
            self._number += 1
            self.teacher.send_rtp(self._number & 0xFFFF, KEYFRAME, timestamp=self._number)
            await asyncio.sleep(PACKET_SECONDS)

    async def comes(self, client: str, who: str = STUDENT) -> LightPeer:
        """A page that watches, and sees something."""
        page = LightPeer(self.web, who, client=client)
        assert isinstance(await page.subscribe(), protocol.Done)
        await page.hear(1)
        return page

    # The ways to go

    async def says_good_bye(self, client: str) -> None:
        page = await self.comes(client)
        await page._dtls.stop()
        await page.close()

    async def is_closed(self, client: str) -> None:
        page = await self.comes(client)
        await self.web.say(protocol.Close(ROOM, STUDENT, client))
        await page.end(light.WAIT)
        await page.close()

    async def is_replaced(self, client: str) -> None:
        page = await self.comes(client)
        await self.says_good_bye(client)
        await page.close()

    async def loses_its_permit(self, client: str) -> None:
        await self.permit(GUEST)
        page = await self.comes(client, GUEST)
        await self.permit()
        await page.end(light.WAIT)
        await page.close()

    async def never_answers(self, client: str) -> None:
        page = light.student(self.web, client=client)
        assert isinstance(await page.offer(), protocol.Offer)

    async def falls_silent(self, client: str) -> None:
        page = await self.comes(client)
        page.fall_silent()
        self.silent.append(page)

    async def publishes(self, client: str) -> None:
        page = LightPeer(self.web, ASSISTANT, client=client)
        assert isinstance(await page.publish({"0": protocol.SCREEN}), protocol.Accepted)
        page.send_rtp(1, KEYFRAME, ssrc=7, mid="0")
        await page._dtls.stop()
        await page.close()

    async def visits(self, first: int, count: int) -> None:
        """Lets people come and go, one in each way at a time."""
        ways = [
            self.says_good_bye,
            self.is_closed,
            self.is_replaced,
            self.loses_its_permit,
            self.never_answers,
            self.falls_silent,
            self.publishes,
        ]
        for number in range(first, first + count, len(ways)):
            await asyncio.gather(*(way(f"page-{number}-{index}") for index, way in enumerate(ways)))
            # What the tests' web tier has heard is of no use any more, and searched through for every reply.
            await self.web.forget()

    async def is_left(self) -> None:
        """Waits until nobody but the two of the lesson is known to the relay; the silent ones hear of it."""
        async with asyncio.timeout(GONE_SECONDS * patience()):
            while True:
                load = await self.web.hear(protocol.Load, since=len(self.web.heard))
                if (load.subscribers, load.publishers) == (1, 1):
                    break
        for page in self.silent:
            await page.end(light.WAIT)
            await page.close()
        self.silent.clear()

    async def size(self) -> Size:
        """How large the relay is now."""
        # Before its metrics are read: the relay may take a moment to close that connection.
        memory, descriptors = self._process.memory_info().rss, self._process.num_fds()
        text = await asyncio.to_thread(self._read_metrics)
        found = re.search(r"^lectern_relay_tasks (\S+)", text, re.MULTILINE)
        assert found
        return Size(memory, descriptors, int(float(found[1])))

    def _read_metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/metrics", timeout=10) as answer:
            return str(answer.read().decode())


@pytest.mark.timeout(600 + VISITS)
async def test_nothing_stays_of_those_who_have_gone() -> None:
    metrics = free_port()
    async with running_relay(RELAY_METRICS=f"127.0.0.1:{metrics}") as (web, relay), AsyncExitStack() as peers:
        door = Door(web, relay, metrics)
        for peer in (door.teacher, door.student):
            peers.push_async_callback(peer.close)
        await door.begin()
        lesson = asyncio.create_task(door.teach())
        try:
            await door.visits(0, FIRST_VISITS)
            await door.is_left()
            before = await door.size()
            await door.visits(FIRST_VISITS, VISITS)
            await door.is_left()
            after = await door.size()
        finally:
            lesson.cancel()
            with suppress(asyncio.CancelledError):
                await lesson
        print(before, after)
        assert after.memory <= before.memory * GROWTH
        assert after.descriptors <= before.descriptors
        assert after.tasks <= before.tasks * GROWTH
