"""A defect that one input brings to light costs that input alone: the rest is served, and time goes on."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from media_relay.core.codecs import PAGE_PROFILE
from media_relay.core.ice import LiteAgent
from media_relay.core.links import Connection, Link
from media_relay.core.outputs import Enter, Forward, SendControl
from media_relay.core.rewriter import Timeline
from media_relay.core.router import Router
from media_relay.core.shift import NO_PLACES, NO_SHIFT
from media_relay.core.track import Track
from media_relay.io.dtls import Certificate
from media_relay.io.fanout import Job
from media_relay.io.media import MediaPlane
from media_relay.io.peer import Peer
from media_relay.io.udp import open_sockets, pack_address

WAIT = 10.0


@pytest_asyncio.fixture
async def plane() -> AsyncIterator[MediaPlane]:
    """A media plane that serves nobody yet."""
    made = MediaPlane(
        open_sockets(("127.0.0.1",), 0), Router(os.urandom, 0.0), lambda *_: None, lambda _: None
    )
    yield made
    await made.stop()


async def counted(plane: MediaPlane, name: str, count: int) -> None:
    """Waits until something has been counted so often."""
    async with asyncio.timeout(WAIT):
        while plane.router.counters.get(name, 0) < count:  # noqa: ASYNC110  # counters tell nobody
            await asyncio.sleep(0.01)


def broken(*_: Any) -> None:
    """A defect."""
    raise RuntimeError("a defect")


async def test_a_datagram_that_cannot_be_handled_costs_no_other(
    plane: MediaPlane, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receive = plane.peers.receive
    monkeypatch.setattr(
        plane.peers,
        "receive",
        lambda udp, datagram: broken() if datagram.first_byte == 70 else receive(udp, datagram),
    )
    (udp,) = plane.lanes
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for first in (70, 71, 70, 72):
            stranger.sendto(bytes((first,)), ("127.0.0.1", udp.port))
    plane.start()
    await counted(plane, "datagrams_of_unknown_kind", 2)
    await counted(plane, "failures", 2)
    assert caplog.text.count("something could not be handled") == 1


async def test_time_goes_on_after_a_failure(plane: MediaPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plane.router, "handle_timer", broken)
    plane.start()
    await counted(plane, "failures", 3)


async def test_an_output_that_cannot_be_carried_out_costs_no_other(
    plane: MediaPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setitem(
        plane._actions, SendControl, lambda output: done.append(output) if output.packet else broken()
    )
    link = Link(Connection("room", "teacher", "page", "publish"))
    plane._do(
        [SendControl(link, b""), SendControl(link, b"1"), SendControl(link, b""), SendControl(link, b"2")]
    )
    assert len(done) == 2
    assert plane.router.counters["failures"] == 2


async def test_the_first_to_enter_a_track_gets_its_keyframe_though_the_lane_is_behind(
    plane: MediaPlane,
) -> None:
    ((udp, lane),) = plane.lanes.items()
    link = Link(Connection("room", "student", "page", "subscribe"))
    peer = Peer(link, LiteAgent("ufrag", "password"), Certificate.generateCertificate(), 0.0)
    peer.socket, peer.address, peer.dtls.overhead = udp, pack_address(("127.0.0.1", 9)), 16
    plane.peers.add(peer)
    track = Track(77, 0, PAGE_PROFILE, Timeline(90_000, 0), 0, is_video=True)
    lane._video.append(lambda: None)

    plane._enter(Enter(link, track, NO_SHIFT))
    plane._forward(Forward(track, bytes(100), (77, 0), NO_PLACES))
    _, enter, keyframe = lane._video
    assert callable(enter)
    assert isinstance(keyframe, Job)
    enter()
    assert len(keyframe.group.members) == 1
    lane._video.clear()
    plane.peers.discard(peer)
