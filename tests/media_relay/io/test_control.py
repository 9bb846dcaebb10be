from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from media_relay import protocol
from media_relay.io.control import NOT_UNDERSTOOD, ControlLink

SECONDS = 10
REPLIES = {
    "nothing": b"",
    "no HTTP": b"\xff" * 5000,
    "no WebSocket": b"HTTP/1.1 200 OK\r\n\r\n",
    "a refusal": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "a redirect to a page": b"HTTP/1.1 301 Moved\r\nLocation: https://127.0.0.1/\r\n\r\n",
    "a redirect to nowhere": b"HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:port/\r\n\r\n",
}


def link_to(server: asyncio.Server | Server) -> ControlLink:
    """A relay's link to whoever listens there."""
    port = next(iter(server.sockets)).getsockname()[1]
    return ControlLink(f"ws://127.0.0.1:{port}/", "secret", _register, _load, lambda message: None)


@asynccontextmanager
async def running(link: ControlLink) -> AsyncIterator[asyncio.Task[None]]:
    """Runs the link for SECONDS at most."""
    task = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(SECONDS):
            yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
async def test_whatever_the_other_side_says_the_relay_dials_again(reply: bytes) -> None:
    dialled: asyncio.Queue[None] = asyncio.Queue()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        writer.close()
        dialled.put_nowait(None)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with running(link_to(server)) as task:
        for _ in range(2):
            await dialled.get()
        assert not task.done()
    server.close()


async def test_the_web_tier_hears_of_connections_that_have_ended_while_the_line_was_down() -> None:
    heard: asyncio.Queue[protocol.Message] = asyncio.Queue()

    async def welcome(line: ServerConnection) -> None:
        async for text in line:
            message = protocol.decode(text)
            if isinstance(message, protocol.Register):
                await line.send(protocol.encode(protocol.Registered(60.0)))
            heard.put_nowait(message)

    ended = protocol.ConnectionChanged("room", "teacher", "whip-1", "publish", "closed", "gone")
    async with serve(welcome, "127.0.0.1", 0) as server:
        link = link_to(server)
        link.send(protocol.ConnectionChanged("room", "student", "page-1", "subscribe", "connected"))
        link.send(ended)
        async with running(link):
            assert [await heard.get(), await heard.get()] == [_register(), ended]


async def test_a_relay_of_another_release_says_so(caplog: pytest.LogCaptureFixture) -> None:
    dialled: asyncio.Queue[None] = asyncio.Queue()

    async def turn_away(line: ServerConnection) -> None:
        await line.recv()
        dialled.put_nowait(None)
        await line.close(NOT_UNDERSTOOD)

    async with serve(turn_away, "127.0.0.1", 0) as server, running(link_to(server)):
        for _ in range(2):
            await dialled.get()
    assert caplog.text.count("both must be of one release") == 1


def _register() -> protocol.Register:
    return protocol.Register("relay", "1", "epoch", ("127.0.0.1",), 7400, 1)


def _load() -> protocol.Load:
    return protocol.Load(0, 0, 0, 0, 0, 0, 0, 0, 0)
