"""How a relay is stopped, left alone and looked at: the real process, the web tier in the test's hands."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from media_relay import protocol
from tests.media_relay import light
from tests.media_relay.light import LightPeer
from tests.media_relay.web import ROOM, STUDENT, TEACHER, RelayProcess, Web, running_relay
from tests.support.processes import free_port

PAYLOAD = b"\x10\x00a keyframe"
SECONDS = 10


@pytest_asyncio.fixture
async def peers() -> AsyncIterator[AsyncExitStack]:
    """Everyone whose connection is ended after the test."""
    async with AsyncExitStack() as stack:
        yield stack


async def lesson(web: Web, peers: AsyncExitStack) -> tuple[LightPeer, LightPeer]:
    """A teacher who sends and a student who watches."""
    await web.permit()
    teacher, student = light.teacher(web), light.student(web)
    peers.push_async_callback(teacher.close)
    peers.push_async_callback(student.close)
    await teacher.publish()
    await student.subscribe()
    await web.hear(protocol.Load, lambda load: load.subscribers == load.publishers == 1)
    return teacher, student


async def ended(relay: RelayProcess) -> int:
    """Waits for the process's end; returns its exit code."""
    assert relay.process is not None
    return await asyncio.wait_for(relay.process.wait(), SECONDS)


def tell(relay: RelayProcess, number: signal.Signals = signal.SIGTERM) -> None:
    """Sends the process a signal."""
    assert relay.process is not None
    relay.process.send_signal(number)


async def goes_on(teacher: LightPeer, student: LightPeer, first: int) -> None:
    """Sends a few packets and waits until they have come through."""
    for sequence in range(first, first + 5):
        teacher.send_rtp(sequence, PAYLOAD + bytes((sequence,)), timestamp=sequence * 3000)
    await student.hear_payload(PAYLOAD + bytes((first + 4,)))


# Drain


@pytest.mark.parametrize("how", ["by a signal", "by the web tier"])
async def test_a_relay_whose_lessons_move_serves_until_everyone_has_gone(
    how: str, peers: AsyncExitStack
) -> None:
    async with running_relay() as (web, relay):
        web.moves = 1
        teacher, student = await lesson(web, peers)
        await goes_on(teacher, student, 1)
        if how == "by a signal":
            tell(relay)
        else:
            await web.say(protocol.Drain())
        since = len(web.heard)
        await web.hear(protocol.Load, lambda load: load.draining)
        await web.hear(protocol.Load, lambda load: load.draining, since=since + 3)
        await goes_on(teacher, student, 10)
        for who in (TEACHER, STUDENT):
            await web.say(protocol.Close(ROOM, who))
        assert await ended(relay) == 0


async def test_a_relay_goes_when_it_is_told_a_second_time(peers: AsyncExitStack) -> None:
    async with running_relay() as (web, relay):
        web.moves = 1
        await lesson(web, peers)
        tell(relay)
        await web.hear(protocol.Load, lambda load: load.draining)
        tell(relay)
        assert await ended(relay) == 0


async def test_a_relay_goes_at_once_when_its_lessons_have_nowhere_to_go(peers: AsyncExitStack) -> None:
    async with running_relay() as (web, relay):
        await lesson(web, peers)
        tell(relay)
        assert await ended(relay) == 0


async def test_a_relay_goes_at_once_without_a_web_tier(peers: AsyncExitStack) -> None:
    async with running_relay() as (web, relay):
        web.moves = 1
        await lesson(web, peers)
        await web.hang_up()
        tell(relay, signal.SIGINT)
        assert await ended(relay) == 0


# Lease


async def test_media_goes_on_for_the_lease_and_comes_back_with_newer_permits(peers: AsyncExitStack) -> None:
    async with running_relay(RELAY_LEASE="2") as (web, _):
        teacher, student = await lesson(web, peers)
        await web.hang_up()
        await goes_on(teacher, student, 1)
        await student.end(6)
        since = len(web.heard)
        await web.listen()
        await web.hear(protocol.Register, since=since)
        load = await web.hear(protocol.Load, since=since)
        assert (load.rooms, load.publishers, load.subscribers) == (0, 0, 0)
        await web.permit(generation=1)
        assert isinstance(await light.student(web).offer(), protocol.Refused)
        again = await lesson(web, peers)
        await goes_on(*again, 1)


async def test_a_web_tier_that_is_back_in_time_ends_nothing(peers: AsyncExitStack) -> None:
    async with running_relay(RELAY_LEASE="4") as (web, _):
        teacher, student = await lesson(web, peers)
        for first in (1, 20):
            await web.hang_up()
            await goes_on(teacher, student, first)
            since = len(web.heard)
            await web.listen()
            await web.hear(protocol.Register, since=since)
        assert (await web.hear(protocol.Load, since=since)).subscribers == 1


# Load


async def test_a_load_says_which_budget_is_nearest_to_its_end(peers: AsyncExitStack) -> None:
    async with running_relay(RELAY_CAPACITY="4", RELAY_MAX_MBPS="1000") as (web, _):
        assert (await web.hear(protocol.Load)).usage < 0.5
        await lesson(web, peers)
        load = await web.hear(protocol.Load, lambda load: load.usage >= 0.5)
        assert load.budget in ("connections", "cpu")
        assert load.in_mbps >= 0


# Metrics


async def ask(port: int, request: bytes) -> tuple[bytes, str]:
    """The first line and the body of an HTTP answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head, _, body = (await asyncio.wait_for(reader.read(), SECONDS)).partition(b"\r\n\r\n")
    writer.close()
    return head.split(b"\r\n")[0], body.decode()


async def test_metrics_tell_what_the_relay_does_and_of_nobody(peers: AsyncExitStack) -> None:
    port = free_port()
    async with running_relay(RELAY_METRICS=f"127.0.0.1:{port}", RELAY_NAME="relay-a") as (web, _):
        teacher, student = await lesson(web, peers)
        await goes_on(teacher, student, 1)
        status, body = await ask(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert status == b"HTTP/1.1 200 OK"
        samples = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
        }
        assert samples["lectern_relay_packets_received_total",] >= 5
        assert samples["lectern_relay_packets_sent_total",] >= 5
        assert samples["lectern_relay_bytes_sent_total",] > samples["lectern_relay_packets_sent_total",] * 12
        assert samples["lectern_relay_cpu_seconds_total",] > 0
        assert samples["lectern_relay_joins_total", "subscribe"] == 1
        assert samples["lectern_relay_joins_total", "publish"] == 1
        assert samples["lectern_relay_subscribers",] == samples["lectern_relay_rooms",] == 1
        assert samples["lectern_relay_registered",] == 1
        assert samples["lectern_relay_loop_wait_seconds_count",] > 0
        assert ("lectern_relay_events_total", "kernel_drops") in samples
        assert any(name[0] == "lectern_relay_info" and "relay-a" in name for name in samples)
        assert not any(word in body for word in (ROOM + '"', TEACHER, STUDENT))


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"GET /metrics\r\n\r\n",
        b"\xff" * 100 + b"\r\n\r\n",
    ],
)
async def test_nothing_else_is_answered_there(request_: bytes) -> None:
    port = free_port()
    async with running_relay(RELAY_METRICS=f"127.0.0.1:{port}"):
        assert (await ask(port, request_))[0] == b"HTTP/1.1 404 Not Found"
        assert (await ask(port, b"A" * 20_000)) == (b"", "")
        assert (await ask(port, b"GET /metrics HTTP/1.1\r\n\r\n"))[0] == b"HTTP/1.1 200 OK"
