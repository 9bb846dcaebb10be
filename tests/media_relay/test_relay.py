"""The real relay process between real WebRTC peers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from media_relay import protocol
from tests.media_relay.browsers import Publisher, Subscriber
from tests.media_relay.web import CAMERA_SLOT, MICROPHONE_SLOT, RelayProcess, Web, running_relay


@pytest.fixture
async def relay() -> AsyncIterator[RelayProcess]:
    async with running_relay() as (_, process):
        yield process


@pytest.fixture
async def web(relay: RelayProcess) -> Web:
    return relay.web


async def test_student_sees_and_hears_the_teacher(web: Web) -> None:
    await web.permit()
    teacher, student = Publisher(web), Subscriber(web)
    try:
        assert isinstance(await teacher.publish(), protocol.Accepted)
        assert isinstance(await student.subscribe(), protocol.Done)
        seen = [await student.brightness(CAMERA_SLOT) for _ in range(10)]
        assert len(set(seen)) > 5
        sound = [await student.frame(MICROPHONE_SLOT) for _ in range(50)]
        assert max(max(bytes(frame.planes[0])) for frame in sound) > 0
    finally:
        await student.close()
        await teacher.close()
