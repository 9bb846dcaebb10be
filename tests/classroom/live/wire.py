"""Pages and relays as the web tier sees them: real routing, real sessions, a WebSocket without a network."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from accounts.models import User
from classroom.live.database import in_database
from classroom.models import Lesson
from media_relay import protocol
from tests.support.sockets import Socket

PATIENCE = 5.0
"""Seconds within which everything here happens; a bound, not a pause."""
PAGE = "page-0001"
EPOCH = "epoch-1"
SDP = "v=0\r\n"

opened: list[Socket] = []
"""Every socket that a test has opened; broken at its end."""


def make_session(user: User) -> str:
    """Signs a person in; returns the session's key."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


class Page:
    """One page in a room."""

    def __init__(self, socket: Socket, session_key: str) -> None:
        self.socket = socket
        self.session_key = session_key
        self.snapshot: dict[str, Any] = {}
        self.messages: list[dict[str, Any]] = []
        """Events and notices that came while something else was waited for."""
        self._last_id = 0

    async def send(self, kind: str, body: dict[str, Any] | None = None) -> int:
        """Sends a request; returns its id."""
        self._last_id += 1
        await self.socket.send_json_to({"id": self._last_id, "type": kind, "body": body or {}})
        return self._last_id

    async def request(self, kind: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Sends a request and returns its reply."""
        return await self.reply_to(await self.send(kind, body))

    async def reply_to(self, id: int | None) -> dict[str, Any]:
        """The reply with that id; what comes before it is kept."""
        return await self._wait(lambda message: "ok" in message and message["id"] == id)

    async def heard(self, kind: str, **body: Any) -> dict[str, Any]:
        """The next event or notice of that type whose body holds these values, kept or yet to come."""

        def fits(message: dict[str, Any]) -> bool:
            return message.get("type") == kind and body.items() <= message["body"].items()

        for message in self.messages:
            if fits(message):
                self.messages.remove(message)
                return message
        return await self._wait(fits)

    async def heard_roster(self, *, joined: str = "", left: str = "") -> None:
        """Waits for the event that says that these people, by id, have come and gone."""

        def fits(message: dict[str, Any]) -> bool:
            body = message["body"] if message.get("type") == "roster.changed" else {"joined": [], "left": []}
            came = {person["id"] for person in body["joined"]}
            return (
                (joined in came or not joined)
                and (left in body["left"] or not left)
                and bool(came or body["left"])
            )

        kept = next((message for message in self.messages if fits(message)), None)
        if kept is not None:
            self.messages.remove(kept)
        else:
            await self._wait(fits)

    async def close_code(self) -> int:
        """The code with which the web tier closes the socket."""
        async with asyncio.timeout(PATIENCE):
            while True:
                output = await self.socket.receive_output(PATIENCE)
                if output["type"] == "websocket.close":
                    return output.get("code", 1000)

    async def drop(self) -> None:
        """Breaks the line."""
        await self.socket.disconnect(code=1006, timeout=PATIENCE)

    async def _wait(self, fits: Any) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                message = json.loads(await self.socket.receive_from(PATIENCE))
                if fits(message):
                    return message
                self.messages.append(message)


class FakeRelay:
    """The relay's side of the control protocol, spoken with `media_relay.protocol`; it carries nothing."""

    def __init__(self, socket: Socket, name: str, epoch: str) -> None:
        self.socket = socket
        self.name = name
        self.epoch = epoch
        self.permits: dict[str, protocol.Permits] = {}
        self.closed: list[protocol.Close] = []
        self.others: list[protocol.Message] = []

    async def register(self, capacity: int = 100) -> None:
        """Registers and waits for the welcome."""
        await self.say(protocol.Register(self.name, "1.0", self.epoch, ("127.0.0.1",), 7400, capacity))
        await self.expect(protocol.Registered)

    async def say(self, message: protocol.Message) -> None:
        """Sends a message."""
        await self.socket.send_to(protocol.encode(message))

    async def say_load(self, subscribers: int = 0) -> None:
        """Sends a heartbeat."""
        await self.say(protocol.Load(0, 0, subscribers, 0, 0, 0, 0, 0, 0))

    async def expect(self, kind: type[Any], **values: Any) -> Any:
        """The next message of that type with these values; permits and closes on the way are noted."""

        def fits(message: protocol.Message) -> bool:
            return isinstance(message, kind) and all(
                getattr(message, name) == value for name, value in values.items()
            )

        for message in self.others:
            if fits(message):
                self.others.remove(message)
                return message
        async with asyncio.timeout(PATIENCE):
            while True:
                message = protocol.decode(await self.socket.receive_from(PATIENCE))
                self._note(message)
                if fits(message):
                    return message
                self.others.append(message)

    def _note(self, message: protocol.Message) -> None:
        if isinstance(message, protocol.Permits):
            known = self.permits.get(message.room)
            if known is None or known.generation < message.generation:
                self.permits[message.room] = message
        elif isinstance(message, protocol.Close):
            self.closed.append(message)

    async def drop(self) -> None:
        """Breaks the control link."""
        await self.socket.disconnect(code=1006, timeout=PATIENCE)


def room_path(lesson_id: UUID | str, client: str = PAGE) -> str:
    """The address of a room's socket."""
    return f"/ws/lessons/{lesson_id}/?client={client}"


def browser_headers(session_key: str, origin: str | None = None) -> list[tuple[bytes, bytes]]:
    """What a browser sends with a socket's request."""
    origin = settings.ALLOWED_ORIGINS[0] if origin is None else origin
    cookie = f"{settings.SESSION_COOKIE_NAME}={session_key}"
    return [(b"origin", origin.encode()), (b"cookie", cookie.encode())]


def open_socket(path: str, headers: list[tuple[bytes, bytes]]) -> Socket:
    """A socket to the whole application, not connected yet."""
    from config.asgi import application

    socket = Socket(application, path, headers=headers)
    opened.append(socket)
    return socket


async def is_refused(path: str, headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a socket is turned away before anything is accepted."""
    connected, _code = await open_socket(path, headers).connect(PATIENCE)
    return not connected


async def open_page(user: User, lesson: Lesson, client: str = PAGE, session_key: str = "") -> Page:
    """Signs a person in, opens their page in the room and takes its first snapshot."""
    key = session_key or await in_database(make_session, user)
    socket = open_socket(room_path(lesson.pk, client), browser_headers(key))
    connected, _code = await socket.connect(PATIENCE)
    assert connected, f"{user} is not let into {lesson}"
    page = Page(socket, key)
    page.snapshot = (await page.heard("room.snapshot"))["body"]
    return page


async def open_relay(name: str = "relay-1", epoch: str = EPOCH, capacity: int = 100) -> FakeRelay:
    """Dials in as a relay and registers."""
    headers = [(b"authorization", f"Bearer {settings.RELAY_SECRET}".encode())]
    relay = FakeRelay(open_socket("/ws/relays/", headers), name, epoch)
    connected, _code = await relay.socket.connect(PATIENCE)
    assert connected
    await relay.register(capacity)
    return relay
