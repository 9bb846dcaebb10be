"""A web tier as small as can be, and a real relay process that dials in to it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, TypeVar

from websockets.asyncio.server import Server, ServerConnection, serve

from media_relay import protocol
from tests.support.processes import end_with_starter

T = TypeVar("T")

SECRET = "secret-of-the-tests"
ROOM = "room"
TEACHER, STUDENT, OUTSIDER = "teacher", "student", "outsider"
MICROPHONE_SLOT, CAMERA_SLOT, SCREEN_SLOT = "teacher-microphone", "teacher-camera", "teacher-screen"
SLOTS = (
    protocol.Slot(MICROPHONE_SLOT, protocol.AUDIO),
    protocol.Slot(CAMERA_SLOT, protocol.VIDEO),
    protocol.Slot(SCREEN_SLOT, protocol.VIDEO),
    protocol.Slot("teacher-screen-audio", protocol.AUDIO),
)
WAIT = 20.0
LOAD_INTERVAL = 0.1


def stage_of(participant: str) -> tuple[protocol.StageEntry, ...]:
    """Returns the stage where one person fills every slot."""
    sources = (protocol.MICROPHONE, protocol.CAMERA, protocol.SCREEN, protocol.SCREEN_AUDIO)
    return tuple(
        protocol.StageEntry(slot.name, participant, source)
        for slot, source in zip(SLOTS, sources, strict=True)
    )


class Web:
    """Takes one relay at a time, decides nothing of itself, and remembers what it heard."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[protocol.Message] = []
        self.registered = self.refused = 0
        self.moves = 0
        """How many lessons a relay that drains is told to have moved."""
        self._counted: dict[str, int] = {}
        self._ids = count(1)
        self._generations = count(1)
        self._line: ServerConnection | None = None
        self._server: Server | None = None
        self._news = asyncio.Condition()

    async def listen(self) -> None:
        """Begins to listen, after a break on the port that it had."""
        self._server = await serve(self._talk, "127.0.0.1", self.port, process_request=self._admit)
        self.port = self._server.sockets[0].getsockname()[1]

    async def hang_up(self) -> None:
        """Goes away, as a web process that is restarted does."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        self._line = None

    def _admit(self, line: ServerConnection, request: Any) -> Any:
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            self.refused += 1
            return line.respond(403, "")
        return None

    async def _talk(self, line: ServerConnection) -> None:
        async for text in line:
            message = protocol.decode(text)
            if isinstance(message, protocol.Register):
                self._line = line
                self.registered += 1
                await line.send(protocol.encode(protocol.Registered(LOAD_INTERVAL)))
            if isinstance(message, protocol.Load) and message.draining:
                await line.send(protocol.encode(protocol.Moved(self.moves)))
            async with self._news:
                self.heard.append(message)
                self._news.notify_all()

    async def hear(self, kind: type[T], matches: Callable[[T], bool] = lambda _: True, since: int = 0) -> T:
        """Returns the newest message that matches, waiting for it; `since` skips what was heard before."""

        def found() -> T | None:
            return next((m for m in reversed(self.heard[since:]) if isinstance(m, kind) and matches(m)), None)

        async with self._news:
            message = await asyncio.wait_for(self._news.wait_for(found), WAIT)
        assert message is not None
        return message

    async def forget(self) -> None:
        """Begins anew: what was heard and counted so far does not matter any more."""
        self._counted = dict((await self.hear(protocol.Load, since=len(self.heard))).counters)
        self.heard.clear()

    async def counter(self, name: str, least: int = 1) -> int:
        """Waits until the relay reports that it has counted something; returns how often."""
        before = self._counted.get(name, 0)

        def counted(load: protocol.Load) -> bool:
            return load.counters.get(name, 0) - before >= least

        return (await self.hear(protocol.Load, counted)).counters[name] - before

    async def say(self, message: protocol.Message) -> None:
        """Tells the relay something."""
        await self.say_raw(protocol.encode(message))

    async def say_raw(self, text: str | bytes) -> None:
        """Sends the relay whatever it is."""
        assert self._line is not None
        await self._line.send(text)

    async def permit(
        self,
        viewers: tuple[str, ...] = (STUDENT, TEACHER),
        publishers: dict[str, tuple[str, ...]] | None = None,
        stage: tuple[protocol.StageEntry, ...] = stage_of(TEACHER),
        generation: int | None = None,
        room: str = ROOM,
        slots: tuple[protocol.Slot, ...] = SLOTS,
        staff: tuple[str, ...] = (),
    ) -> None:
        """Sends a room's permits; the teacher may publish everything unless told otherwise."""
        allowed = {TEACHER: tuple(protocol.SOURCE_KINDS)} if publishers is None else publishers
        number = next(self._generations) if generation is None else generation
        await self.say(protocol.Permits(room, number, slots, viewers, allowed, stage, staff))

    async def ask(self, kind: type[Any], **fields: Any) -> Any:
        """Sends a request and returns the reply to it."""
        identifier = str(next(self._ids))
        await self.say(kind(id=identifier, **fields))
        return await self.hear(object, lambda m: getattr(m, "id", None) == identifier)


class RelayProcess:
    """`python -m media_relay` on a port of its own."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.process: asyncio.subprocess.Process | None = None
        self.port = 0
        self.epoch = ""

    async def start(self, **environment: str) -> None:
        """Starts the process and waits until it has registered."""
        since = len(self.web.heard)
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "media_relay",
            env={
                **os.environ,
                "MEDIA_PORT": "0",
                "RELAY_SECRET": SECRET,
                "RELAY_WEB_URL": f"ws://127.0.0.1:{self.web.port}/ws/relays/",
                **environment,
            },
            preexec_fn=end_with_starter,
        )
        register = await self.web.hear(protocol.Register, since=since)
        self.port, self.epoch = register.port, register.epoch

    async def stop(self) -> int:
        """Ends the process and returns its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), 5)


@asynccontextmanager
async def running_relay(**environment: str) -> AsyncIterator[tuple[Web, RelayProcess]]:
    """A web tier and a relay that has registered there."""
    web = Web()
    await web.listen()
    relay = RelayProcess(web)
    try:
        await relay.start(**environment)
        yield web, relay
    finally:
        if relay.process is not None:
            await relay.stop()
        await web.hang_up()
