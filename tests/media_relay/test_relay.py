"""The real relay process between real WebRTC peers (aiortc), as teacher and students see it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from media_relay import protocol
from tests.media_relay.browsers import BRIGHT, DARK, Publisher, Subscriber
from tests.media_relay.web import (
    CAMERA_SLOT,
    MICROPHONE_SLOT,
    OUTSIDER,
    STUDENT,
    TEACHER,
    RelayProcess,
    Web,
    stage_of,
)

ASSISTANT = "assistant"
EVERYTHING = tuple(protocol.SOURCE_KINDS)


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def publisher(web: Web, peers: AsyncExitStack, who: str = TEACHER, base: int = DARK) -> Publisher:
    page = Publisher(web, who)
    peers.push_async_callback(page.close)
    assert isinstance(await page.publish(base), protocol.Accepted)
    return page


async def subscriber(web: Web, peers: AsyncExitStack, client: str = "page") -> Subscriber:
    page = Subscriber(web, client=client)
    peers.push_async_callback(page.close)
    assert isinstance(await page.subscribe(), protocol.Done)
    return page


async def test_students_see_and_hear_the_teacher_also_those_who_come_late(
    web: Web, peers: AsyncExitStack
) -> None:
    early = await subscriber(web, peers)
    await publisher(web, peers)
    seen = [await early.brightness(CAMERA_SLOT) for _ in range(10)]
    assert len(set(seen)) > 5
    late = await subscriber(web, peers, "late")
    assert len({await late.brightness(CAMERA_SLOT) for _ in range(10)}) > 5
    for student in (early, late):
        sound = [await student.frame(MICROPHONE_SLOT) for _ in range(50)]
        assert max(max(bytes(frame.planes[0])) for frame in sound) > 0
    up = [m for m in web.heard if isinstance(m, protocol.ConnectionChanged)]
    assert [(m.direction, m.state) for m in up].count(("subscribe", "connected")) == 2
    load = await web.hear(protocol.Load, lambda load: load.subscribers == 2)
    assert (load.rooms, load.publishers) == (1, 1)
    assert load.out_pps > load.in_pps / 2 > 0


async def test_a_switch_of_the_stage_shows_the_other_camera_on_the_same_connection(
    web: Web, peers: AsyncExitStack
) -> None:
    both = {TEACHER: EVERYTHING, ASSISTANT: EVERYTHING}
    await web.permit(publishers=both)
    await publisher(web, peers, TEACHER, DARK)
    await publisher(web, peers, ASSISTANT, BRIGHT)
    student = await subscriber(web, peers)
    assert await student.brightness(CAMERA_SLOT) < BRIGHT - 8
    await web.permit(publishers=both, stage=stage_of(ASSISTANT))
    async with asyncio.timeout(10):
        while await student.brightness(CAMERA_SLOT) < BRIGHT - 8:
            pass
    await web.permit(publishers=both, stage=stage_of(TEACHER))
    async with asyncio.timeout(10):
        while await student.brightness(CAMERA_SLOT) >= BRIGHT - 8:
            pass


async def test_nobody_gets_in_without_a_permit(web: Web, peers: AsyncExitStack) -> None:
    for page in (Subscriber(web, OUTSIDER), Publisher(web, STUDENT), Publisher(web, OUTSIDER)):
        peers.push_async_callback(page.close)
        reply = await (page.subscribe() if isinstance(page, Subscriber) else page.publish())
        assert isinstance(reply, protocol.Refused)
        assert reply.code == protocol.REFUSED


async def test_a_stale_generation_lets_nobody_in(web: Web, peers: AsyncExitStack) -> None:
    await web.permit(viewers=(STUDENT, TEACHER, OUTSIDER), generation=0)
    page = Subscriber(web, OUTSIDER)
    peers.push_async_callback(page.close)
    assert isinstance(await page.subscribe(), protocol.Refused)


async def test_revoked_permits_close_media_within_two_seconds(web: Web, peers: AsyncExitStack) -> None:
    await publisher(web, peers)
    student = await subscriber(web, peers)
    await student.frame(CAMERA_SLOT)
    closed = asyncio.Event()

    @student.pc.on("connectionstatechange")
    def changed() -> None:
        if student.pc.connectionState == "closed":
            closed.set()

    start = time.monotonic()
    await web.permit(viewers=(TEACHER,))
    await asyncio.wait_for(closed.wait(), 2)
    gone = await web.hear(
        protocol.ConnectionChanged, lambda m: m.participant == STUDENT and m.state == "closed"
    )
    assert time.monotonic() - start < 2
    assert gone.reason == "not permitted any more"


async def test_media_goes_on_while_the_web_tier_is_away(
    relay: RelayProcess, web: Web, peers: AsyncExitStack
) -> None:
    await publisher(web, peers)
    student = await subscriber(web, peers)
    await student.frame(CAMERA_SLOT)
    await web.hang_up()
    for _ in range(30):
        await student.frame(CAMERA_SLOT)
    web.heard.clear()
    await web.listen()
    assert (await web.hear(protocol.Register)).epoch == relay.epoch
    await web.permit()
    late = await subscriber(web, peers, "late")
    await late.frame(CAMERA_SLOT)


async def test_a_page_that_leaves_is_reported(web: Web, peers: AsyncExitStack) -> None:
    student = await subscriber(web, peers)
    await web.hear(protocol.ConnectionChanged, lambda m: m.state == "connected")
    await student.close()
    gone = await web.hear(protocol.ConnectionChanged, lambda m: m.state == "closed")
    assert (gone.participant, gone.client, gone.direction) == (STUDENT, "page", "subscribe")
